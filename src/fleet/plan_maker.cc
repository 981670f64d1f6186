#include "fleet/plan_maker.h"

#include <fmt/format.h>

#include <charconv>

namespace ottla::fleet {

namespace {

constexpr std::chrono::seconds kSurveyLimit{20};

const std::string* value_of(const std::vector<flow::TopicConfigEntry>& configs,
                            std::string_view name) {
  for (const flow::TopicConfigEntry& entry : configs) {
    if (entry.name == name && entry.value) return &*entry.value;
  }
  return nullptr;
}

std::int64_t number_of(const std::vector<flow::TopicConfigEntry>& configs, std::string_view name) {
  const std::string* text = value_of(configs, name);
  std::int64_t value = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// A topic that the target's controller would not create.
void refuse(flow::PlannedTopic& topic, const CreationFault& fault) {
  topic.action = flow::PlannedAction::kRefused;
  topic.refusal = fault.message.empty() ? make_error_code(fault.code).message() : fault.message;
  topic.create.reset();
}

flow::PlannedTopic plan_one(const FlowSurvey& survey, const flow::TopicRules& rules,
                            const std::string& name, const SurveyedTopic& seen) {
  const flow::SourceTopic source{name, seen.partitions, seen.configs};
  const flow::PlanOptions options{
      .creation = survey.settings->creation(),
      .sync_topic_configs = survey.settings->sync_topic_configs.enabled && !seen.configs.empty(),
      .target = survey.target_admin.creation};
  const auto found = survey.target_admin.topics.find(rules.decide(name).target_topic);
  const bool there = found != survey.target_admin.topics.end();
  std::optional<flow::TargetTopic> existing;
  if (there) existing = flow::TargetTopic{found->second.partitions, found->second.configs};
  flow::PlannedTopic topic =
      flow::plan_topic(rules, source, seen.internal, existing ? &*existing : nullptr, options);
  if (!topic.decision.copy) return topic;
  // Settings that may not be read are not compared either.
  if (there && found->second.configs.empty()) topic.config_changes.clear();
  if (!topic.grow_from && topic.config_changes.empty() &&
      topic.action == flow::PlannedAction::kChange) {
    topic.action = flow::PlannedAction::kCopy;
  }
  topic.copy_path = copy_path(*survey.settings, seen.configs, there ? &existing->configs : nullptr);
  const auto& faults = survey.target_admin.creation_faults;
  const auto fault = faults.find(topic.decision.target_topic);
  if (topic.create && fault != faults.end()) refuse(topic, fault->second);
  return topic;
}

void add_hints(const FlowSurvey& survey, flow::FlowPlan& plan) {
  const flow::FlowSettings& settings = *survey.settings;
  for (const auto& [name, topic] : survey.source_admin.topics) {
    if (topic.error != kafka::ErrorCode::kUnknownTopicOrPartition) continue;
    plan.hints.push_back(fmt::format("topic {} is named in topics, but is not on {} (yet)", name,
                                     settings.source_alias));
  }
  const Operations& rights = survey.target_writer.operations;
  if (settings.takeover_fence && !rights.allows(AclOperation::kAlter) &&
      !rights.allows(AclOperation::kClusterAction)) {
    plan.hints.push_back(fmt::format(
        "without ALTER on the cluster {} a takeover waits until a former owner must be silent, "
        "instead of fencing it",
        settings.target_alias));
  }
  if (settings.sync_topic_acls.enabled) {
    if (!survey.source_admin.operations.allows(AclOperation::kDescribe)) {
      plan.hints.push_back(fmt::format("without DESCRIBE on the cluster {} ACLs are not copied",
                                       settings.source_alias));
    }
    if (!survey.target_admin.operations.allows(AclOperation::kAlter)) {
      plan.hints.push_back(fmt::format("without ALTER on the cluster {} ACLs are not copied",
                                       settings.target_alias));
    }
  }
  if (survey.source_admin.cluster_id == survey.target_admin.cluster_id &&
      !survey.source_admin.cluster_id.empty()) {
    plan.hints.push_back(fmt::format("{} and {} are one and the same cluster ({})",
                                     settings.source_alias, settings.target_alias,
                                     survey.source_admin.cluster_id));
  }
}

void add_errors(const FlowSurvey& survey, flow::FlowPlan& plan) {
  std::vector<std::string> seen;
  for (const ClusterSurvey* cluster :
       {&survey.source_admin, &survey.target_admin, &survey.source_reader, &survey.target_writer}) {
    if (!cluster->error) continue;
    std::string text = cluster->error->to_string();
    const std::string where = "cluster " + cluster->alias + ": ";
    if (!text.starts_with(where)) text = where + text;
    if (std::ranges::find(seen, text) != seen.end()) continue;
    plan.errors.push_back(text);
    seen.push_back(std::move(text));
  }
  plan.errors.insert(plan.errors.end(), survey.troubles.begin(), survey.troubles.end());
}

}  // namespace

std::string copy_path(const flow::FlowSettings& settings,
                      const std::vector<flow::TopicConfigEntry>& source,
                      const std::vector<flow::TopicConfigEntry>* target) {
  const std::string* time = value_of(source, "message.timestamp.type");
  if (time != nullptr && *time == "LogAppendTime") {
    return "re-encode: LogAppendTime stands in the batch headers, each record gets its own time";
  }
  std::string path = "pass-through";
  const std::string* cleanup = value_of(source, "cleanup.policy");
  if (cleanup != nullptr && cleanup->contains("compact")) {
    path += "; batches in which compaction left gaps are re-encoded";
  }
  if (target != nullptr) {
    const std::int64_t ours = number_of(source, "max.message.bytes");
    const std::int64_t theirs = number_of(*target, "max.message.bytes");
    if (theirs > 0 && ours > theirs) {
      path += fmt::format(
          "; batches above {} bytes are re-encoded (max.message.bytes is {} at the "
          "source)",
          theirs, ours);
    }
  }
  if (settings.coalesce) path += "; small ones that wait together become one";
  return path;
}

flow::FlowPlan plan_flow(const FlowSurvey& survey) {
  const flow::FlowSettings& settings = *survey.settings;
  flow::FlowPlan plan{.source_alias = settings.source_alias,
                      .target_alias = settings.target_alias,
                      .enabled = settings.enabled};
  add_errors(survey, plan);
  if (!survey.reached() || !settings.enabled) return plan;
  const flow::TopicRules rules(settings.topic_rules());
  for (const auto& [name, topic] : survey.source_admin.topics) {
    if (topic.error == kafka::ErrorCode::kNone) {
      plan.topics.push_back(plan_one(survey, rules, name, topic));
    } else if (topic.error != kafka::ErrorCode::kUnknownTopicOrPartition &&
               topic.error != kafka::ErrorCode::kTopicAuthorizationFailed) {
      plan.errors.push_back(fmt::format("{}: topic {}: {}", settings.source_alias, name,
                                        make_error_code(topic.error).message()));
    }
  }
  for (const std::string& group : survey.source_admin.groups) {
    plan.groups.push_back(
        {group, flow::decide_group(group, settings.groups, settings.groups_exclude)});
  }
  plan.missing_permissions = missing_permissions(survey, plan);
  add_hints(survey, plan);
  return plan;
}

MadePlan make_plan(const flow::Mm2Config& config, std::string file_name,
                   std::vector<flow::ConfigFinding> findings) {
  MadePlan made;
  made.plan.file_name = std::move(file_name);
  made.plan.findings = std::move(findings);
  for (const FlowSurvey& survey : survey_flows(config, kSurveyLimit)) {
    made.plan.flows.push_back(plan_flow(survey));
    if (!survey.reached()) made.complete = false;
  }
  return made;
}

}  // namespace ottla::fleet
