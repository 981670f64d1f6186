#include "kafka/protocol/errors.h"

#include <gtest/gtest.h>

#include <string>

namespace ottla::kafka {
namespace {

TEST(ErrorCode, CoversAllCodesOfKafka43) {
  for (int code = -1; code <= 133; ++code) {
    EXPECT_NE(name(static_cast<ErrorCode>(code)), "UNKNOWN_CODE") << code;
    EXPECT_FALSE(meaning(static_cast<ErrorCode>(code)).empty()) << code;
  }
}

TEST(ErrorCode, KnowsWhatToRetryAndWhenToRefresh) {
  EXPECT_TRUE(is_retriable(ErrorCode::kNotLeaderOrFollower));
  EXPECT_TRUE(refreshes_metadata(ErrorCode::kNotLeaderOrFollower));
  EXPECT_TRUE(is_retriable(ErrorCode::kRequestTimedOut));
  EXPECT_FALSE(refreshes_metadata(ErrorCode::kRequestTimedOut));
  EXPECT_FALSE(is_retriable(ErrorCode::kOutOfOrderSequenceNumber));
  EXPECT_FALSE(is_retriable(ErrorCode::kNone));
}

TEST(ErrorCode, KeepsCodesOfNewerBrokers) {
  const auto code = static_cast<ErrorCode>(900);
  EXPECT_EQ(name(code), "UNKNOWN_CODE");
  EXPECT_FALSE(is_retriable(code));
  EXPECT_NE(make_error_code(code).message().find("900"), std::string::npos);
  EXPECT_EQ(name(static_cast<ErrorCode>(-32768)), "UNKNOWN_CODE");
}

TEST(ErrorCode, IsAnErrorCodeInWords) {
  const std::error_code code = ErrorCode::kOutOfOrderSequenceNumber;
  EXPECT_TRUE(code);
  EXPECT_EQ(code.value(), 45);
  EXPECT_EQ(code.message().find("OUT_OF_ORDER_SEQUENCE_NUMBER (45): "), 0U);
  EXPECT_FALSE(std::error_code(ErrorCode::kNone));
}

}  // namespace
}  // namespace ottla::kafka
