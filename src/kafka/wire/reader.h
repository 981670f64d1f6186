#pragma once
// Kafka's primitive types, read from bytes that may be anything.
//
// A failed read sets a sticky flag and returns zero, empty or null; later reads fail as well. So a
// decoder reads everything and checks ok() once. Nothing is allocated for a length that the bytes
// left can't hold. Views that are returned point into the input.
// `compact` selects the flexible versions' form (KIP-482): unsigned varint of length + 1.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/wire/tags.h"
#include "kafka/wire/varint.h"

namespace ottla::kafka::wire {

class Reader {
 public:
  Reader() = default;
  explicit Reader(Bytes bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  void fail() noexcept { ok_ = false; }
  // Bytes read so far; after a failure, where the value begins that could not be read.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t remaining() const noexcept {
    return ok_ ? bytes_.size() - position_ : 0;
  }

  std::int8_t int8() noexcept { return static_cast<std::int8_t>(fixed<std::uint8_t>()); }
  std::int16_t int16() noexcept { return static_cast<std::int16_t>(fixed<std::uint16_t>()); }
  std::int32_t int32() noexcept { return static_cast<std::int32_t>(fixed<std::uint32_t>()); }
  std::int64_t int64() noexcept { return static_cast<std::int64_t>(fixed<std::uint64_t>()); }
  std::uint16_t uint16() noexcept { return fixed<std::uint16_t>(); }
  std::uint32_t uint32() noexcept { return fixed<std::uint32_t>(); }
  bool boolean() noexcept { return fixed<std::uint8_t>() != 0; }
  double float64() noexcept { return std::bit_cast<double>(fixed<std::uint64_t>()); }

  std::uint32_t unsigned_varint() noexcept { return base128<std::uint32_t>(); }
  std::uint64_t unsigned_varlong() noexcept { return base128<std::uint64_t>(); }
  std::int32_t varint() noexcept { return unzigzag(base128<std::uint32_t>()); }
  std::int64_t varlong() noexcept { return unzigzag(base128<std::uint64_t>()); }

  TopicId uuid() noexcept {
    TopicId id;
    const Bytes b = slice(id.bytes.size());
    if (ok_) std::memcpy(id.bytes.data(), b.data(), id.bytes.size());
    return id;
  }

  // The next n bytes, in place.
  Bytes slice(std::size_t n) noexcept {
    if (n > remaining()) {
      fail();
      return {};
    }
    const Bytes found = bytes_.subspan(position_, n);
    position_ += n;
    return found;
  }
  void skip(std::size_t n) noexcept { slice(n); }

  // Text in place; fails on null.
  std::string_view string_view(bool compact = false) noexcept {
    const auto s = nullable_string_view(compact);
    if (!s) fail();
    return s.value_or(std::string_view{});
  }
  std::optional<std::string_view> nullable_string_view(bool compact = false) noexcept {
    const std::int64_t n = compact ? compact_length() : plain_length(int16());
    if (n < 0) return std::nullopt;
    return as_string_view(slice(static_cast<std::size_t>(n)));
  }
  std::string string(bool compact = false) noexcept { return std::string(string_view(compact)); }
  std::optional<std::string> nullable_string(bool compact = false) noexcept {
    const auto s = nullable_string_view(compact);
    if (!s) return std::nullopt;
    return std::string(*s);
  }

  Bytes bytes(bool compact = false) noexcept {
    const auto b = nullable_bytes(compact);
    if (!b) fail();
    return b.value_or(Bytes{});
  }
  std::optional<Bytes> nullable_bytes(bool compact = false) noexcept {
    const std::int64_t n = compact ? compact_length() : plain_length(int32());
    if (n < 0) return std::nullopt;
    return slice(static_cast<std::size_t>(n));
  }

  // The number of elements that follow; nullopt is a null array. Every element takes at least one
  // byte, so a count above remaining() is a failure.
  std::optional<std::size_t> nullable_array_length(bool compact = false) noexcept {
    const std::int64_t n = compact ? compact_length() : plain_length(int32());
    if (n < 0) return std::nullopt;
    if (static_cast<std::size_t>(n) > remaining()) {
      fail();
      return 0;
    }
    return static_cast<std::size_t>(n);
  }
  // The same where null is not allowed: 0 and a failure.
  std::size_t array_length(bool compact = false) noexcept {
    const auto n = nullable_array_length(compact);
    if (!n) fail();
    return n.value_or(0);
  }
  // How much to reserve for `count` elements: memory beyond it is taken only as elements arrive.
  static std::size_t reserve_hint(std::size_t count) noexcept {
    return std::min<std::size_t>(count, kReservedElementsMax);
  }

  // Tag number and value of the next tagged field, for callers that loop over a count.
  struct Tag {
    std::uint32_t number = 0;
    Bytes value;
  };
  Tag tag() noexcept {
    Tag t;
    t.number = unsigned_varint();
    t.value = slice(unsigned_varint());
    return t;
  }
  // The number of tagged fields that follow; each takes at least two bytes.
  std::uint32_t tag_count() noexcept {
    const std::uint32_t n = unsigned_varint();
    if (n > remaining() / 2) {
      fail();
      return 0;
    }
    return n;
  }
  // A whole section of tagged fields of which none is known.
  UnknownTags unknown_tags() noexcept {
    UnknownTags found;
    for (std::uint32_t left = tag_count(); left > 0 && ok_; --left) {
      const Tag t = tag();
      if (ok_) found.push_back({t.number, {t.value.begin(), t.value.end()}});
    }
    return found;
  }

 private:
  static constexpr std::size_t kReservedElementsMax = 1024;

  template <std::unsigned_integral T>
  T fixed() noexcept {
    if (sizeof(T) > remaining()) {
      fail();
      return 0;
    }
    T v;
    std::memcpy(&v, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) v = std::byteswap(v);
    return v;
  }

  template <std::unsigned_integral T>
  T base128() noexcept {
    constexpr unsigned kBits = std::numeric_limits<T>::digits;
    const std::size_t begin = position_;
    T v = 0;
    for (unsigned shift = 0; shift < kBits && remaining() > 0; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_[position_++]);
      const T group = byte & 0x7FU;
      if (shift + 7 > kBits && (group >> (kBits - shift)) != 0) break;
      v = static_cast<T>(v | (group << shift));
      if (byte < 0x80) return v;
    }
    position_ = begin;
    fail();
    return 0;
  }

  // Length as a count of bytes or elements; -1 is null. Any other negative number is a failure.
  std::int64_t plain_length(std::int32_t n) noexcept {
    if (n < -1) fail();
    return ok_ ? n : 0;
  }
  std::int64_t compact_length() noexcept {
    const std::int64_t n = static_cast<std::int64_t>(unsigned_varint()) - 1;
    return ok_ ? n : 0;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace ottla::kafka::wire
