#pragma once
// For tests: records that own their bytes, random ones, and batches made of them.

#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/records/batch.h"
#include "kafka/records/batch_builder.h"
#include "kafka/records/record_reader.h"

namespace ottla::kafka::records::testing {

using ByteVector = std::vector<std::byte>;

inline ByteVector copy_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

struct OwnedHeader {
  std::string key;
  std::optional<std::string> value = std::nullopt;
  bool operator==(const OwnedHeader&) const = default;
};

struct OwnedRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> value = std::nullopt;
  std::vector<OwnedHeader> headers = {};
  bool operator==(const OwnedRecord&) const = default;
};

inline std::optional<std::string> own(const std::optional<Bytes>& field) {
  if (!field) return std::nullopt;
  return std::string(as_string_view(*field));
}

inline std::optional<Bytes> view(const std::optional<std::string>& field) {
  if (!field) return std::nullopt;
  return as_bytes(*field);
}

inline Result<OwnedRecord> own(const RecordView& record) {
  OwnedRecord owned{
      record.offset.value(), record.timestamp_ms, own(record.key), own(record.value), {}};
  HeaderReader headers = record.headers();
  Header header;
  while (true) {
    OTTLA_ASSIGN(const bool more, headers.next(header));
    if (!more) return owned;
    owned.headers.push_back({std::string(header.key), own(header.value)});
  }
}

inline Result<std::vector<OwnedRecord>> read_all(BatchView batch,
                                                 std::size_t bytes_max = std::size_t{64} << 20U) {
  Decompressor decompressor;
  RecordReader reader(decompressor, bytes_max);
  OTTLA_TRY(reader.open(batch));
  std::vector<OwnedRecord> records;
  RecordView record;
  while (true) {
    OTTLA_ASSIGN(const bool more, reader.next(record));
    if (!more) return records;
    OTTLA_ASSIGN(auto owned, own(record));
    records.push_back(std::move(owned));
  }
}

// A batch of `records` without gaps, with base offset that of the first.
inline ByteVector build(const std::vector<OwnedRecord>& records, const BatchOptions& options = {}) {
  Compressor compressor;
  BatchBuilder builder(compressor);
  builder.start(options);
  for (const OwnedRecord& record : records) {
    std::vector<Header> headers;
    for (const OwnedHeader& header : record.headers) {
      headers.push_back({header.key, view(header.value)});
    }
    ByteBuffer block;
    append_headers_block(headers, block);
    const NewRecord fresh{record.timestamp_ms, view(record.key), view(record.value),
                          std::as_const(block).bytes()};
    if (!builder.append(fresh)) throw std::length_error("test record does not fit");
  }
  MutableBatch batch = builder.finish().value();
  batch.set_base_offset(Offset(records.front().offset));
  return copy_of(batch.bytes());
}

inline BatchView view_of(const ByteVector& batch) {
  Bytes rest(batch);
  return next_batch(rest).value().value();
}

// Random records with consecutive offsets; never none.
inline std::vector<OwnedRecord> random_records(std::int64_t base_offset,
                                               std::size_t count_max = 20) {
  const auto count = *rc::gen::inRange<std::size_t>(1, count_max + 1);
  const auto text = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto field = rc::gen::maybe(text);
  const auto maybe = [&field]() -> std::optional<std::string> {
    const auto value = *field;
    if (!value) return std::nullopt;
    return *value;
  };
  std::vector<OwnedRecord> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    records[i].offset = base_offset + static_cast<std::int64_t>(i);
    records[i].timestamp_ms = *rc::gen::inRange<std::int64_t>(-1, 1'800'000'000'000);
    records[i].key = maybe();
    records[i].value = maybe();
    const auto headers = *rc::gen::inRange<std::size_t>(0, 3);
    for (std::size_t h = 0; h < headers; ++h) records[i].headers.push_back({*text, maybe()});
  }
  return records;
}

inline Codec random_codec() {
  return *rc::gen::element(Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd);
}

}  // namespace ottla::kafka::records::testing

namespace rc {
inline void showValue(const ottla::kafka::records::testing::OwnedRecord& r, std::ostream& os) {
  os << r.offset << '@' << r.timestamp_ms << ' ' << r.key.value_or("null") << '='
     << r.value.value_or("null") << " headers " << r.headers.size();
}
}  // namespace rc
