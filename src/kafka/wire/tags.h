#pragma once
// Tagged fields (KIP-482) that this version of Ottla doesn't know. They are kept, so that a message
// that is decoded and encoded again loses nothing.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ottla::kafka::wire {

struct TaggedField {
  std::uint32_t tag = 0;
  std::vector<std::byte> value;
  bool operator==(const TaggedField&) const = default;
};

// In ascending order of their tags.
using UnknownTags = std::vector<TaggedField>;

}  // namespace ottla::kafka::wire
