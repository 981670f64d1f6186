#include "flow/status/text.h"

#include <gmock/gmock.h>

namespace ottla::flow {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Text, FormatsNumbersForPeople) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-1234), "-1,234");
  EXPECT_EQ(format_rate(12345), "12.3k");
  EXPECT_EQ(format_rate(0), "0");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(12345), "12.3 kB");
  EXPECT_EQ(format_seconds(0.35), "350 ms");
  EXPECT_EQ(format_seconds(200), "3 min 20 s");
  EXPECT_EQ(format_seconds(18600), "5 h 10 min");
  EXPECT_EQ(format_lag(std::nullopt), "-");
}

TEST(Text, KeepsControlCharactersFromTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\r\nc"), "a [31mb  c");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "  31m");
  EXPECT_EQ(printable("Größe"), "Größe");
}

TEST(Text, ShowsHealthReasonsAndTheWorstPartitionsOnly) {
  ProcessStatus s{.version = "0.1.0", .pid = 7, .started_at_ms = 1'000};
  FlowStatus f{.source = "A", .target = "B"};
  f.health = FlowHealth::kDegraded;
  f.reasons = {"1 partition is quarantined"};
  for (int i = 0; i < 30; ++i) {
    PartitionStatus p{.topic = "orders", .target_topic = "A.orders", .partition = PartitionId(i)};
    p.state = i == 25 ? PartitionState::kQuarantined : PartitionState::kIdle;
    if (i == 25) p.reason = "record too large";
    f.partitions.push_back(p);
  }
  s.flows = {f};
  const std::string text = to_text(s, {.now_ms = 61'000, .partitions_max = 5});
  EXPECT_THAT(text, HasSubstr("ottla 0.1.0, pid 7, up 1 min 0 s: DEGRADED"));
  EXPECT_THAT(text, HasSubstr("why       1 partition is quarantined"));
  EXPECT_THAT(text, HasSubstr("29 idle, 1 quarantined"));
  EXPECT_THAT(text, HasSubstr("orders-25  quarantined"));
  EXPECT_THAT(text, HasSubstr("record too large"));
  EXPECT_THAT(text, HasSubstr("… and 25 more"));
  EXPECT_THAT(text, Not(HasSubstr("orders-29")));
}

}  // namespace
}  // namespace ottla::flow
