#include "flow/rules/topic_creation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kDefaultExclude =
    "follower\\.replication\\.throttled\\.replicas, leader\\.replication\\.throttled\\.replicas, "
    "message\\.timestamp\\.difference\\.max\\.ms, message\\.timestamp\\.type, "
    "unclean\\.leader\\.election\\.enable, min\\.insync\\.replicas";

ConfigSyncRule rule(bool defaults_from_source = false, std::string_view exclude = kDefaultExclude) {
  return {.exclude = PatternList::compile(exclude).value(),
          .defaults_from_source = defaults_from_source};
}

std::vector<TopicConfigEntry> entries() {
  return {
      {.name = "cleanup.policy", .value = "compact", .source = ConfigSource::kDynamicTopic},
      {.name = "retention.ms", .value = "1000", .source = ConfigSource::kDynamicDefaultBroker},
      {.name = "segment.bytes", .value = "77", .source = ConfigSource::kStaticBroker},
      {.name = "flush.ms", .value = "9", .source = ConfigSource::kDefault},
      {.name = "min.insync.replicas", .value = "2", .source = ConfigSource::kDynamicTopic},
      {.name = "secret", .value = "x", .source = ConfigSource::kDynamicTopic, .sensitive = true},
      {.name = "fixed", .value = "x", .source = ConfigSource::kDynamicTopic, .read_only = true},
  };
}

SourceTopic orders() {
  return {.name = "orders", .partitions = 6, .configs = entries()};
}

TEST(ConfigSync, CreatesWithExplicitSettingsOnly) {
  EXPECT_THAT(configs_for_create(entries(), rule()),
              ElementsAre(Pair("cleanup.policy", "compact"), Pair("retention.ms", "1000")));
}

TEST(ConfigSync, CreatesWithTheSourcesDefaultsWhenAsked) {
  EXPECT_THAT(configs_for_create(entries(), rule(true)),
              ElementsAre(Pair("cleanup.policy", "compact"), Pair("flush.ms", "9"),
                          Pair("retention.ms", "1000")));
}

TEST(ConfigSync, ResetsDefaultsAtEachRound) {
  EXPECT_THAT(
      configs_for_sync(entries(), rule()),
      ElementsAre(ConfigChange{"cleanup.policy", "compact"}, ConfigChange{"flush.ms", std::nullopt},
                  ConfigChange{"retention.ms", "1000"}));
}

TEST(ConfigSync, SetsTheSourcesDefaultsAtEachRoundWhenAsked) {
  EXPECT_THAT(configs_for_sync(entries(), rule(true)),
              ElementsAre(ConfigChange{"cleanup.policy", "compact"}, ConfigChange{"flush.ms", "9"},
                          ConfigChange{"retention.ms", "1000"}));
}

TEST(ConfigSync, HonoursACustomExclusion) {
  EXPECT_THAT(configs_for_create(entries(), rule(false, "retention\\..*, min.*")),
              ElementsAre(Pair("cleanup.policy", "compact")));
}

TEST(ConfigSync, ReportsOnlyWhatWouldChange) {
  const std::vector<TopicConfigEntry> target{
      {.name = "cleanup.policy", .value = "compact", .source = ConfigSource::kDynamicTopic},
      {.name = "flush.ms", .value = "5", .source = ConfigSource::kDynamicTopic},
      {.name = "retention.ms", .value = "1000", .source = ConfigSource::kDefault},
      {.name = "only.here", .value = "1", .source = ConfigSource::kDynamicTopic}};
  EXPECT_THAT(
      config_differences(entries(), target, rule()),
      ElementsAre(ConfigChange{"flush.ms", std::nullopt}, ConfigChange{"retention.ms", "1000"}));
}

TEST(CreateSpec, TakesPartitionsFromTheSourceAndReplicasFromTheSettings) {
  const auto spec = create_spec("A.orders", orders(), {.replication_factor = 2, .configs = rule()},
                                {.brokers = 3, .default_min_insync_replicas = 2});
  ASSERT_TRUE(spec) << spec.error().text;
  EXPECT_EQ(spec->name, "A.orders");
  EXPECT_EQ(spec->partitions, 6);
  EXPECT_EQ(spec->replication_factor, 2);
}

TEST(CreateSpec, RefusesMoreReplicasThanBrokers) {
  const auto spec = create_spec("A.orders", orders(), {.replication_factor = 3, .configs = rule()},
                                {.brokers = 1});
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().fault, CreationFault::kTooFewBrokers);
  EXPECT_THAT(spec.error().text, HasSubstr("needs 3 replicas (replication.factor)"));
  EXPECT_THAT(spec.error().text, HasSubstr("1 broker."));
}

TEST(CreateSpec, RefusesATopicNobodyCouldWriteToBecauseOfACopiedSetting) {
  const auto spec = create_spec(
      "A.orders", orders(), {.replication_factor = 1, .configs = rule(false, "")}, {.brokers = 3});
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().fault, CreationFault::kMinInsyncTooHigh);
  EXPECT_THAT(spec.error().text, HasSubstr("copied from the source"));
}

TEST(CreateSpec, RefusesATopicNobodyCouldWriteToBecauseOfTheTargetsDefault) {
  const auto spec = create_spec("A.orders", orders(), {.replication_factor = 1, .configs = rule()},
                                {.brokers = 3, .default_min_insync_replicas = 2});
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().fault, CreationFault::kMinInsyncTooHigh);
  EXPECT_THAT(spec.error().text, HasSubstr("the target's default"));
}

TEST(CreateSpec, LetsTheBrokersChooseTheReplicas) {
  const CreationSettings settings{.replication_factor = -1, .configs = rule()};
  EXPECT_EQ(create_spec("A.orders", orders(), settings, {.brokers = 1})->replication_factor, -1);
  const auto checked =
      create_spec("A.orders", orders(), settings, {.brokers = 1, .default_replication_factor = 3});
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().text, HasSubstr("default.replication.factor"));
}

TEST(CreateSpec, RefusesNonsense) {
  EXPECT_EQ(create_spec("A orders", orders(), {}, {.brokers = 3}).error().fault,
            CreationFault::kIllegalName);
  EXPECT_EQ(
      create_spec("A.orders", orders(), {.replication_factor = 0, .configs = {}}, {.brokers = 3})
          .error()
          .fault,
      CreationFault::kReplicationFactor);
  EXPECT_EQ(create_spec("A.x", {.name = "x", .partitions = 0, .configs = {}}, {}, {.brokers = 3})
                .error()
                .fault,
            CreationFault::kNoPartitions);
}

TEST(PartitionGrowth, GoesUpNeverDown) {
  EXPECT_EQ(grown_partitions(6, 4), 6);
  EXPECT_EQ(grown_partitions(6, 6), std::nullopt);
  EXPECT_EQ(grown_partitions(4, 6), std::nullopt);
}

}  // namespace
}  // namespace ottla::flow
