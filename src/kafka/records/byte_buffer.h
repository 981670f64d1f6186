#pragma once
// A growing block of bytes that is kept between uses and never cleared: the scratch memory of the
// (de)compressors and the builder. Not thread-safe.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "base/bytes.h"

namespace ottla::kafka::records {

class ByteBuffer {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] Bytes bytes() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] MutableBytes bytes() noexcept { return {data_.get(), size_}; }
  // All memory, used or not.
  [[nodiscard]] MutableBytes room() noexcept { return {data_.get(), capacity_}; }
  [[nodiscard]] std::byte* end() noexcept { return data_.get() + size_; }

  void clear() noexcept { size_ = 0; }
  // `size` bytes are in use now; what is new among them holds anything.
  void resize(std::size_t size) {
    reserve(size);
    size_ = size;
  }
  // Keeps the bytes in use. Grows to the double at least, so that appending is linear.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    capacity = std::max({capacity, capacity_ * 2, std::size_t{1024}});
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = capacity;
  }
  void append(Bytes more) {
    if (more.empty()) return;
    reserve(size_ + more.size());
    std::memcpy(end(), more.data(), more.size());
    size_ += more.size();
  }
  // Frees the memory if it is more than `capacity_max`: one huge batch is not paid for forever.
  void shrink_to(std::size_t capacity_max) noexcept {
    if (capacity_ <= capacity_max) return;
    data_.reset();
    size_ = 0;
    capacity_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace ottla::kafka::records
