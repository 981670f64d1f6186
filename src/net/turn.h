#pragma once
// Turn: how long a stream may go on without suspending. A peer that always has bytes ready would
// otherwise keep every other coroutine of the shard from running.

#include <cstddef>

namespace ottla::net {

class Turn {
 public:
  // Asked before each call; starts the next turn when this one is over.
  bool is_over() {
    if (calls_ < kCallsMax && bytes_ < kBytesMax) return false;
    restart();
    return true;
  }
  void took(std::size_t bytes) {
    ++calls_;
    bytes_ += bytes;
  }
  void restart() { calls_ = bytes_ = 0; }

 private:
  static constexpr std::size_t kCallsMax = 64;
  static constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  std::size_t calls_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace ottla::net
