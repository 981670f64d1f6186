#include "base/ids.h"

namespace ottla {

std::string TopicId::to_string() const {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve(22);
  std::uint32_t accumulator = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    accumulator = (accumulator << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out.push_back(kAlphabet[(accumulator >> bits) & 63U]);
    }
  }
  out.push_back(kAlphabet[(accumulator << (6 - bits)) & 63U]);
  return out;
}

}  // namespace ottla
