#pragma once
// Ordinals and the sequence numbers that carry them. A record with ordinal n, written in a
// generation that began at ordinal f, has the sequence (n - f) mod 2^31: brokers count from
// 2147483647 on to 0.

#include <algorithm>
#include <cstdint>

#include "base/assert.h"

namespace ottla::flow {

inline constexpr std::int64_t kSequenceModulus = std::int64_t{1} << 31;

inline std::int32_t sequence_of(std::int64_t ordinal, std::int64_t first_ordinal) {
  OTTLA_ASSERT(ordinal >= first_ordinal);
  return static_cast<std::int32_t>((ordinal - first_ordinal) % kSequenceModulus);
}

// The ordinal with this sequence that lies nearest to `near` (and not before first_ordinal): exact
// as long as `near` is less than 2^30 records away.
inline std::int64_t resolve_sequence(std::int32_t sequence, std::int64_t first_ordinal,
                                     std::int64_t near) {
  const std::int64_t distance = std::max<std::int64_t>(0, near - first_ordinal);
  std::int64_t index = distance - distance % kSequenceModulus + sequence;
  if (index - distance > kSequenceModulus / 2) index -= kSequenceModulus;
  if (distance - index > kSequenceModulus / 2) index += kSequenceModulus;
  if (index < 0) index += kSequenceModulus;
  return first_ordinal + index;
}

}  // namespace ottla::flow
