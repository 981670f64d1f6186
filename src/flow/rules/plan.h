#pragma once
// What Ottla would do, before it does anything: the value behind `ottla plan` and GET
// /ottla/v1/plan.
//
// A caller fills it from the configuration and from what both clusters answer; plan_topic does the
// part that needs thought. Text and JSON say the same.

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flow/rules/config_finding.h"
#include "flow/rules/topic_creation.h"
#include "flow/rules/topic_rules.h"

namespace ottla::flow {

// A topic that exists on the target.
struct TargetTopic {
  std::int32_t partitions = 0;
  std::vector<TopicConfigEntry> configs{};
};

enum class PlannedAction {
  kLeave,    // not copied; the decision says why
  kCopy,     // copied, the target topic is as it should be
  kCreate,   // the target topic is made first
  kChange,   // the target topic grows or gets other settings
  kRefused,  // should be copied, but the target topic can't be made; `refusal` says why
};
std::string_view planned_action_name(PlannedAction action);

struct PlannedTopic {
  std::string topic;
  std::int32_t partitions = 0;  // on the source
  TopicDecision decision;
  PlannedAction action = PlannedAction::kLeave;
  std::optional<CreateTopicSpec> create{};
  std::string refusal{};
  std::optional<std::int32_t> grow_from{};  // partitions on the target now
  std::vector<ConfigChange> config_changes{};
  std::string copy_path{};  // pass-through, coalesce or re-encode, and why; empty: not known yet
};

struct PlannedGroup {
  std::string group;
  GroupDecision decision;
};

struct MissingPermission {
  std::string cluster;      // alias
  std::string resource;     // "topic orders"
  std::string operation;    // "READ"
  std::string consequence;  // what does not work without it
};

struct FlowPlan {
  std::string source_alias;
  std::string target_alias;
  bool enabled = false;  // false: heartbeats only
  std::vector<PlannedTopic> topics{};
  std::vector<PlannedGroup> groups{};
  std::vector<MissingPermission> missing_permissions{};
  std::vector<std::string> hints{};
  std::vector<std::string> errors{};  // what could not be found out
};

struct Plan {
  std::string file_name;
  std::vector<ConfigFinding> findings{};
  std::vector<FlowPlan> flows{};

  // True if something stands in the way: an error, a refusal, a missing permission.
  [[nodiscard]] bool has_problems() const;
};

struct PlanOptions {
  CreationSettings creation;
  bool sync_topic_configs = true;
  TargetCluster target;
};

// `existing` is the topic of the decision's target name on the target; null if there is none.
PlannedTopic plan_topic(const TopicRules& rules, const SourceTopic& source, bool broker_internal,
                        const TargetTopic* existing, const PlanOptions& options);

std::string plan_to_text(const Plan& plan);
boost::json::value plan_to_json(const Plan& plan);

}  // namespace ottla::flow
