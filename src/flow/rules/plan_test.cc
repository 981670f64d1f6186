#include "flow/rules/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace ottla::flow {
namespace {

using testing::HasSubstr;
using testing::Not;

TopicRules rules() {
  return TopicRules({.source_alias = "A",
                     .target_alias = "B",
                     .topics = PatternList::compile("orders.*, payments").value(),
                     .topics_exclude = PatternList::compile("orders-test").value(),
                     .policy = {}});
}

SourceTopic source(std::string name) {
  return {.name = std::move(name),
          .partitions = 6,
          .configs = {
              {.name = "cleanup.policy", .value = "compact", .source = ConfigSource::kDynamicTopic},
              {.name = "flush.ms", .value = "9", .source = ConfigSource::kDefault}}};
}

const PlanOptions kOptions{.creation = {}, .target = {.brokers = 3}};

Plan example() {
  const TargetTopic behind{
      .partitions = 4,
      .configs = {{.name = "flush.ms", .value = "1", .source = ConfigSource::kDynamicTopic}}};
  PlanOptions one_broker = kOptions;
  one_broker.target.brokers = 1;
  const TopicRules r = rules();
  FlowPlan flow{.source_alias = "A", .target_alias = "B", .enabled = true};
  flow.topics = {plan_topic(r, source("orders"), false, nullptr, kOptions),
                 plan_topic(r, source("payments"), false, &behind, kOptions),
                 plan_topic(r, source("orders-test"), false, nullptr, kOptions),
                 plan_topic(r, source("orders-big"), false, nullptr, one_broker)};
  flow.groups = {{.group = "billing", .decision = {.sync = true, .text = "groups has '.*'"}}};
  flow.missing_permissions = {{.cluster = "B",
                               .resource = "topic A.orders",
                               .operation = "WRITE",
                               .consequence = "the topic can't be copied"}};
  flow.hints = {"a hint"};
  return {.file_name = "mm2.properties",
          .findings = {{.kind = FindingKind::kUnknown,
                        .line = 7,
                        .key = "A->B.topcis",
                        .text = "unknown key; did you mean A->B.topics?"}},
          .flows = {std::move(flow)}};
}

TEST(PlanTopic, CreatesWhatIsMissing) {
  const auto t = plan_topic(rules(), source("orders"), false, nullptr, kOptions);
  EXPECT_EQ(t.action, PlannedAction::kCreate);
  EXPECT_EQ(t.create->name, "A.orders");
}

TEST(PlanTopic, LeavesWhatIsNotChosen) {
  const auto t = plan_topic(rules(), source("other"), false, nullptr, kOptions);
  EXPECT_EQ(t.action, PlannedAction::kLeave);
  EXPECT_FALSE(t.create);
}

TEST(PlanTopic, HasNothingToDoForATopicThatIsAlike) {
  const TargetTopic same{
      .partitions = 6,
      .configs = {
          {.name = "cleanup.policy", .value = "compact", .source = ConfigSource::kDynamicTopic}}};
  EXPECT_EQ(plan_topic(rules(), source("orders"), false, &same, kOptions).action,
            PlannedAction::kCopy);
}

TEST(PlanTopic, LeavesSettingsAloneWhenTheyAreNotSynced) {
  PlanOptions options = kOptions;
  options.sync_topic_configs = false;
  const TargetTopic other{.partitions = 8};
  EXPECT_EQ(plan_topic(rules(), source("orders"), false, &other, options).action,
            PlannedAction::kCopy);
}

TEST(Plan, ReadsWellAsText) {
  EXPECT_EQ(plan_to_text(example()),
            "Plan for mm2.properties\n"
            "  line 7: unknown: A->B.topcis: unknown key; did you mean A->B.topics?\n"
            "\n"
            "Flow A->B\n"
            "  2 of 4 topics are copied, 12 partitions\n"
            "  + orders -> A.orders  create with 6 partitions, 2 replicas, cleanup.policy=compact "
            "(topics has 'orders.*')\n"
            "  ~ payments -> A.payments  grow from 4 to 6 partitions, set cleanup.policy=compact, "
            "reset flush.ms (topics has 'payments')\n"
            "  - orders-test  not copied: topics.exclude has 'orders-test'\n"
            "  ! orders-big -> A.orders-big  refused: 'A.orders-big' needs 2 replicas "
            "(replication.factor), but the target has 1 broker. Set replication.factor to at most "
            "1, or start more brokers. (topics has 'orders.*')\n"
            "  Groups\n"
            "  = billing  (groups has '.*')\n"
            "  Missing permissions\n"
            "  ! B: WRITE on topic A.orders: the topic can't be copied\n"
            "  hint: a hint\n"
            "\n"
            "+ create  ~ change  = as it should be  ! problem  - not copied\n");
}

TEST(Plan, SaysTheSameAsJson) {
  const boost::json::value v = plan_to_json(example());
  EXPECT_EQ(v.at("has_problems").as_bool(), true);
  EXPECT_EQ(v.at("findings").at(0).at("line").as_int64(), 7);
  const auto& topics = v.at("flows").at(0).at("topics").as_array();
  EXPECT_EQ(topics[0].at("create").at("configs").at("cleanup.policy"), "compact");
  EXPECT_EQ(topics[1].at("grow").at("from").as_int64(), 4);
  EXPECT_EQ(topics[1].at("config_changes").at(1).at("operation"), "delete");
  EXPECT_EQ(topics[2].at("reason"), "excluded");
  EXPECT_EQ(topics[3].at("action"), "refused");
  EXPECT_EQ(v.at("flows").at(0).at("missing_permissions").at(0).at("operation"), "WRITE");
}

TEST(Plan, HasNoProblemsWhenNothingStandsInTheWay) {
  EXPECT_TRUE(example().has_problems());
  Plan plan{.file_name = "f", .flows = {{.source_alias = "A", .target_alias = "B"}}};
  EXPECT_FALSE(plan.has_problems());
  EXPECT_THAT(plan_to_text(plan), HasSubstr("(heartbeats only)"));
}

TEST(Plan, NeverSteersATerminal) {
  Plan plan{.file_name = "f\x1b[2J"};
  EXPECT_THAT(plan_to_text(plan), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ottla::flow
