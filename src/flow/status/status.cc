#include "flow/status/status.h"

#include <algorithm>

namespace ottla::flow {

std::string_view name(PartitionState state) {
  switch (state) {
    case PartitionState::kStarting:
      return "starting";
    case PartitionState::kCopying:
      return "copying";
    case PartitionState::kIdle:
      return "idle";
    case PartitionState::kLagging:
      return "lagging";
    case PartitionState::kThrottled:
      return "throttled";
    case PartitionState::kQuarantined:
      return "quarantined";
    case PartitionState::kPaused:
      return "paused";
    case PartitionState::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::string_view name(CopyPath path) {
  switch (path) {
    case CopyPath::kNone:
      return "none";
    case CopyPath::kPassThrough:
      return "pass-through";
    case CopyPath::kCoalesce:
      return "coalesce";
    case CopyPath::kReencode:
      return "re-encode";
  }
  return "unknown";
}

std::string_view name(FlowHealth health) {
  switch (health) {
    case FlowHealth::kOk:
      return "OK";
    case FlowHealth::kDegraded:
      return "DEGRADED";
    case FlowHealth::kStalled:
      return "STALLED";
    case FlowHealth::kLosingData:
      return "LOSING_DATA";
  }
  return "unknown";
}

FlowHealth health(const ProcessStatus& process) {
  FlowHealth worst = FlowHealth::kOk;
  for (const FlowStatus& flow : process.flows) worst = std::max(worst, flow.health);
  return worst;
}

}  // namespace ottla::flow
