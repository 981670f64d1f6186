#include "kafka/fake/produce_rules.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int64_t kFutureMax = 3'600'000;  // message.timestamp.after.max.ms

Appended refuse(ErrorCode error, std::string why) {
  Appended result;
  result.error = error;
  result.message = std::move(why);
  return result;
}

Appended check_header(const records::BatchView& batch, bool with_transactional_id) {
  if (batch.is_transactional() && !with_transactional_id) {
    return refuse(ErrorCode::kTransactionalIdAuthorizationFailed, "transactional, without an id");
  }
  if (batch.is_control()) {
    return refuse(ErrorCode::kInvalidRecord, "Clients are not allowed to write control records");
  }
  if (batch.base_offset().value() != 0) {
    return refuse(ErrorCode::kInvalidRecord, "The baseOffset of the record batch should be 0");
  }
  if (batch.record_count() <= 0) {
    return refuse(ErrorCode::kInvalidRecord, "The record batch has no records");
  }
  if (batch.has_gaps()) {
    return refuse(ErrorCode::kInvalidRecord, "Inconsistent count of records and offset delta");
  }
  if (batch.producer_id().value() >= 0 && batch.base_sequence() < 0) {
    return refuse(ErrorCode::kInvalidRecord, "Invalid sequence number with a producer id");
  }
  return {};
}

Appended check_records(const records::BatchView& batch, const LogRules& rules,
                       std::int64_t now_ms) {
  if (batch.timestamp_type() == records::TimestampType::kLogAppendTime && rules.log_append_time) {
    return refuse(ErrorCode::kInvalidTimestamp, "Producers can't set LogAppendTime");
  }
  const auto records = read_records(batch.bytes());
  if (!records) return refuse(ErrorCode::kInvalidRecord, records.error().to_string());
  for (const StoredRecord& record : *records) {
    if (rules.compacted && !record.key) {
      return refuse(ErrorCode::kInvalidRecord, "a null key in a compacted topic");
    }
    if (record.timestamp_ms > now_ms + kFutureMax) {
      return refuse(ErrorCode::kInvalidTimestamp, "a timestamp in the future");
    }
  }
  return {};
}

}  // namespace

Appended check_record_set(Bytes record_set, const LogRules& rules, bool with_transactional_id,
                          std::int64_t now_ms) {
  Bytes rest = record_set;
  const auto parsed = records::next_batch(rest);
  if (!parsed || !*parsed) return refuse(ErrorCode::kCorruptMessage, "no whole record batch");
  const records::BatchView& batch = **parsed;
  if (batch.is_legacy()) {
    return refuse(ErrorCode::kInvalidRecord, "Produce requests take magic 2 only");
  }
  if (!rest.empty()) {
    return refuse(ErrorCode::kInvalidRecord, "Produce requests take exactly one record batch");
  }
  Appended result = check_header(batch, with_transactional_id);
  if (result.error != ErrorCode::kNone) return result;
  if (batch.size() > rules.message_bytes_max) {
    return refuse(ErrorCode::kMessageTooLarge, "larger than max.message.bytes");
  }
  if (!batch.valid_crc()) return refuse(ErrorCode::kCorruptMessage, "Record is corrupt");
  return check_records(batch, rules, now_ms);
}

}  // namespace ottla::kafka::fake
