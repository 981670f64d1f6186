#include "flow/rules/plan.h"

#include <algorithm>

namespace ottla::flow {

std::string_view planned_action_name(PlannedAction action) {
  switch (action) {
    case PlannedAction::kLeave:
      return "leave";
    case PlannedAction::kCopy:
      return "copy";
    case PlannedAction::kCreate:
      return "create";
    case PlannedAction::kChange:
      return "change";
    case PlannedAction::kRefused:
      return "refused";
  }
  return "unknown";
}

bool Plan::has_problems() const {
  const bool errors = std::ranges::any_of(
      findings, [](const ConfigFinding& f) { return f.kind == FindingKind::kError; });
  return errors || std::ranges::any_of(flows, [](const FlowPlan& flow) {
           return !flow.errors.empty() || !flow.missing_permissions.empty() ||
                  std::ranges::any_of(flow.topics, [](const PlannedTopic& t) {
                    return t.action == PlannedAction::kRefused;
                  });
         });
}

PlannedTopic plan_topic(const TopicRules& rules, const SourceTopic& source, bool broker_internal,
                        const TargetTopic* existing, const PlanOptions& options) {
  PlannedTopic out{.topic = source.name,
                   .partitions = source.partitions,
                   .decision = rules.decide(source.name, broker_internal)};
  if (!out.decision.copy) return out;
  if (existing == nullptr) {
    auto spec = create_spec(out.decision.target_topic, source, options.creation, options.target);
    out.action = spec ? PlannedAction::kCreate : PlannedAction::kRefused;
    if (spec) {
      out.create = *std::move(spec);
    } else {
      out.refusal = std::move(spec).error().text;
    }
    return out;
  }
  if (grown_partitions(source.partitions, existing->partitions)) {
    out.grow_from = existing->partitions;
  }
  if (options.sync_topic_configs) {
    out.config_changes =
        config_differences(source.configs, existing->configs, options.creation.configs);
  }
  const bool changes = out.grow_from || !out.config_changes.empty();
  out.action = changes ? PlannedAction::kChange : PlannedAction::kCopy;
  return out;
}

}  // namespace ottla::flow
