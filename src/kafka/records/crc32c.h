#pragma once
// CRC32C (Castagnoli), the checksum of magic-2 batches, through ISA-L; and what follows from its
// being linear: the checksum of a whole whose first part was changed is derived from the old
// checksum without reading the rest.
//
//   crc(new head | tail) = crc(old head | tail) ^ shift(raw(old head ^ new head), size of tail)
//
// where raw() is the plain polynomial remainder and shift() multiplies by x^(8 * size) modulo P.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace ottla::kafka::records {

[[nodiscard]] std::uint32_t crc32c(Bytes bytes) noexcept;

// Continues `crc`, the checksum of what comes before `bytes`.
[[nodiscard]] std::uint32_t crc32c_extend(std::uint32_t crc, Bytes bytes) noexcept;

// Moves a checksum, or a difference of two, over `zeros` bytes of zeros: the shift operator.
// O(log zeros): one table entry and one multiplication per byte of `zeros` that is not zero.
[[nodiscard]] std::uint32_t crc32c_shift(std::uint32_t crc, std::uint64_t zeros) noexcept;

// The checksum of a|b from those of a and b.
[[nodiscard]] std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b,
                                           std::uint64_t size_b) noexcept;

// The checksum of a message whose first bytes changed by `difference` (old xor new), and whose
// `tail_size` other bytes did not.
[[nodiscard]] std::uint32_t crc32c_patch_head(std::uint32_t crc, Bytes difference,
                                              std::uint64_t tail_size) noexcept;

}  // namespace ottla::kafka::records
