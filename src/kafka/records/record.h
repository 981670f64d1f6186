#pragma once
// One record as views, and the layout of a record of magic 2:
//   length varint (bytes after it), attributes i8, timestamp delta varlong, offset delta varint,
//   and the body: key length varint (-1: null), key, value length varint, value, header count
//   varint, then per header: key length varint, key, value length varint (-1: null), value.
// The body does not depend on where the record stands, so it moves between batches as one block.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/records/byte_buffer.h"

namespace ottla::kafka::records {

struct Header {
  std::string_view key;
  std::optional<Bytes> value;
};

// Walks a block of headers (count, then the headers) without allocating.
class HeaderReader {
 public:
  // An empty block holds no headers.
  explicit HeaderReader(Bytes block) noexcept;

  // False at the end. kCorrupt if the block breaks the format or has bytes left at the end.
  [[nodiscard]] Result<bool> next(Header& header);
  // Headers that are left, as far as the block is to be believed.
  [[nodiscard]] std::int32_t remaining() const noexcept { return remaining_; }

 private:
  Bytes rest_;
  std::int32_t remaining_ = 0;
};

// Appends a block of headers, in the form that BatchBuilder takes, to `block`.
void append_headers_block(std::span<const Header> headers, ByteBuffer& block);

// A record of any magic. The views hold as long as the batch's bytes and the next open() of the
// RecordReader that gave it.
struct RecordView {
  Offset offset;
  std::int64_t timestamp_ms = -1;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  // The block of headers, count first; empty for magic 0/1.
  Bytes headers_block;
  // Key, value and headers as they stand in a magic-2 record; empty for magic 0/1.
  Bytes body;
  std::int8_t attributes = 0;

  [[nodiscard]] HeaderReader headers() const noexcept { return HeaderReader(headers_block); }
};

// A magic-2 record whose body is not looked at.
struct RawRecord {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int8_t attributes = 0;
  Bytes body;
};

// Takes a record off the front. False if the bytes break the format.
[[nodiscard]] bool take_raw_record(Bytes& records, RawRecord& record) noexcept;

// Splits a body into key, value and headers. False if the bytes break the format; the headers
// themselves are not walked.
[[nodiscard]] bool split_body(Bytes body, RecordView& record) noexcept;

}  // namespace ottla::kafka::records
