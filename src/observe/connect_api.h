#pragma once
// What Kafka Connect's REST interface answers for an MM2 flow, as pure functions of the status.
//
// MM2 runs three connectors per flow; a process with several flows has them several times under the
// same name. Here each connector has one task per flow, in the order of the flows, and its
// worker_id is "A->B", as MM2's is. Callers narrow it to one flow with `flows`.
//
// The mapping is made for alerting: a task is FAILED, with the reasons as its trace, as soon as one
// of the flow's partitions is quarantined or the flow is stalled or loses data.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/status/status.h"

namespace ottla::observe {

enum class Connector { kSource, kCheckpoint, kHeartbeat };

// "MirrorSourceConnector" and "mirror-source-connector", and so on.
std::optional<Connector> connector_of(std::string_view name);
std::string_view class_name(Connector connector);

using Flows = std::span<const flow::FlowStatus* const>;

// Names in this file are those that the caller used; they are echoed in the answer.
std::string connector_list_json();
// `with` is "status", "info" or both.
std::string connector_expand_json(Flows flows, bool with_status, bool with_info);
std::string connector_info_json(Connector connector, std::string_view name, Flows flows);
std::string connector_config_json(Connector connector, std::string_view name, Flows flows);
std::string connector_status_json(Connector connector, std::string_view name, Flows flows);
std::string connector_tasks_json(Connector connector, std::string_view name, Flows flows);
std::string connector_topics_json(Connector connector, std::string_view name, Flows flows);
// MM2's source offsets: those of the last copied records.
std::string connector_offsets_json(Connector connector, Flows flows);

// The flows that have a task of this connector, in task order.
std::vector<const flow::FlowStatus*> task_flows(Connector connector, Flows flows);
// Nothing when there is no such task.
std::optional<std::string> task_status_json(Connector connector, Flows flows, std::size_t task);

}  // namespace ottla::observe
