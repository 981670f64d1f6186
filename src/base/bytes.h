#pragma once
// Views over bytes, and the counted buffers that own them.
//
// A BufferRef owns a fixed block of memory together with other BufferRefs; slices of a fetch
// response keep their block alive by holding one. Counting is not atomic: a buffer lives and dies
// on one core (see net/runtime.h). The pool takes blocks back, so that a steady state allocates
// nothing per response.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ottla {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}
inline std::string_view as_string_view(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

class BufferPool;

// Shared ownership of one block. Cheap to copy; null when default constructed.
class BufferRef {
 public:
  BufferRef() = default;
  BufferRef(const BufferRef& other) noexcept;
  BufferRef(BufferRef&& other) noexcept;
  BufferRef& operator=(BufferRef other) noexcept;
  ~BufferRef();

  // A block of `size` bytes that belongs to no pool.
  static BufferRef allocate(std::size_t size);

  [[nodiscard]] MutableBytes bytes() const;
  [[nodiscard]] std::size_t size() const;
  // Narrows the visible size; the block stays whole.
  void shrink(std::size_t size);
  [[nodiscard]] std::size_t capacity() const;
  explicit operator bool() const { return block_ != nullptr; }

 private:
  friend class BufferPool;
  struct Block;
  explicit BufferRef(Block* block) : block_(block) {}
  Block* block_ = nullptr;
};

// Recycles blocks by size class (powers of two and their midpoints). Single-threaded. Must outlive
// every BufferRef that it gave out.
class BufferPool {
 public:
  // Keeps at most `retained_bytes_max` bytes of free blocks.
  explicit BufferPool(std::size_t retained_bytes_max) : retained_bytes_max_(retained_bytes_max) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  BufferRef take(std::size_t size);

  // Bytes in blocks that are out, and in blocks that wait for reuse.
  [[nodiscard]] std::size_t used_bytes() const { return used_bytes_; }
  [[nodiscard]] std::size_t retained_bytes() const { return retained_bytes_; }

 private:
  friend class BufferRef;
  void give_back(BufferRef::Block* block) noexcept;

  std::size_t retained_bytes_max_;
  std::size_t used_bytes_ = 0;
  std::size_t retained_bytes_ = 0;
  std::vector<std::vector<BufferRef::Block*>> free_;
};

}  // namespace ottla
