#pragma once
// How a topic is made on the target, and how its settings are kept like the source's.
//
// Creation follows MM2 (same partition count, explicit settings of the source that the exclusion
// list does not name) with one difference: a topic that nobody could write to is refused with words
// instead of being created.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/rules/java_regex.h"

namespace ottla::flow {

// Where a setting's value comes from; the numbers of DescribeConfigs.
enum class ConfigSource : std::int8_t {
  kUnknown = 0,
  kDynamicTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
};

struct TopicConfigEntry {
  std::string name;
  std::optional<std::string> value{};
  ConfigSource source = ConfigSource::kUnknown;
  bool read_only = false;
  bool sensitive = false;
};

struct ConfigSyncRule {
  PatternList exclude{};  // config.properties.exclude
  // use.defaults.from=source: the source's defaults become explicit settings.
  bool defaults_from_source = false;
};

struct ConfigChange {
  std::string name;
  std::optional<std::string> value;  // none: delete the explicit setting
  auto operator<=>(const ConfigChange&) const = default;
};

// Settings of a new topic.
std::map<std::string, std::string> configs_for_create(const std::vector<TopicConfigEntry>& source,
                                                      const ConfigSyncRule& rule);
// What MM2 sends at each round: everything the source says, sorted by name.
std::vector<ConfigChange> configs_for_sync(const std::vector<TopicConfigEntry>& source,
                                           const ConfigSyncRule& rule);
// The part of configs_for_sync that would change the target.
std::vector<ConfigChange> config_differences(const std::vector<TopicConfigEntry>& source,
                                             const std::vector<TopicConfigEntry>& target,
                                             const ConfigSyncRule& rule);

struct SourceTopic {
  std::string name;
  std::int32_t partitions = 0;
  std::vector<TopicConfigEntry> configs{};
};

struct TargetCluster {
  std::int32_t brokers = 0;  // alive now
  // The brokers' own defaults, where they could be read.
  std::optional<std::int32_t> default_replication_factor{};
  std::optional<std::int32_t> default_min_insync_replicas{};
};

struct CreationSettings {
  std::int32_t replication_factor = 2;  // replication.factor; -1: the brokers' default
  ConfigSyncRule configs{};
};

struct CreateTopicSpec {
  std::string name;
  std::int32_t partitions = 0;
  std::int16_t replication_factor = -1;
  std::map<std::string, std::string> configs;
  bool operator==(const CreateTopicSpec&) const = default;
};

enum class CreationFault {
  kIllegalName,
  kNoPartitions,
  kReplicationFactor,  // not a count of replicas at all
  kTooFewBrokers,      // replication factor above the number of brokers
  kMinInsyncTooHigh,   // no producer with acks=all could ever write
};

struct CreationRefusal {
  CreationFault fault;
  std::string text;  // what is wrong and what to do
};

// `target_name` is the name under which the topic is made.
std::expected<CreateTopicSpec, CreationRefusal> create_spec(std::string_view target_name,
                                                            const SourceTopic& source,
                                                            const CreationSettings& settings,
                                                            const TargetCluster& target);

// The partition count that an existing target topic must grow to; none if it has enough.
std::optional<std::int32_t> grown_partitions(std::int32_t source, std::int32_t target);

}  // namespace ottla::flow
