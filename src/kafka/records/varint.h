#pragma once
// The varints inside records: zigzag, then little-endian groups of seven bits (Kafka's
// ByteUtils.writeVarint / writeVarlong). At most 5 bytes for int32, 10 for int64.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/bytes.h"

namespace ottla::kafka::records {

inline constexpr std::size_t kVarintBytesMax = 5;
inline constexpr std::size_t kVarlongBytesMax = 10;

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

// Bytes that write_varlong(value) takes.
[[nodiscard]] constexpr std::size_t varlong_size(std::int64_t value) noexcept {
  const auto bits = static_cast<unsigned>(std::bit_width(zigzag(value) | 1U));
  return (bits + 6U) / 7U;
}

// Writes `value` (an int32 takes the same bytes as the int64) and returns the byte after it. The
// caller has made sure of varlong_size(value) bytes.
inline std::byte* write_varlong(std::byte* to, std::int64_t value) noexcept {
  std::uint64_t rest = zigzag(value);
  while (rest >= 0x80U) {
    *to++ = static_cast<std::byte>(rest | 0x80U);
    rest >>= 7U;
  }
  *to++ = static_cast<std::byte>(rest);
  return to;
}

// Takes one varlong from the front of `from`. False if it is cut off or longer than 10 bytes.
[[nodiscard]] inline bool read_varlong(Bytes& from, std::int64_t& value) noexcept {
  std::uint64_t raw = 0;
  const std::size_t limit = from.size() < kVarlongBytesMax ? from.size() : kVarlongBytesMax;
  for (std::size_t i = 0; i < limit; ++i) {
    const auto byte = std::to_integer<std::uint64_t>(from[i]);
    raw |= (byte & 0x7FU) << (7U * i);
    if (byte < 0x80U) {
      value = unzigzag(raw);
      from = from.subspan(i + 1);
      return true;
    }
  }
  return false;
}

// The same for an int32: also false if the value does not fit.
[[nodiscard]] inline bool read_varint(Bytes& from, std::int32_t& value) noexcept {
  std::int64_t wide = 0;
  if (!read_varlong(from, wide)) return false;
  if (wide < std::numeric_limits<std::int32_t>::min() ||
      wide > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  value = static_cast<std::int32_t>(wide);
  return true;
}

}  // namespace ottla::kafka::records
