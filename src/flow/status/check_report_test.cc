#include "flow/status/check_report.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

TEST(CheckReport, PassesWithWarningsButNotWithFailuresOrNothing) {
  CheckReport report;
  EXPECT_FALSE(report.ok());
  report.items = {{.verdict = Verdict::kPass, .subject = "cluster A", .text = "3 brokers"},
                  {.verdict = Verdict::kWarning,
                   .subject = "flow A->B",
                   .text = "1 key ignored",
                   .advice = "remove it"}};
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(to_text(report),
            "pass     cluster A: 3 brokers\n"
            "warning  flow A->B: 1 key ignored\n"
            "         -> remove it\n"
            "OK: 1 passed, 1 warnings, 0 failed\n");
  report.items.push_back({.verdict = Verdict::kFail, .subject = "s", .text = "t", .advice = "a"});
  EXPECT_FALSE(report.ok());
  EXPECT_TRUE(to_json(report).starts_with(R"({"ok":false,"items":[{"verdict":"pass",)"));
}

}  // namespace
}  // namespace ottla::flow
