#include "flow/rules/topic_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

using testing::HasSubstr;

TopicRulesOptions options() {
  return {.source_alias = "A",
          .target_alias = "B",
          .topics = PatternList::compile(".*").value(),
          .topics_exclude = PatternList::compile("mm2.*\\.internal, .*\\.replica, __.*").value(),
          .policy = {}};
}

TopicRules rules(std::string_view topics, std::string_view exclude, bool heartbeats = true) {
  TopicRulesOptions o = options();
  o.topics = PatternList::compile(topics).value();
  o.topics_exclude = PatternList::compile(exclude).value();
  o.heartbeats_replication_enabled = heartbeats;
  return TopicRules(std::move(o));
}

TEST(TopicRules, CopyAnOrdinaryTopicUnderItsRemoteName) {
  const auto d = TopicRules(options()).decide("orders");
  EXPECT_TRUE(d.copy);
  EXPECT_EQ(d.reason, TopicReason::kIncluded);
  EXPECT_EQ(d.target_topic, "A.orders");
}

TEST(TopicRules, CopyUserTopicsThatEndInInternal) {
  EXPECT_TRUE(TopicRules(options()).decide("app.internal").copy);
  EXPECT_TRUE(TopicRules(options()).decide("app-internal").copy);
}

TEST(TopicRules, NameThePatternThatExcludes) {
  const auto d = TopicRules(options()).decide("stock.replica");
  EXPECT_FALSE(d.copy);
  EXPECT_EQ(d.reason, TopicReason::kExcluded);
  EXPECT_THAT(d.text, HasSubstr("'.*\\.replica'"));
}

TEST(TopicRules, LetExclusionWinAndSayWhenNothingIncludes) {
  EXPECT_EQ(rules("orders.*", "orders-test").decide("orders-test").reason, TopicReason::kExcluded);
  EXPECT_EQ(rules("orders.*", "").decide("payments").reason, TopicReason::kNotIncluded);
  EXPECT_EQ(rules("", "").decide("payments").reason, TopicReason::kNotIncluded);
  EXPECT_TRUE(rules("orders.*", "").decide("orders-eu").copy);
}

TEST(TopicRules, ReplicateHeartbeatsDespiteTheFilter) {
  const auto d = rules("orders", "heartbeats").decide("heartbeats");
  EXPECT_TRUE(d.copy);
  EXPECT_EQ(d.reason, TopicReason::kHeartbeats);
  EXPECT_EQ(rules("orders", "").decide("C.heartbeats").target_topic, "A.C.heartbeats");
}

TEST(TopicRules, LeaveHeartbeatsToTheFilterWhenSwitchedOff) {
  EXPECT_FALSE(rules("orders", "", false).decide("heartbeats").copy);
  EXPECT_TRUE(rules(".*", "", false).decide("heartbeats").copy);
}

TEST(TopicRules, NeverCopyACycleNotEvenHeartbeats) {
  const TopicRules r(options());
  EXPECT_EQ(r.decide("B.orders").reason, TopicReason::kCycle);
  EXPECT_EQ(r.decide("C.B.orders").reason, TopicReason::kCycle);
  EXPECT_EQ(r.decide("B.heartbeats").reason, TopicReason::kCycle);
  EXPECT_TRUE(r.decide("C.orders").copy);
  EXPECT_EQ(r.decide("C.orders").target_topic, "A.C.orders");
  EXPECT_TRUE(r.decide("A.orders").copy);
}

TEST(TopicRules, NeverCopyInternalTopicsEvenIfIncluded) {
  const TopicRules r = rules(".*", "");
  EXPECT_EQ(r.decide("__consumer_offsets").reason, TopicReason::kInternal);
  EXPECT_EQ(r.decide("C.checkpoints.internal").reason, TopicReason::kInternal);
  EXPECT_EQ(r.decide("mm2-offset-syncs.B.internal").reason, TopicReason::kInternal);
  EXPECT_EQ(r.decide("ottla-ledger-internal").reason, TopicReason::kOttlaInternal);
  EXPECT_EQ(r.decide("odd", true).reason, TopicReason::kBrokerInternal);
}

TEST(TopicRules, CopySameNamesUnderTheIdentityPolicy) {
  TopicRulesOptions o = options();
  o.policy = {.kind = PolicyKind::kIdentity, .source_alias = "A"};
  const TopicRules r(std::move(o));
  EXPECT_EQ(r.decide("orders").target_topic, "orders");
  EXPECT_TRUE(r.decide("orders").copy);
  EXPECT_EQ(r.decide("heartbeats").target_topic, "A.heartbeats");
  EXPECT_EQ(r.decide("B.heartbeats").reason, TopicReason::kCycle);
}

TEST(TopicRules, RefuseANameThatTheTargetWouldNotTake) {
  const auto d = TopicRules(options()).decide(std::string(248, 'x'));
  EXPECT_FALSE(d.copy);
  EXPECT_EQ(d.reason, TopicReason::kIllegalTargetName);
  TopicRulesOptions o = options();
  o.source_alias = "data center";
  EXPECT_EQ(TopicRules(std::move(o)).decide("orders").reason, TopicReason::kIllegalTargetName);
}

TEST(TopicRules, DoNotCopyWhatAPatternCantDecide) {
  const TopicRules r = rules("(a|aa)+[cd]", "");
  const std::string topic(80, 'a');
  const auto d = r.decide(topic);
  EXPECT_FALSE(d.copy);
  EXPECT_EQ(d.reason, TopicReason::kUndecided);
}

TEST(GroupRules, IncludeUnlessExcluded) {
  const auto groups = PatternList::compile(".*").value();
  const auto exclude = PatternList::compile("console-consumer-.*, connect-.*, __.*").value();
  EXPECT_TRUE(decide_group("billing", groups, exclude).sync);
  EXPECT_FALSE(decide_group("connect-sink", groups, exclude).sync);
  EXPECT_THAT(decide_group("connect-sink", groups, exclude).text, HasSubstr("'connect-.*'"));
}

}  // namespace
}  // namespace ottla::flow
