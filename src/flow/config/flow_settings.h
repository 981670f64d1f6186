#pragma once
// Everything that the file says about one flow A->B, typed.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flow/config/client_settings.h"
#include "flow/config/layers.h"
#include "flow/rules/config_finding.h"
#include "flow/rules/java_regex.h"
#include "flow/rules/replication_policy.h"
#include "flow/rules/topic_creation.h"
#include "flow/rules/topic_rules.h"

namespace ottla::flow {

// A job that runs now and then. `interval` is positive if enabled.
struct Periodic {
  bool enabled = true;
  std::chrono::milliseconds interval{0};
};

enum class SyncsLocation { kSource, kTarget };
enum class LossAction { kStop, kContinue };

// ottla.loss.policy and ottla.on.*
struct LossPolicy {
  LossAction on_retention = LossAction::kContinue;
  LossAction on_truncation = LossAction::kStop;
  LossAction on_recreate = LossAction::kStop;
  LossAction on_foreign_write = LossAction::kContinue;
  LossAction on_too_large = LossAction::kStop;
};

struct TopicReplicas {
  std::int32_t offset_syncs = 3;
  std::int32_t checkpoints = 3;
  std::int32_t heartbeats = 3;
  std::int32_t offset_storage = 3;
};

// The clients of a flow. Readers and writers are the data path; the others are for control.
struct FlowClients {
  ClientSettings source_reader;  // records
  ClientSettings target_writer;  // records, checkpoints, heartbeats, positions
  ClientSettings source_admin;
  ClientSettings target_admin;
  ClientSettings target_reader;        // checkpoints, positions, Ottla's own topics
  ClientSettings offset_syncs_writer;  // to the cluster that offset-syncs.topic.location names
};

struct FlowSettings {
  std::string source_alias;
  std::string target_alias;
  bool enabled = false;      // copies records; false: heartbeats at most
  Periodic emit_heartbeats;  // on the target

  PatternList topics;
  PatternList topics_exclude;
  PatternList groups;
  PatternList groups_exclude;
  bool heartbeats_replication_enabled = true;
  ReplicationPolicyOptions policy;

  std::int32_t replication_factor = 2;  // -1: the brokers' default
  TopicReplicas internal_replicas;
  ConfigSyncRule config_sync_rule;  // config.properties.exclude, use.defaults.from
  Periodic refresh_topics;          // the shorter of MM2's and ottla.refresh.topics.ms
  Periodic sync_topic_configs;
  Periodic sync_topic_acls;
  std::chrono::milliseconds admin_timeout{60'000};

  bool emit_offset_syncs = true;
  SyncsLocation offset_syncs_location = SyncsLocation::kSource;
  std::int64_t offset_lag_max = 100;
  Periodic emit_checkpoints;
  Periodic sync_group_offsets;
  Periodic refresh_groups;

  // The Connect offsets topic, on the target.
  std::string offset_storage_topic;
  std::int32_t offset_storage_partitions = 25;
  std::map<std::string, std::string> offset_storage_configs;  // e.g. min.insync.replicas

  LossPolicy loss;
  std::chrono::milliseconds map_flush{1'000};
  bool coalesce = true;
  std::int32_t batch_bytes_max = 1 << 20;
  int writer_connections = 4;
  std::string progress_group;  // empty: none
  bool takeover_fence = true;

  FlowClients clients;

  [[nodiscard]] FlowName name() const { return {source_alias, target_alias}; }
  // "A->B"
  [[nodiscard]] std::string to_string() const { return name().to_string(); }
  [[nodiscard]] TopicRulesOptions topic_rules() const;
  [[nodiscard]] CreationSettings creation() const {
    return {.replication_factor = replication_factor, .configs = config_sync_rule};
  }
  // Name of MM2's offset syncs topic for this flow, and the alias of the cluster that holds it.
  [[nodiscard]] std::string offset_syncs_topic() const;
  [[nodiscard]] const std::string& offset_syncs_cluster() const {
    return offset_syncs_location == SyncsLocation::kSource ? source_alias : target_alias;
  }
};

// Types one flow out of the file (after config providers). What is wrong goes to `findings`.
FlowSettings make_flow_settings(const Settings& file, const FlowName& flow,
                                std::vector<ConfigFinding>& findings);

// Whether MM2 writes heartbeats for the pair: A->B.emit.heartbeats.enabled, else the top level's,
// else true. Anything but "true" is false, as in MM2.
bool heartbeats_enabled(const Settings& file, const FlowName& flow);
// A->B.enabled, as MM2's driver reads it when it chooses the pairs to serve.
bool flow_enabled(const Settings& file, const FlowName& flow);

}  // namespace ottla::flow
