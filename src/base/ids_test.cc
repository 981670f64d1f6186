#include "base/ids.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

TEST(TopicId, PrintsAsKafkaDoes) {
  TopicId id;
  EXPECT_EQ(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
  id.bytes[15] = 1;
  EXPECT_EQ(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
}

TEST(StrongInt, CountsAndCompares) {
  const Offset base(40);
  EXPECT_EQ((base + 2).value(), 42);
  EXPECT_EQ(Offset(50) - base, 10);
  EXPECT_LT(base, base + 1);
}

}  // namespace
}  // namespace ottla
