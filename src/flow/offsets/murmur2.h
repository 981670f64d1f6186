#pragma once
// Kafka's default partitioner: murmur2 with seed 0x9747b28c (Utils.murmur2 in kafka-clients).

#include <cstdint>
#include <string_view>

namespace ottla::flow {

std::uint32_t murmur2(std::string_view bytes);

// Partition of a keyed record under Java's default partitioner.
inline std::int32_t partition_of_key(std::string_view key, std::int32_t partition_count) {
  return static_cast<std::int32_t>((murmur2(key) & 0x7fffffffU) %
                                   static_cast<std::uint32_t>(partition_count));
}

}  // namespace ottla::flow
