#pragma once
// Kafka's primitive types, written big-endian.
//
// Encoder<Sink> holds the shapes (strings, arrays, tags); Writer puts bytes into a buffer, and
// SizeCounter only counts them, so that a size is computed by the very code that writes.
// `compact` selects the flexible versions' form (KIP-482): unsigned varint of length + 1.
//
// A value that the format can't hold (a string above 32767 bytes in a version that is not
// flexible, a length above 2^31-1) is written as empty and clears ok(): check ok() before sending.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/wire/tags.h"
#include "kafka/wire/varint.h"

namespace ottla::kafka::wire {

template <class Sink>
class Encoder {
 public:
  // False after a value that the format can't hold.
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  void fail() noexcept { ok_ = false; }

  void int8(std::int8_t v) { sink().fixed(static_cast<std::uint8_t>(v)); }
  void int16(std::int16_t v) { sink().fixed(static_cast<std::uint16_t>(v)); }
  void int32(std::int32_t v) { sink().fixed(static_cast<std::uint32_t>(v)); }
  void int64(std::int64_t v) { sink().fixed(static_cast<std::uint64_t>(v)); }
  void uint16(std::uint16_t v) { sink().fixed(v); }
  void uint32(std::uint32_t v) { sink().fixed(v); }
  void boolean(bool v) { sink().fixed(static_cast<std::uint8_t>(v ? 1 : 0)); }
  void float64(double v) { sink().fixed(std::bit_cast<std::uint64_t>(v)); }

  void unsigned_varint(std::uint32_t v) { sink().base128(v); }
  void unsigned_varlong(std::uint64_t v) { sink().base128(v); }
  void varint(std::int32_t v) { sink().base128(zigzag(v)); }
  void varlong(std::int64_t v) { sink().base128(zigzag(v)); }

  void uuid(const TopicId& id) { raw(std::as_bytes(std::span(id.bytes))); }
  void raw(Bytes bytes) { sink().append(bytes.data(), bytes.size()); }

  void string(std::string_view s, bool compact = false) {
    if (!string_length(s.size(), compact)) return;
    raw(as_bytes(s));
  }
  void nullable_string(const std::optional<std::string>& s, bool compact = false) {
    if (s) return string(*s, compact);
    compact ? unsigned_varint(0) : int16(-1);
  }
  void bytes(Bytes b, bool compact = false) {
    if (!array_length(b.size(), compact)) return;
    raw(b);
  }
  void nullable_bytes(const std::optional<Bytes>& b, bool compact = false) {
    b ? bytes(*b, compact) : null_array(compact);
  }
  // False if `count` can't be written; then zero was.
  bool array_length(std::size_t count, bool compact = false) {
    const bool fits = count < kLengthMax;
    if (!fits) fail();
    const auto n = static_cast<std::uint32_t>(fits ? count : 0);
    compact ? unsigned_varint(n + 1) : uint32(n);
    return fits;
  }
  void null_array(bool compact = false) { compact ? unsigned_varint(0) : int32(-1); }

  void tagged_field(const TaggedField& field) {
    unsigned_varint(field.tag);
    unsigned_varint(static_cast<std::uint32_t>(field.value.size()));
    raw(field.value);
  }

 protected:
  void forget_failure() noexcept { ok_ = true; }

 private:
  static constexpr std::size_t kLengthMax = std::numeric_limits<std::int32_t>::max();
  static constexpr std::size_t kPlainStringMax = std::numeric_limits<std::int16_t>::max();

  Sink& sink() noexcept { return static_cast<Sink&>(*this); }

  bool string_length(std::size_t size, bool compact) {
    if (compact) return array_length(size, true);
    const bool fits = size <= kPlainStringMax;
    if (!fits) fail();
    uint16(static_cast<std::uint16_t>(fits ? size : 0));
    return fits;
  }

  bool ok_ = true;
};

// Counts the bytes that a Writer would get.
class SizeCounter : public Encoder<SizeCounter> {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  template <std::unsigned_integral T>
  void fixed(T) noexcept {
    size_ += sizeof(T);
  }
  void base128(std::uint64_t v) noexcept { size_ += unsigned_varint_size(v); }
  void append(const std::byte*, std::size_t n) noexcept { size_ += n; }

 private:
  std::size_t size_ = 0;
};

// Appends to a buffer of its own, which keeps its capacity over clear().
class Writer : public Encoder<Writer> {
 public:
  Writer() = default;
  explicit Writer(std::size_t capacity) { reserve(capacity); }
  // What was moved from is empty and can be used again.
  Writer(Writer&& other) noexcept
      : Encoder<Writer>(other),
        data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Writer& operator=(Writer&& other) noexcept {
    Encoder<Writer>::operator=(other);
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  [[nodiscard]] Bytes bytes() const noexcept { return {data_.get(), size_}; }
  using Encoder<Writer>::bytes;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  void clear() noexcept {
    size_ = 0;
    forget_failure();
  }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow_to(capacity);
  }

  // Overwrites four bytes that were written before, e.g. the length in front of a frame.
  void patch_int32(std::size_t position, std::int32_t v) {
    OTTLA_ASSERT(position + sizeof(v) <= size_);
    store(data_.get() + position, static_cast<std::uint32_t>(v));
  }

  template <std::unsigned_integral T>
  void fixed(T v) {
    store(claim(sizeof(T)), v);
  }
  void base128(std::uint64_t v) {
    std::byte* out = claim(unsigned_varint_size(v));
    while (v >= 0x80) {
      *out++ = static_cast<std::byte>(v | 0x80U);
      v >>= 7;
    }
    *out = static_cast<std::byte>(v);
  }
  void append(const std::byte* from, std::size_t n) {
    if (n > 0) std::memcpy(claim(n), from, n);
  }

 private:
  template <std::unsigned_integral T>
  static void store(std::byte* to, T v) noexcept {
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) v = std::byteswap(v);
    std::memcpy(to, &v, sizeof(T));
  }
  std::byte* claim(std::size_t n) {
    if (n > capacity_ - size_) grow_to(std::max(size_ + n, 2 * capacity_));
    std::byte* at = data_.get() + size_;
    size_ += n;
    return at;
  }
  void grow_to(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(std::max<std::size_t>(capacity, 64));
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = std::max<std::size_t>(capacity, 64);
  }

  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace ottla::kafka::wire
