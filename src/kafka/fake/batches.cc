#include "kafka/fake/batches.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/assert.h"
#include "kafka/records/compression.h"
#include "kafka/records/record_reader.h"
#include "kafka/wire/writer.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::size_t kDecompressedMax = std::size_t{256} << 20;

ByteVector copy_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

void put_field(wire::Writer& out, const std::optional<std::string>& field) {
  out.varint(field ? static_cast<std::int32_t>(field->size()) : -1);
  if (field) out.raw(as_bytes(*field));
}

void put_record(wire::Writer& out, const Record& record, std::int64_t base_timestamp,
                std::int32_t offset_delta) {
  wire::Writer body;
  body.int8(0);
  body.varlong(record.timestamp_ms - base_timestamp);
  body.varint(offset_delta);
  put_field(body, record.key);
  put_field(body, record.value);
  body.varint(static_cast<std::int32_t>(record.headers.size()));
  for (const auto& [key, value] : record.headers) {
    put_field(body, key);
    put_field(body, value);
  }
  out.varint(static_cast<std::int32_t>(body.size()));
  out.raw(std::as_const(body).bytes());
}

struct Extent {
  std::int64_t base_timestamp = 0;
  std::int64_t max_timestamp = -1;
  std::int32_t last_delta = -1;
};

ByteVector finish(const BatchSpec& spec, Bytes payload, const Extent& extent,
                  std::uint16_t attributes) {
  ByteVector bytes(records::kBatchHeaderSize + payload.size());
  std::ranges::copy(payload, bytes.begin() + records::kBatchHeaderSize);
  records::store_big_endian(bytes.data() + records::field::kBatchLength,
                            static_cast<std::int32_t>(bytes.size() - records::kLogOverhead));
  bytes[records::field::kMagic] = std::byte{2};
  records::MutableBatch batch(bytes);
  batch.set_partition_leader_epoch(records::kNoLeaderEpoch);
  batch.set_attributes(attributes);
  batch.set_last_offset_delta(spec.last_offset_delta.value_or(extent.last_delta));
  batch.set_base_timestamp_ms(extent.base_timestamp);
  batch.set_max_timestamp_ms(extent.max_timestamp);
  batch.set_producer_id(spec.producer_id);
  batch.set_producer_epoch(spec.producer_epoch);
  batch.set_base_sequence(spec.base_sequence);
  batch.set_record_count(static_cast<std::int32_t>(spec.records.size()));
  batch.update_crc();
  return bytes;
}

// Magic 0 and 1: every message stands alone.
ByteVector make_legacy(const BatchSpec& spec) {
  wire::Writer out;
  std::int64_t offset = 0;
  for (const Record& record : spec.records) {
    wire::Writer body;
    body.int8(spec.magic);
    body.int8(spec.magic == 1 && spec.log_append_time ? 8 : 0);
    if (spec.magic == 1) body.int64(record.timestamp_ms);
    for (const auto& field : {record.key, record.value}) {
      body.int32(field ? static_cast<std::int32_t>(field->size()) : -1);
      if (field) body.raw(as_bytes(*field));
    }
    const Bytes bytes = std::as_const(body).bytes();
    const auto crc =
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    out.int64(record.offset_delta.value_or(static_cast<std::int32_t>(offset)));
    offset = record.offset_delta.value_or(static_cast<std::int32_t>(offset)) + 1;
    out.int32(static_cast<std::int32_t>(bytes.size() + 4));
    out.uint32(static_cast<std::uint32_t>(crc));
    out.raw(bytes);
  }
  return copy_of(std::as_const(out).bytes());
}

std::uint16_t attributes_of(const BatchSpec& spec) {
  unsigned bits = static_cast<unsigned>(spec.codec);
  if (spec.transactional) bits |= records::attribute::kTransactional;
  if (spec.log_append_time) bits |= records::attribute::kLogAppendTime;
  return static_cast<std::uint16_t>(bits);
}

std::optional<std::string> own(const std::optional<Bytes>& field) {
  if (!field) return std::nullopt;
  return std::string(as_string_view(*field));
}

}  // namespace

ByteVector make_batch(const BatchSpec& spec) {
  if (spec.magic < 2) return make_legacy(spec);
  wire::Writer payload;
  Extent extent;
  extent.base_timestamp = spec.records.empty() ? 0 : spec.records.front().timestamp_ms;
  for (const Record& record : spec.records) {
    extent.last_delta = record.offset_delta.value_or(extent.last_delta + 1);
    extent.max_timestamp = std::max(extent.max_timestamp, record.timestamp_ms);
    put_record(payload, record, extent.base_timestamp, extent.last_delta);
  }
  records::Compressor compressor;
  const Result<Bytes> packed =
      compressor.compress(spec.codec, std::nullopt, std::as_const(payload).bytes());
  OTTLA_ASSERT(packed.has_value());
  return finish(spec, *packed, extent, attributes_of(spec));
}

ByteVector make_simple_batch(std::string_view prefix, std::int64_t first, std::int32_t count,
                             std::size_t value_bytes) {
  BatchSpec spec;
  for (std::int64_t n = first; n < first + count; ++n) {
    Record record;
    record.key = fmt::format("{}{}", prefix, n);
    record.value = *record.key;
    if (record.value->size() < value_bytes) record.value->resize(value_bytes, '.');
    record.timestamp_ms = 1'700'000'000'000 + n;
    spec.records.push_back(std::move(record));
  }
  return make_batch(spec);
}

ByteVector make_marker(ProducerId producer_id, ProducerEpoch epoch, bool commit,
                       std::int64_t timestamp_ms) {
  constexpr std::string_view kAbortKey{"\0\0\0\0", 4};
  constexpr std::string_view kCommitKey{"\0\0\0\1", 4};
  BatchSpec spec;
  Record marker;
  marker.key = std::string(commit ? kCommitKey : kAbortKey);
  marker.value = std::string(6, '\0');  // version 0, coordinator epoch 0
  marker.timestamp_ms = timestamp_ms;
  spec.records.push_back(std::move(marker));
  spec.producer_id = producer_id;
  spec.producer_epoch = epoch;
  spec.transactional = true;
  ByteVector bytes = make_batch(spec);
  records::MutableBatch batch(bytes);
  batch.set_attributes(batch.view().attributes() | records::attribute::kControl);
  batch.update_crc();
  return bytes;
}

Result<std::vector<StoredRecord>> read_records(Bytes batches) {
  records::Decompressor decompressor;
  records::RecordReader reader(decompressor, kDecompressedMax);
  std::vector<StoredRecord> found;
  for (;;) {
    OTTLA_ASSIGN(const std::optional<records::BatchView> batch, records::next_batch(batches));
    if (!batch) return found;
    if (!batch->valid_crc()) return fail(BaseErrc::kCorrupt, "checksum");
    OTTLA_TRY(reader.open(*batch));
    records::RecordView record;
    for (;;) {
      OTTLA_ASSIGN(const bool more, reader.next(record));
      if (!more) break;
      StoredRecord stored;
      stored.offset = record.offset;
      stored.timestamp_ms = record.timestamp_ms;
      stored.key = own(record.key);
      stored.value = own(record.value);
      stored.control = batch->is_control();
      stored.transactional = batch->is_transactional();
      if (!batch->is_legacy()) stored.producer_id = batch->producer_id();
      found.push_back(std::move(stored));
    }
  }
}

}  // namespace ottla::kafka::fake
