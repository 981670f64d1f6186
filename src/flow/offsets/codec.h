#pragma once
// Reading and writing the binary formats of this folder: big-endian numbers, zigzag varints, and
// Kafka's STRING (int16 length, UTF-8). Internal to flow/offsets.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace ottla::flow {

class ByteWriter {
 public:
  void int8(std::int8_t v) { out_.push_back(static_cast<char>(v)); }
  void int16(std::int16_t v) { big_endian(static_cast<std::uint16_t>(v), 2); }
  void int32(std::int32_t v) { big_endian(static_cast<std::uint32_t>(v), 4); }
  void int64(std::int64_t v) { big_endian(static_cast<std::uint64_t>(v), 8); }
  // Base-128, least significant group first; the signed form is zigzag coded first.
  void uvarint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) out_.push_back(static_cast<char>(0x80 | (v & 0x7f)));
    out_.push_back(static_cast<char>(v));
  }
  void varint(std::int64_t v) {
    uvarint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
  }
  // At most 32,767 bytes: Kafka's names are shorter, and longer ones are cut by the caller.
  void string(std::string_view s) {
    int16(static_cast<std::int16_t>(s.size()));
    out_.append(s);
  }
  void topic_id(const TopicId& id) {
    out_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void big_endian(std::uint64_t v, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(v >> (8 * i)));
  }
  std::string out_;
};

// Sticky failure: after the first bad read every read gives zero, and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  std::int8_t int8() { return static_cast<std::int8_t>(big_endian(1)); }
  std::int16_t int16() { return static_cast<std::int16_t>(big_endian(2)); }
  std::int32_t int32() { return static_cast<std::int32_t>(big_endian(4)); }
  std::int64_t int64() { return static_cast<std::int64_t>(big_endian(8)); }
  std::uint64_t uvarint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(big_endian(1));
      if (shift == 63 && byte > 1) break;
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t varint() {
    const std::uint64_t v = uvarint();
    return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
  }
  // A count of elements of at least `bytes_each` bytes: never more than what is left can hold.
  std::size_t count(std::size_t bytes_each) {
    const std::uint64_t n = uvarint();
    if (n > in_.size() / bytes_each) ok_ = false;
    return ok_ ? static_cast<std::size_t>(n) : 0;
  }
  std::string string() {
    const std::int16_t size = int16();
    if (size < 0) ok_ = false;
    return std::string(bytes(static_cast<std::size_t>(size)));
  }
  TopicId topic_id() {
    TopicId id;
    const std::string_view b = bytes(id.bytes.size());
    for (std::size_t i = 0; i < b.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(b[i]);
    return id;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  // All read, nothing wrong, nothing left.
  [[nodiscard]] bool finished() const { return ok_ && in_.empty(); }

 private:
  std::string_view bytes(std::size_t n) {
    if (!ok_ || n > in_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view out = in_.substr(0, n);
    in_.remove_prefix(n);
    return out;
  }
  std::uint64_t big_endian(std::size_t n) {
    std::uint64_t v = 0;
    for (const char c : bytes(n)) v = (v << 8) | static_cast<std::uint8_t>(c);
    return v;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace ottla::flow
