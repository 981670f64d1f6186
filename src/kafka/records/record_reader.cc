#include "kafka/records/record_reader.h"

#include <fmt/format.h>

namespace ottla::kafka::records {
namespace {

struct LegacyFields {
  std::int64_t timestamp_ms = kNoTimestamp;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
};

bool take_legacy_field(Bytes& from, std::optional<Bytes>& field) {
  if (from.size() < 4) return false;
  const auto length = load_big_endian<std::int32_t>(from.data());
  from = from.subspan(4);
  if (length < 0) {
    field.reset();
    return length == -1;
  }
  const auto size = static_cast<std::size_t>(length);
  if (size > from.size()) return false;
  field = from.first(size);
  from = from.subspan(size);
  return true;
}

// next_batch() has made sure of the fixed part.
bool parse_legacy(BatchView message, LegacyFields& fields) {
  std::size_t at = field::kLegacyTimestamp;
  if (message.magic() == 1) {
    fields.timestamp_ms = load_big_endian<std::int64_t>(message.bytes().data() + at);
    at += 8;
  }
  Bytes rest = message.bytes().subspan(at);
  return take_legacy_field(rest, fields.key) && take_legacy_field(rest, fields.value) &&
         rest.empty();
}

}  // namespace

std::unexpected<Error> RecordReader::corrupt(std::string_view what) const {
  return fail(BaseErrc::kCorrupt,
              fmt::format("batch at offset {}: {}", batch_.base_offset().value(), what));
}

Status RecordReader::open(BatchView batch) {
  batch_ = batch;
  rest_ = {};
  remaining_ = 0;
  log_append_time_ = batch.timestamp_type() == TimestampType::kLogAppendTime;
  if (batch.is_legacy()) return open_legacy();
  OTTLA_ASSIGN(const Codec codec, batch.codec());
  if (batch.record_count() < 0) return corrupt("negative record count");
  auto payload = decompressor_.decompress(codec, batch.payload(), decompressed_bytes_max_);
  if (!payload) {
    return std::unexpected(std::move(payload).error().within(
        fmt::format("batch at offset {}", batch.base_offset().value())));
  }
  rest_ = *payload;
  decompressed_size_ = rest_.size();
  base_timestamp_ms_ = batch.base_timestamp_ms();
  remaining_ = batch.record_count();
  return {};
}

Result<bool> RecordReader::next(RecordView& record) {
  if (batch_.is_legacy()) return next_legacy(record);
  if (remaining_ == 0) {
    if (!rest_.empty()) return corrupt("bytes left after the last record");
    return false;
  }
  RawRecord raw;
  if (!take_raw_record(rest_, raw) || !split_body(raw.body, record)) {
    return corrupt(fmt::format("record {} breaks the format", batch_.record_count() - remaining_));
  }
  --remaining_;
  record.attributes = raw.attributes;
  record.offset = Offset(wrapping_add(batch_.base_offset().value(), raw.offset_delta));
  record.timestamp_ms = log_append_time_ ? batch_.max_timestamp_ms()
                                         : wrapping_add(base_timestamp_ms_, raw.timestamp_delta);
  return true;
}

// A plain message is a set of itself; a compressed one wraps a set. Magic 1 numbers the wrapped
// messages from 0 and gives the wrapper the offset of the last one (KIP-31); magic 0 gives all
// their own offsets.
Status RecordReader::open_legacy() {
  legacy_base_offset_ = 0;
  if (!batch_.is_compressed()) {
    rest_ = batch_.bytes();
    decompressed_size_ = rest_.size();
    return {};
  }
  OTTLA_ASSIGN(const Codec codec, batch_.codec());
  LegacyFields wrapper;
  if (!parse_legacy(batch_, wrapper) || !wrapper.value) return corrupt("broken wrapper message");
  auto set = batch_.magic() == 0
                 ? decompressor_.decompress_magic0(codec, *wrapper.value, decompressed_bytes_max_)
                 : decompressor_.decompress(codec, *wrapper.value, decompressed_bytes_max_);
  if (!set) {
    return std::unexpected(std::move(set).error().within(
        fmt::format("message at offset {}", batch_.base_offset().value())));
  }
  rest_ = *set;
  decompressed_size_ = rest_.size();
  base_timestamp_ms_ = wrapper.timestamp_ms;
  if (batch_.magic() == 0) return {};
  Bytes walk = rest_;
  std::int64_t last = 0;
  while (true) {
    OTTLA_ASSIGN(const auto inner, next_batch(walk));
    if (!inner) break;
    last = inner->base_offset().value();
  }
  // Some versions of librdkafka left 0 in the wrapper; Kafka's reader makes the same exception.
  const std::int64_t wrapper_offset = batch_.base_offset().value();
  if (wrapper_offset != 0) legacy_base_offset_ = wrapping_subtract(wrapper_offset, last);
  return {};
}

Result<bool> RecordReader::next_legacy(RecordView& record) {
  if (rest_.empty()) return false;
  OTTLA_ASSIGN(const auto message, next_batch(rest_));
  if (!message) return corrupt("cut-off message in a compressed set");
  const bool nested = batch_.is_compressed();
  if (message->magic() != batch_.magic()) return corrupt("messages of different magic in one set");
  if (nested && message->is_compressed()) return corrupt("compressed message in a compressed set");
  LegacyFields fields;
  if (!parse_legacy(*message, fields)) return corrupt("broken message");
  record.offset = Offset(wrapping_add(legacy_base_offset_, message->base_offset().value()));
  record.timestamp_ms = nested && log_append_time_ ? base_timestamp_ms_ : fields.timestamp_ms;
  record.key = fields.key;
  record.value = fields.value;
  record.headers_block = {};
  record.body = {};
  record.attributes = 0;
  return true;
}

}  // namespace ottla::kafka::records
