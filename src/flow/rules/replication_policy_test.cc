#include "flow/rules/replication_policy.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

ReplicationPolicy with_separator(std::string separator, bool internal = true) {
  return ReplicationPolicy({.separator = std::move(separator),
                            .internal_separator_enabled = internal,
                            .source_alias = {}});
}

ReplicationPolicy identity(std::string source) {
  return ReplicationPolicy({.kind = PolicyKind::kIdentity, .source_alias = std::move(source)});
}

TEST(DefaultPolicy, NamesTheTopicsOfAFlow) {
  const ReplicationPolicy policy;
  EXPECT_EQ(policy.remote_topic("A", "orders"), "A.orders");
  EXPECT_EQ(policy.offset_syncs_topic("B"), "mm2-offset-syncs.B.internal");
  EXPECT_EQ(policy.checkpoints_topic("A"), "A.checkpoints.internal");
  EXPECT_EQ(policy.heartbeats_topic(), "heartbeats");
  EXPECT_EQ(connect_offsets_topic("A"), "mm2-offsets.A.internal");
  EXPECT_EQ(connect_status_topic("A"), "mm2-status.A.internal");
  EXPECT_EQ(connect_configs_topic("A"), "mm2-configs.A.internal");
}

TEST(DefaultPolicy, FindsSourceUpstreamAndOriginal) {
  const ReplicationPolicy policy;
  EXPECT_EQ(policy.topic_source("a.b.c"), "a");
  EXPECT_EQ(policy.upstream_topic("a.b.c"), "b.c");
  EXPECT_EQ(policy.original_topic("a.b.c"), "c");
  EXPECT_EQ(policy.topic_source("plain"), std::nullopt);
  EXPECT_EQ(policy.upstream_topic("plain"), std::nullopt);
  EXPECT_EQ(policy.original_topic("plain"), "plain");
}

TEST(DefaultPolicy, SplitsAsJavaDoes) {
  const ReplicationPolicy policy;
  EXPECT_EQ(policy.topic_source("a."), std::nullopt);
  EXPECT_EQ(policy.topic_source("a.."), std::nullopt);
  EXPECT_EQ(policy.topic_source("."), std::nullopt);
  EXPECT_EQ(policy.topic_source(".x"), "");
  EXPECT_EQ(policy.upstream_topic(".x"), "x");
  EXPECT_EQ(policy.topic_source("a..b"), "a");
  EXPECT_EQ(policy.upstream_topic("a..b"), ".b");
  EXPECT_EQ(policy.topic_source(""), std::nullopt);
}

TEST(DefaultPolicy, UsesALongSeparator) {
  const auto policy = with_separator("__");
  EXPECT_EQ(policy.topic_source("source1__topic4"), "source1");
  EXPECT_EQ(policy.upstream_topic("source1__topic4"), "topic4");
  EXPECT_EQ(policy.topic_source("source1.topic4"), std::nullopt);
}

TEST(DefaultPolicy, NamesInternalTopicsWithItsSeparatorOrWithADot) {
  EXPECT_EQ(with_separator("__").offset_syncs_topic("CLUSTER"),
            "mm2-offset-syncs__CLUSTER__internal");
  EXPECT_EQ(with_separator("__").checkpoints_topic("CLUSTER"), "CLUSTER__checkpoints__internal");
  EXPECT_EQ(with_separator("__", false).offset_syncs_topic("CLUSTER"),
            "mm2-offset-syncs.CLUSTER.internal");
  EXPECT_EQ(with_separator("__", false).checkpoints_topic("CLUSTER"),
            "CLUSTER.checkpoints.internal");
  EXPECT_EQ(with_separator("_").remote_topic("A", "orders"), "A_orders");
  EXPECT_EQ(with_separator("_").offset_syncs_topic("B"), "mm2-offset-syncs_B_internal");
  EXPECT_EQ(with_separator("_").checkpoints_topic("A"), "A_checkpoints_internal");
}

