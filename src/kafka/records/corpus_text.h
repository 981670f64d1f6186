#pragma once
// For tests: record batches in the text form that testdata/Corpus.java prints, one line per batch
// and one per record:
//   batch magic M CODEC last OFFSET TIMESTAMPTYPE TRANSACTIONAL CONTROL producer ID EPOCH SEQUENCE
//     OFFSET TIMESTAMP KEY VALUE [HEADERKEY]=HEADERVALUE …
// A field is null, x and hex digits, or, above 40 bytes, size:CRC-32.

#include <fmt/format.h>
#include <zlib.h>

#include <optional>
#include <string>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records::testing {

inline std::string show(const std::optional<std::string>& field) {
  if (!field) return "null";
  if (field->size() > 40) {
    const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(field->data()), field->size());
    return fmt::format("{}:{:08x}", field->size(), crc);
  }
  std::string hex = "x";
  for (const char c : *field) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

inline std::string describe(BatchView batch) {
  const bool old = batch.is_legacy();
  const char* type = batch.magic() == 0                                     ? "NoTimestampType"
                     : batch.timestamp_type() == TimestampType::kCreateTime ? "CreateTime"
                                                                            : "LogAppendTime";
  return fmt::format("batch magic {} {} last {} {} {} {} producer {} {} {}\n", batch.magic(),
                     to_string(batch.codec().value()), batch.last_offset(), type,
                     batch.is_transactional(), batch.is_control(),
                     old ? -1 : batch.producer_id().value(),
                     old ? -1 : batch.producer_epoch().value(), old ? -1 : batch.base_sequence());
}

inline std::string describe(const OwnedRecord& record) {
  std::string line = fmt::format("  {} {} {} {}", record.offset, record.timestamp_ms,
                                 show(record.key), show(record.value));
  for (const auto& header : record.headers) {
    line += fmt::format(" [{}]={}", header.key, show(header.value));
  }
  return line + "\n";
}

inline Result<std::string> dump(Bytes rest) {
  std::string out;
  while (true) {
    OTTLA_ASSIGN(const auto batch, next_batch(rest));
    if (!batch) return out;
    if (!batch->valid_crc()) return fail(BaseErrc::kCorrupt, "wrong checksum");
    out += describe(*batch);
    OTTLA_ASSIGN(const auto records, read_all(*batch));
    for (const auto& record : records) out += describe(record);
  }
}

}  // namespace ottla::kafka::records::testing
