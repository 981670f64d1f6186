#include "observe/metrics.h"

#include <gmock/gmock.h>

#include <limits>
#include <set>
#include <sstream>

#include "observe/metrics_text.h"
#include "observe/test_status.h"

namespace ottla::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, NamesMm2sBeansAsJmxExporterDoes) {
  const std::string text = metrics_text(testing::test_status());
  EXPECT_THAT(text,
              HasSubstr("\nkafka_connect_mirror_mirrorsourceconnector_record_count{"
                        "source=\"A\",target=\"B\",topic=\"A.orders\",partition=\"0\"} 42\n"));
  EXPECT_THAT(text, HasSubstr("_record_rate{source=\"A\",target=\"B\",topic=\"A.orders\","
                              "partition=\"1\"} 1.5\n"));
}

TEST(Metrics, AddsLagStateAndHealth) {
  flow::ProcessStatus s = testing::test_status();
  s.flows[0].health = flow::FlowHealth::kLosingData;
  const std::string text = metrics_text(s);
  const std::string orders0 = R"({source="A",target="B",topic="orders",partition="0")";
  EXPECT_THAT(text, HasSubstr("ottla_lag_records" + orders0 + "} 8\n"));
  EXPECT_THAT(text, HasSubstr("ottla_lag_seconds" + orders0 + "} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("ottla_partition_state" + orders0 + ",state=\"idle\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ottla_partition_path" + orders0 + ",path=\"pass-through\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ottla_health{source=\"A\",target=\"B\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ottla_partitions{source=\"A\",target=\"B\",state=\"copying\"} 1\n"));
}

TEST(Metrics, LeavesOutWhatIsUnknown) {
  const std::string text = metrics_text(testing::test_status());
  EXPECT_THAT(text, Not(HasSubstr("record_age_ms{")));
  EXPECT_THAT(text, Not(HasSubstr("ottla_downstream_end{")));
}

TEST(Metrics, WritesEachFamilyOnceWithItsSamplesTogether) {
  std::istringstream lines(metrics_text(testing::test_status()) + process_metrics_text());
  std::set<std::string> seen;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(family).second) << family;
    } else if (!line.starts_with('#')) {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
    }
  }
}

TEST(MetricsText, EscapesLabelsAndSpellsSpecialNumbers) {
  MetricsText out;
  out.family("m", MetricsText::Type::kGauge, "Help.");
  out.sample({{"a", "x\"y\\z\n"}, {"empty", ""}}, std::numeric_limits<double>::quiet_NaN());
  out.sample(std::string_view(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(out.take(), "# HELP m Help.\n# TYPE m gauge\nm{a=\"x\\\"y\\\\z\\n\"} NaN\nm +Inf\n");
}

}  // namespace
}  // namespace ottla::observe
