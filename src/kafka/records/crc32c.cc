#include "kafka/records/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>

namespace ottla::kafka::records {
namespace {

// Polynomials over GF(2) in CRC32C's reflected notation: bit 31 is x^0, bit 0 is x^31.
constexpr std::uint32_t kPolynomial = 0x82F63B78U;
constexpr std::uint32_t kOne = 0x80000000U;
constexpr std::uint32_t kPow8 = 0x00800000U;  // x^8: one byte of zeros

constexpr std::uint32_t times_x(std::uint32_t a) noexcept {
  return (a >> 1U) ^ (kPolynomial & (0U - (a & 1U)));
}

constexpr std::uint32_t multiply_bitwise(std::uint32_t a, std::uint32_t b) noexcept {
  std::uint32_t product = 0;
  for (unsigned bit = 32; bit-- > 0;) {
    product ^= a & (0U - ((b >> bit) & 1U));
    a = times_x(a);
  }
  return product;
}

// What the four bits that fall out below become when a polynomial is multiplied by x^4.
constexpr auto kReduceNibble = [] {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t low = 0; low < 16; ++low) {
    std::uint32_t value = low;
    for (int i = 0; i < 4; ++i) value = times_x(value);
    table[low] = value;
  }
  return table;
}();

// a * b modulo P, four bits of b at a time, from its highest power down (Horner).
std::uint32_t multiply(std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t a1 = times_x(a);
  const std::uint32_t a2 = times_x(a1);
  const std::uint32_t a3 = times_x(a2);
  std::array<std::uint32_t, 16> multiples;  // index bit 3 is x^0 … bit 0 is x^3
  multiples[0] = 0;
  multiples[8] = a;
  multiples[4] = a1;
  multiples[12] = a ^ a1;
  for (unsigned i = 0; i < 16; i += 4) {
    multiples[i + 2] = multiples[i] ^ a2;
    multiples[i + 1] = multiples[i] ^ a3;
    multiples[i + 3] = multiples[i] ^ a2 ^ a3;
  }
  std::uint32_t product = 0;
  for (int nibble = 0; nibble < 8; ++nibble) {
    product = (product >> 4U) ^ kReduceNibble[product & 15U] ^ multiples[b & 15U];
    b >>= 4U;
  }
  return product;
}

// kShift[k][d] = x^(8 * d * 256^k). Sizes up to 2^32: batches are at most 2^31 bytes.
using ShiftTables = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr ShiftTables kShift = [] {
  ShiftTables tables{};
  std::uint32_t step = kPow8;
  for (auto& table : tables) {
    table[0] = kOne;
    for (std::size_t digit = 1; digit < 256; ++digit) {
      table[digit] = multiply_bitwise(table[digit - 1], step);
    }
    step = multiply_bitwise(table[255], step);
  }
  return tables;
}();

// ISA-L neither inverts at the start nor at the end, takes an int as length and a non-const
// pointer that it does not write through.
std::uint32_t raw_crc(Bytes bytes, std::uint32_t state) noexcept {
  constexpr std::size_t kChunk = std::size_t{1} << 30U;
  while (!bytes.empty()) {
    const Bytes chunk = bytes.first(std::min(bytes.size(), kChunk));
    state = crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(chunk.data())),
                        static_cast<int>(chunk.size()), state);
    bytes = bytes.subspan(chunk.size());
  }
  return state;
}

}  // namespace

std::uint32_t crc32c(Bytes bytes) noexcept {
  return ~raw_crc(bytes, ~0U);
}

std::uint32_t crc32c_extend(std::uint32_t crc, Bytes bytes) noexcept {
  return ~raw_crc(bytes, ~crc);
}

std::uint32_t crc32c_shift(std::uint32_t crc, std::uint64_t zeros) noexcept {
  for (const auto& table : kShift) {
    const std::uint32_t operation = table[zeros & 255U];
    if (operation != kOne) crc = multiply(crc, operation);
    zeros >>= 8U;
  }
  return crc;
}

std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b,
                             std::uint64_t size_b) noexcept {
  return crc32c_shift(crc_a, size_b) ^ crc_b;
}

std::uint32_t crc32c_patch_head(std::uint32_t crc, Bytes difference,
                                std::uint64_t tail_size) noexcept {
  return crc ^ crc32c_shift(raw_crc(difference, 0), tail_size);
}

}  // namespace ottla::kafka::records
