#pragma once
// What a flow says about itself: plain values, taken as a snapshot by the engine and rendered by
// the REST surface, the metrics, the live table and `ottla status`. One truthful state per
// partition, with a reason in words whenever it is not simply working.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace ottla::flow {

enum class PartitionState {
  kStarting,     // loading the map, reconciling with the target
  kCopying,      // moving records, close to the end
  kIdle,         // everything that stands upstream is on the target
  kLagging,      // moving records, behind by more than a few seconds
  kThrottled,    // slowed by a quota of a broker
  kQuarantined,  // stopped by a problem of this partition alone; `reason` says what to do
  kPaused,       // stopped on request
  kStopped,      // not running
};

// How batches of a partition travel (design: the path of a batch).
enum class CopyPath { kNone, kPassThrough, kCoalesce, kReencode };

enum class FlowHealth { kOk, kDegraded, kStalled, kLosingData };

std::string_view name(PartitionState state);
std::string_view name(CopyPath path);
std::string_view name(FlowHealth health);

// What a value did over the metric window (MM2: 2 samples of 30 s). Absent when nothing was
// recorded.
struct WindowStats {
  double min = 0;
  double max = 0;
  double avg = 0;
};

struct PartitionStatus {
  std::string topic{};         // on the source
  std::string target_topic{};  // on the target
  PartitionId partition{};
  PartitionState state = PartitionState::kStarting;
  std::string reason{};  // empty when there is nothing to explain
  CopyPath path = CopyPath::kNone;
  Offset upstream_position{0};           // next upstream offset to be copied
  std::optional<Offset> upstream_end{};  // last stable offset, as last seen
  std::optional<Offset> upstream_log_start{};
  std::optional<Offset> downstream_end{};  // after the last copied record
  std::int64_t records = 0;                // copied since start of the process
  std::int64_t bytes = 0;                  // of batches written since start of the process
  std::int64_t dropped_records = 0;        // control, aborted: not copied by design
  double records_per_second = 0;           // over the last few seconds
  double bytes_per_second = 0;
  std::optional<double> lag_seconds{};    // now - timestamp of the oldest record not yet copied
  std::optional<double> record_age_ms{};  // age of the last record when it was read
  // Record timestamp to acknowledgement on the target.
  std::optional<double> replication_latency_ms{};
  std::optional<WindowStats> record_age_window_ms{};
  std::optional<WindowStats> replication_latency_window_ms{};
  std::int64_t losses = 0;  // entries in the loss ledger

  [[nodiscard]] std::optional<std::int64_t> lag_records() const {
    if (!upstream_end) return std::nullopt;
    return *upstream_end - upstream_position;
  }
};

struct TopicNote {
  std::string topic{};
  bool copied = false;
  std::string target_topic{};
  std::string reason{};  // why not copied, or what differs
};

// A consumer group of the source that is kept on the target: one entry per group and partition.
struct GroupStatus {
  std::string group{};
  std::string target_topic{};
  PartitionId partition{};
  std::optional<Offset> downstream_offset{};      // as of the last checkpoint
  std::optional<double> checkpoint_latency_ms{};  // group offset read to checkpoint acknowledged
  std::optional<WindowStats> checkpoint_latency_window_ms{};
  bool synced = false;   // committed on the target as well (sync.group.offsets.enabled)
  std::string reason{};  // why not, when it should be
};

struct ClusterReach {
  std::string alias{};
  std::string cluster_id{};  // empty while unknown
  bool reachable = false;
  std::string detail{};  // cluster id, brokers reached; or the error
};

struct FlowStatus {
  std::string source{};
  std::string target{};
  FlowHealth health = FlowHealth::kOk;
  std::vector<std::string> reasons{};  // why the health is not OK, worst first
  bool paused = false;
  // Which of MM2's three connectors do work; a flow may exist for its heartbeats alone.
  bool replication_enabled = true;
  bool checkpoints_enabled = true;
  bool heartbeats_enabled = true;
  std::vector<ClusterReach> clusters{};
  std::vector<TopicNote> topics{};
  std::vector<PartitionStatus> partitions{};
  std::vector<GroupStatus> groups{};
  std::vector<std::string> ledger{};  // newest losses, rendered
  std::int64_t ledger_entries = 0;

  // "A->B", as REST, the CLI and the logs name it.
  [[nodiscard]] std::string flow() const { return source + "->" + target; }
};

struct ProcessStatus {
  std::string version{};
  std::int64_t pid = 0;
  std::int64_t started_at_ms = 0;
  std::vector<FlowStatus> flows{};
  // Configuration keys that have no effect, each with its reason.
  std::vector<std::string> configuration_notes{};
};

// The worst of all flows.
FlowHealth health(const ProcessStatus& process);

}  // namespace ottla::flow
