#include "kafka/records/crc32c.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

TEST(Crc32c, MatchesTheCheckValueOfTheAlgorithm) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

RC_GTEST_PROP(Crc32c, ExtendsAndCombines, (const std::string& a, const std::string& b)) {
  const std::uint32_t whole = crc32c(as_bytes(a + b));
  RC_ASSERT(crc32c_extend(crc32c(as_bytes(a)), as_bytes(b)) == whole);
  RC_ASSERT(crc32c_combine(crc32c(as_bytes(a)), crc32c(as_bytes(b)), b.size()) == whole);
}

RC_GTEST_PROP(Crc32c, CombinesAcrossEveryDigitOfTheSize, (const std::string& a)) {
  const auto size = *rc::gen::inRange<std::size_t>(0, 20'000'000);
  std::string whole = a;
  whole.append(size, 'z');
  const Bytes tail = as_bytes(whole).subspan(a.size());
  RC_ASSERT(crc32c_combine(crc32c(as_bytes(a)), crc32c(tail), size) == crc32c(as_bytes(whole)));
}

RC_GTEST_PROP(Crc32c, FollowsFromAChangedHead, (const std::string& tail)) {
  const auto before = *rc::gen::container<std::string>(40, rc::gen::arbitrary<char>());
  const auto after = *rc::gen::container<std::string>(40, rc::gen::arbitrary<char>());
  std::vector<std::byte> difference(40);
  for (std::size_t i = 0; i < 40; ++i) {
    difference[i] = static_cast<std::byte>(before[i]) ^ static_cast<std::byte>(after[i]);
  }
  RC_ASSERT(crc32c_patch_head(crc32c(as_bytes(before + tail)), difference, tail.size()) ==
            crc32c(as_bytes(after + tail)));
}

}  // namespace
}  // namespace ottla::kafka::records
