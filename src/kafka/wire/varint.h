#pragma once
// Sizes and the zigzag mapping of Kafka's variable-length integers (base 128, least significant
// group first, as in Protocol Buffers).

#include <bit>
#include <cstddef>
#include <cstdint>

namespace ottla::kafka::wire {

constexpr std::uint32_t zigzag(std::int32_t v) noexcept {
  return (static_cast<std::uint32_t>(v) << 1) ^ static_cast<std::uint32_t>(v >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t v) noexcept {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int32_t unzigzag(std::uint32_t v) noexcept {
  return static_cast<std::int32_t>((v >> 1) ^ (~(v & 1U) + 1U));
}
constexpr std::int64_t unzigzag(std::uint64_t v) noexcept {
  return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1U) + 1U));
}

// Bytes that the unsigned varint of `v` takes: 1 to 5 for 32 bits, 1 to 10 for 64.
constexpr std::size_t unsigned_varint_size(std::uint64_t v) noexcept {
  return (static_cast<std::size_t>(std::bit_width(v | 1U)) + 6) / 7;
}
constexpr std::size_t varint_size(std::int32_t v) noexcept {
  return unsigned_varint_size(zigzag(v));
}
constexpr std::size_t varlong_size(std::int64_t v) noexcept {
  return unsigned_varint_size(zigzag(v));
}

}  // namespace ottla::kafka::wire
