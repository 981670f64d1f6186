#include "kafka/records/record.h"

#include "kafka/records/varint.h"

namespace ottla::kafka::records {
namespace {

// A length and so many bytes. Like Kafka's reader, takes every negative length for null.
bool take_nullable(Bytes& from, std::optional<Bytes>& field) noexcept {
  std::int32_t length = 0;
  if (!read_varint(from, length)) return false;
  if (length < 0) {
    field.reset();
    return true;
  }
  const auto size = static_cast<std::size_t>(length);
  if (size > from.size()) return false;
  field = from.first(size);
  from = from.subspan(size);
  return true;
}

void append_varint(ByteBuffer& to, std::int64_t value) {
  to.reserve(to.size() + kVarlongBytesMax);
  const std::byte* end = write_varlong(to.end(), value);
  to.resize(to.size() + static_cast<std::size_t>(end - to.end()));
}

}  // namespace

HeaderReader::HeaderReader(Bytes block) noexcept : rest_(block) {
  if (!block.empty() && !read_varint(rest_, remaining_)) remaining_ = -1;
}

Result<bool> HeaderReader::next(Header& header) {
  if (remaining_ == 0) {
    if (!rest_.empty()) return fail(BaseErrc::kCorrupt, "bytes left after a record's headers");
    return false;
  }
  std::optional<Bytes> key;
  if (remaining_ < 0 || !take_nullable(rest_, key) || !key.has_value() ||
      !take_nullable(rest_, header.value)) {
    return fail(BaseErrc::kCorrupt, "a record's headers break the format");
  }
  header.key = as_string_view(*key);
  --remaining_;
  return true;
}

void append_headers_block(std::span<const Header> headers, ByteBuffer& block) {
  append_varint(block, static_cast<std::int64_t>(headers.size()));
  for (const Header& header : headers) {
    append_varint(block, static_cast<std::int64_t>(header.key.size()));
    block.append(as_bytes(header.key));
    append_varint(block, header.value ? static_cast<std::int64_t>(header.value->size()) : -1);
    if (header.value) block.append(*header.value);
  }
}

bool take_raw_record(Bytes& records, RawRecord& record) noexcept {
  std::int32_t length = 0;
  if (!read_varint(records, length) || length < 1) return false;
  const auto size = static_cast<std::size_t>(length);
  if (size > records.size()) return false;
  Bytes rest = records.first(size);
  records = records.subspan(size);
  record.attributes = std::to_integer<std::int8_t>(rest[0]);
  rest = rest.subspan(1);
  if (!read_varlong(rest, record.timestamp_delta)) return false;
  if (!read_varint(rest, record.offset_delta)) return false;
  record.body = rest;
  return true;
}

bool split_body(Bytes body, RecordView& record) noexcept {
  record.body = body;
  Bytes rest = body;
  if (!take_nullable(rest, record.key) || !take_nullable(rest, record.value)) return false;
  record.headers_block = rest;
  std::int32_t count = 0;
  return read_varint(rest, count) && count >= 0;
}

}  // namespace ottla::kafka::records
