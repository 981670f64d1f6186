#include "base/bytes.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

TEST(BufferPool, ReusesABlockOfTheSameSizeClass) {
  BufferPool pool(1 << 20);
  BufferRef first = pool.take(1000);
  const std::byte* address = first.bytes().data();
  first = BufferRef();
  BufferRef second = pool.take(1020);
  EXPECT_EQ(second.bytes().data(), address);
  EXPECT_EQ(second.size(), 1020U);
}

TEST(BufferPool, CountsWhatIsOut) {
  BufferPool pool(1 << 20);
  {
    BufferRef a = pool.take(600);
    BufferRef b = a;
    EXPECT_EQ(pool.used_bytes(), a.capacity());
  }
  EXPECT_EQ(pool.used_bytes(), 0U);
  EXPECT_EQ(pool.retained_bytes(), 768U);
}

TEST(BufferPool, KeepsNoMoreThanItsLimit) {
  BufferPool pool(1024);
  {
    BufferRef big = pool.take(100000);
  }
  EXPECT_EQ(pool.retained_bytes(), 0U);
}

TEST(BufferPool, CapacityCoversEverySize) {
  BufferPool pool(0);
  for (std::size_t size = 0; size < 10000; ++size) {
    BufferRef b = pool.take(size);
    ASSERT_GE(b.capacity(), size);
    ASSERT_LE(b.capacity(), std::max<std::size_t>(512, size * 2));
  }
}

}  // namespace
}  // namespace ottla
