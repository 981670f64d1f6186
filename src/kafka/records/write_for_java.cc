// Writes batches that our code made into a folder, with what they hold in text form, so that
// Kafka's own reader can check them: `write_for_java DIR`, then `Corpus check DIR`
// (testdata/Corpus.java).

#include <filesystem>
#include <fstream>
#include <iostream>

#include "kafka/records/coalesce.h"
#include "kafka/records/corpus_text.h"

namespace ottla::kafka::records {
namespace {

using testing::ByteVector;
using testing::OwnedRecord;

void write(const std::filesystem::path& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

void write_case(const std::filesystem::path& dir, const std::string& name, Bytes batches) {
  write(dir / (name + ".bin"), as_string_view(batches));
  write(dir / (name + ".txt"), testing::dump(batches).value());
}

std::vector<OwnedRecord> records_from(std::int64_t offset) {
  std::string large;
  while (large.size() < 200'000) large += fmt::format("{} ", large.size() * 7919 % 10007);
  return {{.offset = offset,
           .timestamp_ms = 1'700'000'000'000,
           .key = "k1",
           .value = "hello",
           .headers = {{"trace", "abc"}, {"", ""}, {"absent", std::nullopt}}},
          {.offset = offset + 1, .timestamp_ms = 1'699'999'999'000, .value = "no key"},
          {.offset = offset + 2, .timestamp_ms = 1'700'000'070'000, .key = "no value"},
          {.offset = offset + 3, .timestamp_ms = -1, .key = "", .value = ""},
          {.offset = offset + 4, .timestamp_ms = 1'700'000'000'002, .key = "l", .value = large}};
}

void write_codec(const std::filesystem::path& dir, Codec codec) {
  const ByteVector first = testing::build(records_from(100), {.codec = codec});
  const ByteVector second = testing::build(records_from(105), {.codec = codec});
  write_case(dir, fmt::format("built-{}", to_string(codec)), first);

  ByteVector stamped = first;
  rewrite_for_produce(MutableBatch(stamped), ProducerId(4711), ProducerEpoch(3), 12);
  write_case(dir, fmt::format("stamped-{}", to_string(codec)), stamped);

  BufferPool pool(1 << 20);
  Compressor compressor;
  Decompressor decompressor;
  Coalescer coalescer(compressor, decompressor);
  const std::vector<BatchView> both = {testing::view_of(first), testing::view_of(second)};
  const Coalesced merged = coalescer.coalesce(both, pool, {}).value();
  write_case(dir, fmt::format("merged-{}", to_string(codec)), merged.batch.bytes());
}

}  // namespace
}  // namespace ottla::kafka::records

int main(int argc, char** argv) {
  using ottla::kafka::records::Codec;
  if (argc != 2) {
    std::cerr << "usage: write_for_java DIR\n";
    return 2;
  }
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    ottla::kafka::records::write_codec(argv[1], codec);
  }
  return 0;
}
