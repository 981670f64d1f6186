#pragma once
// Kafka's fixed-width numbers are big endian and unaligned.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace ottla::kafka::records {

template <std::integral T>
[[nodiscard]] inline T load_big_endian(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
    value = std::byteswap(value);
  }
  return value;
}

template <std::integral T>
inline void store_big_endian(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
    value = std::byteswap(value);
  }
  std::memcpy(to, &value, sizeof value);
}

}  // namespace ottla::kafka::records
