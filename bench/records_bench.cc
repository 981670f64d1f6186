// Cost of the ways a batch can take through the data path. Rates are in bytes before compression.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "kafka/records/batch.h"
#include "kafka/records/batch_builder.h"
#include "kafka/records/coalesce.h"
#include "kafka/records/reencode.h"

namespace ottla::kafka::records {
namespace {

// About 16 kB: 16 records of 1 kB, as a producer without linger writes them.
std::vector<std::byte> small_batch(std::int64_t base_offset, Codec codec, std::int32_t records) {
  Compressor compressor;
  BatchBuilder builder(compressor);
  builder.start({.codec = codec});
  for (std::int32_t i = 0; i < records; ++i) {
    std::string value;
    while (value.size() < 1000) value += fmt::format("{{\"id\":{},", base_offset * 31 + i * 7919);
    value.resize(1000);
    const std::string key = fmt::format("key-{}", base_offset + i);
    if (!builder.append({.timestamp_ms = 1'700'000'000'000 + base_offset + i,
                         .key = as_bytes(key),
                         .value = as_bytes(value)})) {
      std::abort();
    }
  }
  MutableBatch batch = builder.finish().value();
  batch.set_base_offset(Offset(base_offset));
  return {batch.bytes().begin(), batch.bytes().end()};
}

struct Batches {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<BatchView> views;
  std::int64_t size = 0;  // before compression

  Batches(Codec codec, std::size_t count, std::int32_t records) {
    for (std::size_t i = 0; i < count; ++i) {
      bytes.push_back(small_batch(static_cast<std::int64_t>(i) * records, codec, records));
    }
    for (const auto& batch : bytes) {
      Bytes rest(batch);
      views.push_back(next_batch(rest).value().value());
      size += static_cast<std::int64_t>(small_batch(0, Codec::kNone, records).size());
    }
  }
};

void RewriteForProduce(benchmark::State& state) {
  auto bytes = small_batch(0, Codec::kNone, static_cast<std::int32_t>(state.range(0)));
  std::int32_t sequence = 0;
  for (auto _ : state) {
    rewrite_for_produce(MutableBatch(bytes), ProducerId(42), ProducerEpoch(1), sequence++);
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK(RewriteForProduce)->Arg(1)->Arg(16)->Arg(1000);

void ValidCrc(benchmark::State& state) {
  const Batches batches(Codec::kNone, 64, 16);
  for (auto _ : state) {
    for (const BatchView batch : batches.views) benchmark::DoNotOptimize(batch.valid_crc());
  }
  state.SetBytesProcessed(batches.size * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(ValidCrc);

void Coalesce(benchmark::State& state) {
  const Batches batches(static_cast<Codec>(state.range(0)), 60, 16);
  BufferPool pool(16 << 20);
  Compressor compressor;
  Decompressor decompressor;
  Coalescer coalescer(compressor, decompressor);
  for (auto _ : state) {
    const auto merged = coalescer.coalesce(batches.views, pool, {});
    if (!merged || merged->batch_count != batches.views.size()) std::abort();
    benchmark::DoNotOptimize(merged->batch.bytes().data());
  }
  state.SetLabel(std::string(to_string(static_cast<Codec>(state.range(0)))));
  state.SetBytesProcessed(batches.size * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(Coalesce)->DenseRange(0, 4);

void Reencode(benchmark::State& state) {
  const Batches batches(static_cast<Codec>(state.range(0)), 60, 16);
  BufferPool pool(16 << 20);
  Compressor compressor;
  Decompressor decompressor;
  Reencoder reencoder(compressor, decompressor);
  Reencoded out;
  const RecordFilter keep_all;
  for (auto _ : state) {
    for (const BatchView batch : batches.views) {
      if (!reencoder.reencode(batch, keep_all, pool, {}, out)) std::abort();
      benchmark::DoNotOptimize(out.batches.data());
    }
  }
  state.SetLabel(std::string(to_string(static_cast<Codec>(state.range(0)))));
  state.SetBytesProcessed(batches.size * static_cast<std::int64_t>(state.iterations()));
  out.clear();
}
BENCHMARK(Reencode)->DenseRange(0, 4);

}  // namespace
}  // namespace ottla::kafka::records
