#pragma once
// Bytes as hexadecimal text, for tests.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ottla::kafka::testing {

inline std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

// Blanks are left out; the text must be lower-case digits otherwise.
inline std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  unsigned value = 0;
  bool half = false;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (half) bytes.push_back(static_cast<std::byte>(value & 0xFFU));
    half = !half;
  }
  return bytes;
}

}  // namespace ottla::kafka::testing
