#include "base/result.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(BaseErrc::kInvalidInput, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  OTTLA_ASSIGN(const int h, half(n));
  OTTLA_TRY(half(h));
  return h / 2;
}

TEST(Result, PropagatesTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().context, "odd");
}

TEST(Result, SaysWhereOnTheWayUp) {
  EXPECT_EQ(half(1).error().within("broker 3").to_string(), "broker 3: odd: invalid input");
}

}  // namespace
}  // namespace ottla
