#include "flow/offsets/murmur2.h"

namespace ottla::flow {

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMix = 0x5bd1e995;
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i]));
  };
  std::uint32_t h = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t k = at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
    k *= kMix;
    k ^= k >> 24;
    k *= kMix;
    h = (h * kMix) ^ k;
  }
  const std::size_t left = bytes.size() - i;
  if (left >= 3) h ^= at(i + 2) << 16;
  if (left >= 2) h ^= at(i + 1) << 8;
  if (left >= 1) h = (h ^ at(i)) * kMix;
  h ^= h >> 13;
  h *= kMix;
  h ^= h >> 15;
  return h;
}

}  // namespace ottla::flow
