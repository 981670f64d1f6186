#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "flow/rules/plan.h"

namespace ottla::flow {
namespace {

using Out = std::back_insert_iterator<std::string>;

// The first column: what happens to the target topic.
char sign(PlannedAction action) {
  switch (action) {
    case PlannedAction::kLeave:
      return '-';
    case PlannedAction::kCopy:
      return '=';
    case PlannedAction::kCreate:
      return '+';
    case PlannedAction::kChange:
      return '~';
    case PlannedAction::kRefused:
      return '!';
  }
  return '?';
}

// Names come from files and brokers: nothing of them may steer a terminal.
std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7F; }, '?');
  return out;
}

void creation(Out out, const CreateTopicSpec& spec) {
  fmt::format_to(out, "create with {} partition{}, ", spec.partitions,
                 spec.partitions == 1 ? "" : "s");
  if (spec.replication_factor > 0) {
    fmt::format_to(out, "{} replica{}", spec.replication_factor,
                   spec.replication_factor == 1 ? "" : "s");
  } else {
    fmt::format_to(out, "the brokers' default of replicas");
  }
  for (const auto& [name, value] : spec.configs) fmt::format_to(out, ", {}={}", name, value);
}

void changes(Out out, const PlannedTopic& topic) {
  const char* between = "";
  if (topic.grow_from) {
    fmt::format_to(out, "grow from {} to {} partitions", *topic.grow_from, topic.partitions);
    between = ", ";
  }
  for (const ConfigChange& change : topic.config_changes) {
    if (change.value) {
      fmt::format_to(out, "{}set {}={}", between, change.name, *change.value);
    } else {
      fmt::format_to(out, "{}reset {}", between, change.name);
    }
    between = ", ";
  }
}

void topic_line(Out out, const PlannedTopic& topic) {
  fmt::format_to(out, "  {} {}", sign(topic.action), topic.topic);
  if (topic.action == PlannedAction::kLeave) {
    fmt::format_to(out, "  not copied: {}\n", topic.decision.text);
    return;
  }
  fmt::format_to(out, " -> {}  ", topic.decision.target_topic);
  switch (topic.action) {
    case PlannedAction::kCreate:
      if (topic.create) creation(out, *topic.create);
      break;
    case PlannedAction::kRefused:
      fmt::format_to(out, "refused: {}", topic.refusal);
      break;
    case PlannedAction::kChange:
      changes(out, topic);
      break;
    case PlannedAction::kCopy:
    case PlannedAction::kLeave:
      fmt::format_to(out, "exists");
      break;
  }
  fmt::format_to(out, " ({})\n", topic.decision.text);
  if (!topic.copy_path.empty()) fmt::format_to(out, "      path: {}\n", topic.copy_path);
}

void summary(Out out, const FlowPlan& flow) {
  std::size_t copied = 0;
  std::int64_t partitions = 0;
  for (const PlannedTopic& topic : flow.topics) {
    if (topic.action == PlannedAction::kLeave || topic.action == PlannedAction::kRefused) continue;
    ++copied;
    partitions += topic.partitions;
  }
  fmt::format_to(out, "  {} of {} topics are copied, {} partitions\n", copied, flow.topics.size(),
                 partitions);
}

void flow_text(Out out, const FlowPlan& flow) {
  fmt::format_to(out, "\nFlow {}->{}{}\n", flow.source_alias, flow.target_alias,
                 flow.enabled ? "" : " (heartbeats only)");
  for (const std::string& error : flow.errors) fmt::format_to(out, "  ! {}\n", error);
  if (flow.enabled) summary(out, flow);
  for (const PlannedTopic& topic : flow.topics) topic_line(out, topic);
  if (!flow.groups.empty()) fmt::format_to(out, "  Groups\n");
  for (const PlannedGroup& group : flow.groups) {
    fmt::format_to(out, "  {} {}  ({})\n", group.decision.sync ? '=' : '-', group.group,
                   group.decision.text);
  }
  if (!flow.missing_permissions.empty()) fmt::format_to(out, "  Missing permissions\n");
  for (const MissingPermission& p : flow.missing_permissions) {
    fmt::format_to(out, "  ! {}: {} on {}: {}\n", p.cluster, p.operation, p.resource,
                   p.consequence);
  }
  for (const std::string& hint : flow.hints) fmt::format_to(out, "  hint: {}\n", hint);
}

}  // namespace

std::string plan_to_text(const Plan& plan) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "Plan for {}\n", plan.file_name);
  for (const ConfigFinding& f : plan.findings) {
    fmt::format_to(out, "  {}{}: {}{}{}\n",
                   f.line > 0 ? fmt::format("line {}: ", f.line) : std::string(),
                   finding_kind_name(f.kind), f.key, f.key.empty() ? "" : ": ", f.text);
  }
  for (const FlowPlan& flow : plan.flows) flow_text(out, flow);
  fmt::format_to(out, "\n+ create  ~ change  = as it should be  ! problem  - not copied\n");
  return printable(text);
}

}  // namespace ottla::flow
