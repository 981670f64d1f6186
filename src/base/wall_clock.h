#pragma once
// The time of day, for timestamps that leave the process. Waiting and deadlines use net::Clock.

#include <chrono>
#include <cstdint>

namespace ottla {

// Milliseconds since 1970.
inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace ottla
