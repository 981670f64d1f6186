#include "flow/status/status_json.h"

#include <gtest/gtest.h>

#include <limits>

namespace ottla::flow {
namespace {

ProcessStatus filled() {
  ProcessStatus s{.version = "0.1.0", .pid = 42, .started_at_ms = 1'700'000'000'000};
  FlowStatus f{.source = "A", .target = "B"};
  f.health = FlowHealth::kLosingData;
  f.reasons = {"orders-3: log start passed the position"};
  f.paused = true;
  f.heartbeats_enabled = false;
  f.clusters = {{.alias = "A", .cluster_id = "idA", .reachable = true, .detail = "3 brokers"}};
  f.topics = {{.topic = "orders", .copied = true, .target_topic = "A.orders", .reason = ""}};
  PartitionStatus p{.topic = "orders", .target_topic = "A.orders", .partition = PartitionId(3)};
  p.state = PartitionState::kQuarantined;
  p.path = CopyPath::kReencode;
  p.upstream_position = Offset(90);
  p.upstream_end = Offset(100);
  p.lag_seconds = 1.5;
  p.record_age_window_ms = WindowStats{.min = 1, .max = 3, .avg = 2};
  p.losses = 2;
  f.partitions = {p};
  f.groups = {{.group = "billing",
               .target_topic = "A.orders",
               .partition = PartitionId(3),
               .downstream_offset = Offset(80)}};
  f.ledger = {"orders-3: 10 records"};
  f.ledger_entries = 2;
  s.flows = {f};
  s.configuration_notes = {"foo: unknown"};
  return s;
}

TEST(StatusJson, SurvivesARoundTrip) {
  const std::string text = to_json(filled());
  const auto back = process_status_from_json(text);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(to_json(*back), text);
  const PartitionStatus& p = back->flows.at(0).partitions.at(0);
  EXPECT_EQ(p.state, PartitionState::kQuarantined);
  EXPECT_EQ(p.path, CopyPath::kReencode);
  EXPECT_EQ(p.lag_records(), 10);
  EXPECT_EQ(p.upstream_log_start, std::nullopt);
  EXPECT_EQ(p.record_age_window_ms->max, 3);
  EXPECT_EQ(back->flows.at(0).groups.at(0).downstream_offset, Offset(80));
}

TEST(StatusJson, CarriesDerivedMembersForScripts) {
  const std::string text = to_json(filled());
  EXPECT_NE(text.find(R"("lag_records":10)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("flow":"A->B")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("health":"LOSING_DATA")"), std::string::npos) << text;
}

TEST(StatusJson, WritesNullForNumbersThatJsonLacks) {
  ProcessStatus s = filled();
  s.flows[0].partitions[0].records_per_second = std::numeric_limits<double>::quiet_NaN();
  const std::string text = to_json(s);
  EXPECT_NE(text.find(R"("records_per_second":null)"), std::string::npos) << text;
  EXPECT_TRUE(process_status_from_json(text));
}

TEST(StatusJson, IgnoresUnknownAndMissingMembers) {
  const auto s = process_status_from_json(R"({"new":{"x":[1]},"flows":[{"source":"A"}]})");
  ASSERT_TRUE(s) << s.error().to_string();
  EXPECT_EQ(s->flows.at(0).source, "A");
}

TEST(StatusJson, NamesTheMemberThatIsWrong) {
  const auto bad = [](std::string_view text) {
    return process_status_from_json(text).error().to_string();
  };
  EXPECT_NE(bad(R"({"flows":[{"partitions":[{"state":"dancing"}]}]})")
                .find("flows[0].partitions[0].state"),
            std::string::npos);
  EXPECT_NE(bad(R"({"pid":"x"})").find("'pid'"), std::string::npos);
  EXPECT_NE(bad("[]").find("object"), std::string::npos);
  EXPECT_NE(bad("{").find("JSON"), std::string::npos);
}

TEST(StatusJson, LedgerListsEachFlow) {
  EXPECT_EQ(ledger_to_json(filled()),
            R"({"flows":[{"flow":"A->B","entries":2,"newest":["orders-3: 10 records"]}]})");
}

TEST(Status, HealthIsTheWorstOfAllFlows) {
  ProcessStatus s;
  EXPECT_EQ(health(s), FlowHealth::kOk);
  s.flows.resize(3);
  s.flows[1].health = FlowHealth::kStalled;
  s.flows[2].health = FlowHealth::kDegraded;
  EXPECT_EQ(health(s), FlowHealth::kStalled);
}

}  // namespace
}  // namespace ottla::flow
