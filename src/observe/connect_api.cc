#include "observe/connect_api.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

namespace ottla::observe {
namespace {

namespace json = boost::json;
using flow::FlowHealth;
using flow::FlowStatus;
using flow::PartitionState;
using flow::PartitionStatus;

constexpr std::array kConnectors = {Connector::kSource, Connector::kCheckpoint,
                                    Connector::kHeartbeat};
constexpr std::size_t kTraceLinesMax = 20;

std::string_view kebab_name(Connector connector) {
  switch (connector) {
    case Connector::kSource:
      return "mirror-source-connector";
    case Connector::kCheckpoint:
      return "mirror-checkpoint-connector";
    case Connector::kHeartbeat:
      return "mirror-heartbeat-connector";
  }
  return "";
}

bool has_task(Connector connector, const FlowStatus& flow) {
  switch (connector) {
    case Connector::kSource:
      return flow.replication_enabled;
    case Connector::kCheckpoint:
      return flow.replication_enabled && flow.checkpoints_enabled;
    case Connector::kHeartbeat:
      return flow.heartbeats_enabled;
  }
  return false;
}

void add_line(std::string& text, std::size_t& lines, const std::string& line) {
  if (line.empty() || ++lines > kTraceLinesMax) return;
  if (!text.empty()) text += '\n';
  text += line;
}

std::string source_trace(const FlowStatus& flow) {
  std::string text;
  std::size_t lines = 0;
  if (flow.health >= FlowHealth::kStalled) {
    add_line(text, lines, std::string(name(flow.health)));
    for (const std::string& reason : flow.reasons) add_line(text, lines, reason);
  }
  for (const PartitionStatus& p : flow.partitions) {
    if (p.state != PartitionState::kQuarantined) continue;
    const TopicPartition tp{p.topic, p.partition};
    add_line(text, lines, tp.to_string() + " quarantined: " + p.reason);
  }
  if (lines > kTraceLinesMax) {
    text += "\n… and " + std::to_string(lines - kTraceLinesMax) + " more";
  }
  return text;
}

// The clusters that this connector needs and that can't be reached.
std::string reach_trace(Connector connector, const FlowStatus& flow) {
  std::string text;
  std::size_t lines = 0;
  for (const flow::ClusterReach& cluster : flow.clusters) {
    if (cluster.reachable) continue;
    if (connector == Connector::kHeartbeat && cluster.alias != flow.target) continue;
    add_line(text, lines, "cluster " + cluster.alias + " is not reachable: " + cluster.detail);
  }
  return text;
}

std::string trace(Connector connector, const FlowStatus& flow) {
  return connector == Connector::kSource ? source_trace(flow) : reach_trace(connector, flow);
}

json::object task_status(Connector connector, const FlowStatus& flow, std::size_t id) {
  const std::string why = trace(connector, flow);
  std::string_view state = "RUNNING";
  if (flow.paused) {
    state = "PAUSED";
  } else if (!why.empty()) {
    state = "FAILED";
  }
  json::object task{{"id", id}, {"state", state}, {"worker_id", flow.flow()}};
  if (state == "FAILED") task["trace"] = why;
  return task;
}

// Connect's connector is what plans tasks; it is paused when all of its flows are.
std::string_view connector_state(Flows flows) {
  const bool all_paused = !flows.empty() && std::ranges::all_of(flows, &FlowStatus::paused);
  return all_paused ? "PAUSED" : "RUNNING";
}

std::string worker_ids(Flows flows) {
  std::string ids;
  for (const FlowStatus* flow : flows) ids += (ids.empty() ? "" : ",") + flow->flow();
  return ids;
}

json::object status_object(Connector connector, std::string_view name, Flows flows) {
  json::array tasks;
  const auto with_task = task_flows(connector, flows);
  for (std::size_t id = 0; id < with_task.size(); ++id) {
    tasks.push_back(task_status(connector, *with_task[id], id));
  }
  return {{"name", name},
          {"connector", {{"state", connector_state(flows)}, {"worker_id", worker_ids(flows)}}},
          {"tasks", std::move(tasks)},
          {"type", "source"}};
}

json::object config_object(Connector connector, std::string_view name, Flows flows) {
  json::object config{
      {"name", name},
      {"connector.class", "org.apache.kafka.connect.mirror." + std::string(class_name(connector))}};
  if (flows.size() == 1) {
    config["source.cluster.alias"] = flows[0]->source;
    config["target.cluster.alias"] = flows[0]->target;
  }
  return config;
}

json::object info_object(Connector connector, std::string_view name, Flows flows) {
  json::array tasks;
  for (std::size_t id = 0; id < task_flows(connector, flows).size(); ++id) {
    tasks.push_back(json::object{{"connector", name}, {"task", id}});
  }
  return {{"name", name},
          {"config", config_object(connector, name, flows)},
          {"tasks", std::move(tasks)},
          {"type", "source"}};
}

}  // namespace

std::optional<Connector> connector_of(std::string_view name) {
  for (const Connector connector : kConnectors) {
    if (name == class_name(connector) || name == kebab_name(connector)) return connector;
  }
  return std::nullopt;
}

std::string_view class_name(Connector connector) {
  switch (connector) {
    case Connector::kSource:
      return "MirrorSourceConnector";
    case Connector::kCheckpoint:
      return "MirrorCheckpointConnector";
    case Connector::kHeartbeat:
      return "MirrorHeartbeatConnector";
  }
  return "";
}

std::vector<const FlowStatus*> task_flows(Connector connector, Flows flows) {
  std::vector<const FlowStatus*> found;
  for (const FlowStatus* flow : flows) {
    if (has_task(connector, *flow)) found.push_back(flow);
  }
  return found;
}

std::string connector_list_json() {
  json::array names;
  for (const Connector connector : kConnectors) names.push_back(json::value(class_name(connector)));
  return json::serialize(names);
}

std::string connector_expand_json(Flows flows, bool with_status, bool with_info) {
  json::object all;
  for (const Connector connector : kConnectors) {
    const std::string_view name = class_name(connector);
    json::object parts;
    if (with_status) parts["status"] = status_object(connector, name, flows);
    if (with_info) parts["info"] = info_object(connector, name, flows);
    all[name] = std::move(parts);
  }
  return json::serialize(all);
}

std::string connector_info_json(Connector connector, std::string_view name, Flows flows) {
  return json::serialize(info_object(connector, name, flows));
}

std::string connector_config_json(Connector connector, std::string_view name, Flows flows) {
  return json::serialize(config_object(connector, name, flows));
}

std::string connector_status_json(Connector connector, std::string_view name, Flows flows) {
  return json::serialize(status_object(connector, name, flows));
}

std::string connector_tasks_json(Connector connector, std::string_view name, Flows flows) {
  json::array tasks;
  const auto with_task = task_flows(connector, flows);
  for (std::size_t id = 0; id < with_task.size(); ++id) {
    const FlowStatus* one[] = {with_task[id]};
    tasks.push_back(json::object{{"id", {{"connector", name}, {"task", id}}},
                                 {"config", config_object(connector, name, one)}});
  }
  return json::serialize(tasks);
}

std::string connector_topics_json(Connector connector, std::string_view name, Flows flows) {
  std::set<std::string_view> topics;
  for (const FlowStatus* flow : task_flows(connector, flows)) {
    if (connector != Connector::kSource) break;
    for (const PartitionStatus& p : flow->partitions) topics.insert(p.target_topic);
  }
  json::array names;
  for (const std::string_view topic : topics) names.push_back(json::value(topic));
  return json::serialize(json::object{{name, {{"topics", std::move(names)}}}});
}

std::string connector_offsets_json(Connector connector, Flows flows) {
  json::array offsets;
  for (const FlowStatus* flow : task_flows(connector, flows)) {
    if (connector != Connector::kSource) break;
    for (const PartitionStatus& p : flow->partitions) {
      if (p.upstream_position.value() <= 0) continue;  // nothing copied: MM2 has no entry either
      offsets.push_back(json::object{
          {"partition",
           {{"cluster", flow->source}, {"partition", p.partition.value()}, {"topic", p.topic}}},
          {"offset", {{"offset", p.upstream_position.value() - 1}}}});
    }
  }
  return json::serialize(json::object{{"offsets", std::move(offsets)}});
}

std::optional<std::string> task_status_json(Connector connector, Flows flows, std::size_t task) {
  const auto with_task = task_flows(connector, flows);
  if (task >= with_task.size()) return std::nullopt;
  return json::serialize(task_status(connector, *with_task[task], task));
}

}  // namespace ottla::observe