TEST(DefaultPolicy, KnowsCheckpointTopics) {
  const ReplicationPolicy policy;
  EXPECT_TRUE(policy.is_checkpoints_topic("source1.checkpoints.internal"));
  EXPECT_FALSE(policy.is_checkpoints_topic("checkpoints.internal"));
  EXPECT_FALSE(policy.is_checkpoints_topic("checkpoints-internal"));
  EXPECT_FALSE(policy.is_checkpoints_topic("!checkpoints.internal"));
}

TEST(DefaultPolicy, CallsInternalWhatKafka40Does) {
  const ReplicationPolicy policy;
  EXPECT_TRUE(policy.is_internal_topic("mm2-offsets.A.internal"));
  EXPECT_TRUE(policy.is_internal_topic("mm2-offset-syncs.A.internal"));
  EXPECT_TRUE(policy.is_internal_topic("A.checkpoints.internal"));
  EXPECT_TRUE(policy.is_internal_topic("__consumer_offsets"));
  EXPECT_TRUE(policy.is_internal_topic(".hidden"));
  EXPECT_FALSE(policy.is_internal_topic("app.internal"));
  EXPECT_FALSE(policy.is_internal_topic("app-internal"));
  EXPECT_FALSE(policy.is_internal_topic("mm2"));
}

TEST(DefaultPolicy, KnowsHeartbeatsThroughAnyNumberOfHops) {
  const ReplicationPolicy policy;
  EXPECT_TRUE(policy.is_heartbeats_topic("heartbeats"));
  EXPECT_TRUE(policy.is_heartbeats_topic("source1.source2.heartbeats"));
  EXPECT_FALSE(policy.is_heartbeats_topic("my-heartbeats"));
}

TEST(DefaultPolicy, FindsCycles) {
  const ReplicationPolicy policy;
  EXPECT_TRUE(policy.is_cycle("B.x", "B"));
  EXPECT_TRUE(policy.is_cycle("C.B.x", "B"));
  EXPECT_FALSE(policy.is_cycle("C.x", "B"));
  EXPECT_FALSE(policy.is_cycle("A.x", "B"));
  EXPECT_FALSE(policy.is_cycle("x", "B"));
  EXPECT_FALSE(policy.is_cycle("B.", "B"));
}

TEST(IdentityPolicy, RenamesNothingButHeartbeats) {
  const auto policy = identity("source");
  EXPECT_EQ(policy.remote_topic("A", "orders"), "orders");
  EXPECT_EQ(policy.topic_source("orders"), "source");
  EXPECT_EQ(policy.upstream_topic("orders"), "orders");
  EXPECT_EQ(policy.original_topic("a.b"), "a.b");
  EXPECT_EQ(policy.remote_topic("A", "heartbeats"), "A.heartbeats");
  EXPECT_EQ(policy.topic_source("heartbeats"), std::nullopt);
  EXPECT_EQ(policy.topic_source("backup.heartbeats"), "backup");
  EXPECT_TRUE(policy.is_heartbeats_topic("backup.heartbeats"));
  EXPECT_EQ(policy.checkpoints_topic("A"), "A.checkpoints.internal");
}

TEST(IdentityPolicy, HasNoSourceWithoutAnAliasAndSeesNoCycle) {
  EXPECT_EQ(identity("").topic_source("orders"), std::nullopt);
  EXPECT_FALSE(identity("A").is_cycle("B.x", "B"));
  EXPECT_TRUE(identity("A").is_cycle("B.heartbeats", "B"));
}

TEST(TopicName, IsCheckedByKafkasRule) {
  EXPECT_EQ(topic_name_fault("A.orders_1-x"), "");
  EXPECT_EQ(topic_name_fault(std::string(249, 'a')), "");
  EXPECT_NE(topic_name_fault(std::string(250, 'a')), "");
  EXPECT_NE(topic_name_fault(""), "");
  EXPECT_NE(topic_name_fault("."), "");
  EXPECT_NE(topic_name_fault(".."), "");
  EXPECT_NE(topic_name_fault("a b"), "");
  EXPECT_NE(topic_name_fault("a/b"), "");
}

}  // namespace
}  // namespace ottla::flow
