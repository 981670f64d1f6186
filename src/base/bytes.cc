#include "base/bytes.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/assert.h"

namespace ottla {

struct BufferRef::Block {
  std::uint32_t references = 1;
  std::uint32_t size_class = 0;
  std::size_t size = 0;
  std::size_t capacity = 0;
  BufferPool* pool = nullptr;

  std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }

  static Block* create(std::size_t size, std::size_t capacity) {
    void* memory = std::malloc(sizeof(Block) + capacity);
    if (memory == nullptr) throw std::bad_alloc();
    auto* block = new (memory) Block;
    block->size = size;
    block->capacity = capacity;
    return block;
  }
};

namespace {

constexpr std::size_t kSmallestClassBytes = 512;

// Size classes 512, 768, 1024, 1536, 2048 …: index and capacity.
std::pair<std::uint32_t, std::size_t> size_class_of(std::size_t size) {
  size = std::max(size, kSmallestClassBytes);
  const std::size_t upper = std::bit_ceil(size);
  const std::size_t middle = upper / 4 * 3;
  const bool fits_middle = size <= middle && middle > kSmallestClassBytes;
  const auto power = static_cast<std::uint32_t>(std::countr_zero(upper));
  return fits_middle ? std::pair{2 * power - 1, middle} : std::pair{2 * power, upper};
}

}  // namespace

BufferRef::BufferRef(const BufferRef& other) noexcept : block_(other.block_) {
  if (block_ != nullptr) ++block_->references;
}

BufferRef::BufferRef(BufferRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

BufferRef& BufferRef::operator=(BufferRef other) noexcept {
  std::swap(block_, other.block_);
  return *this;
}

BufferRef::~BufferRef() {
  if (block_ == nullptr || --block_->references > 0) return;
  if (block_->pool != nullptr) {
    block_->pool->give_back(block_);
  } else {
    std::free(block_);
  }
}

BufferRef BufferRef::allocate(std::size_t size) {
  return BufferRef(Block::create(size, size));
}

MutableBytes BufferRef::bytes() const {
  return block_ == nullptr ? MutableBytes{} : MutableBytes{block_->data(), block_->size};
}

std::size_t BufferRef::size() const {
  return block_ == nullptr ? 0 : block_->size;
}

std::size_t BufferRef::capacity() const {
  return block_ == nullptr ? 0 : block_->capacity;
}

void BufferRef::shrink(std::size_t size) {
  OTTLA_ASSERT(block_ != nullptr && size <= block_->capacity);
  block_->size = size;
}

BufferPool::~BufferPool() {
  OTTLA_ASSERT(used_bytes_ == 0);
  for (auto& blocks : free_) {
    for (BufferRef::Block* block : blocks) std::free(block);
  }
}

BufferRef BufferPool::take(std::size_t size) {
  const auto [size_class, capacity] = size_class_of(size);
  used_bytes_ += capacity;
  if (size_class < free_.size() && !free_[size_class].empty()) {
    BufferRef::Block* block = free_[size_class].back();
    free_[size_class].pop_back();
    retained_bytes_ -= capacity;
    block->references = 1;
    block->size = size;
    return BufferRef(block);
  }
  BufferRef::Block* block = BufferRef::Block::create(size, capacity);
  block->size_class = size_class;
  block->pool = this;
  return BufferRef(block);
}

void BufferPool::give_back(BufferRef::Block* block) noexcept {
  used_bytes_ -= block->capacity;
  if (retained_bytes_ + block->capacity > retained_bytes_max_) {
    std::free(block);
    return;
  }
  if (free_.size() <= block->size_class) free_.resize(block->size_class + 1);
  retained_bytes_ += block->capacity;
  free_[block->size_class].push_back(block);
}

}  // namespace ottla
