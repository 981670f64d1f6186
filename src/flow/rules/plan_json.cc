#include <boost/json.hpp>

#include "flow/rules/plan.h"

namespace ottla::flow {
namespace {

namespace json = boost::json;

json::object finding(const ConfigFinding& f) {
  json::object out{{"kind", finding_kind_name(f.kind)}, {"key", f.key}, {"text", f.text}};
  if (f.line > 0) out["line"] = f.line;
  return out;
}

json::object creation(const CreateTopicSpec& spec) {
  json::object configs;
  for (const auto& [name, value] : spec.configs) configs[name] = value;
  return {{"partitions", spec.partitions},
          {"replication_factor", spec.replication_factor},
          {"configs", std::move(configs)}};
}

json::array changes(const std::vector<ConfigChange>& list) {
  json::array out;
  for (const ConfigChange& change : list) {
    json::object one{{"name", change.name}, {"operation", change.value ? "set" : "delete"}};
    if (change.value) one["value"] = *change.value;
    out.push_back(std::move(one));
  }
  return out;
}

json::object topic(const PlannedTopic& t) {
  json::object out{{"topic", t.topic},
                   {"partitions", t.partitions},
                   {"action", planned_action_name(t.action)},
                   {"reason", topic_reason_name(t.decision.reason)},
                   {"text", t.decision.text},
                   {"target_topic", t.decision.target_topic}};
  if (t.create) out["create"] = creation(*t.create);
  if (!t.refusal.empty()) out["refusal"] = t.refusal;
  if (t.grow_from) out["grow"] = {{"from", *t.grow_from}, {"to", t.partitions}};
  if (!t.config_changes.empty()) out["config_changes"] = changes(t.config_changes);
  if (!t.copy_path.empty()) out["copy_path"] = t.copy_path;
  return out;
}

json::array strings(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

json::object flow(const FlowPlan& f) {
  json::array topics;
  for (const PlannedTopic& t : f.topics) topics.push_back(topic(t));
  json::array groups;
  for (const PlannedGroup& g : f.groups) {
    groups.push_back(
        json::object{{"group", g.group}, {"sync", g.decision.sync}, {"text", g.decision.text}});
  }
  json::array permissions;
  for (const MissingPermission& p : f.missing_permissions) {
    permissions.push_back(json::object{{"cluster", p.cluster},
                                       {"resource", p.resource},
                                       {"operation", p.operation},
                                       {"consequence", p.consequence}});
  }
  return {{"source", f.source_alias},    {"target", f.target_alias},
          {"enabled", f.enabled},        {"topics", std::move(topics)},
          {"groups", std::move(groups)}, {"missing_permissions", std::move(permissions)},
          {"hints", strings(f.hints)},   {"errors", strings(f.errors)}};
}

}  // namespace

json::value plan_to_json(const Plan& plan) {
  json::array findings;
  for (const ConfigFinding& f : plan.findings) findings.push_back(finding(f));
  json::array flows;
  for (const FlowPlan& f : plan.flows) flows.push_back(flow(f));
  return json::object{{"file", plan.file_name},
                      {"has_problems", plan.has_problems()},
                      {"findings", std::move(findings)},
                      {"flows", std::move(flows)}};
}

}  // namespace ottla::flow
