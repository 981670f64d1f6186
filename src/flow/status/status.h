#pragma once
// What a flow says about itself: plain values, taken as a snapshot by the engine and rendered by the
// REST surface, the metrics, the live table and `ottla status`. One truthful state per partition,
// with a reason in words whenever it is not simply working.

#include <cstdint>
#include <optional>
#include <string>
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

struct PartitionStatus {
  std::string topic;         // on the source
  std::string target_topic;  // on the target
  PartitionId partition;
  PartitionState state = PartitionState::kStarting;
  std::string reason;  // empty when there is nothing to explain
  CopyPath path = CopyPath::kNone;
  Offset upstream_position{0};                // next upstream offset to be copied
  std::optional<Offset> upstream_end;         // last stable offset, as last seen
  std::optional<Offset> upstream_log_start;   //
  std::optional<Offset> downstream_end;       // after the last copied record
  std::int64_t records = 0;                   // copied since start of the process
  std::int64_t bytes = 0;                     // of batches written since start of the process
  std::int64_t dropped_records = 0;           // control, aborted: not copied by design
  double records_per_second = 0;              // over the last few seconds
  double bytes_per_second = 0;
  std::optional<double> lag_seconds;          // now - timestamp of the oldest record not yet copied
  std::optional<double> record_age_ms;        // age of the last record when it was read
  std::optional<double> replication_latency_ms;  // record timestamp to acknowledgement on the target
  std::int64_t losses = 0;                    // entries in the loss ledger

  [[nodiscard]] std::optional<std::int64_t> lag_records() const {
    if (!upstream_end) return std::nullopt;
    return *upstream_end - upstream_position;
  }
};

struct TopicNote {
  std::string topic;
  bool copied = false;
  std::string target_topic;
  std::string reason;  // why not copied, or what differs
};

struct ClusterReach {
  std::string alias;
  bool reachable = false;
  std::string detail;  // cluster id, brokers reached; or the error
};

struct FlowStatus {
  std::string source;
  std::string target;
  FlowHealth health = FlowHealth::kOk;
  std::vector<std::string> reasons;  // why the health is not OK, worst first
  bool paused = false;
  std::vector<ClusterReach> clusters;
  std::vector<TopicNote> topics;
  std::vector<PartitionStatus> partitions;
  std::vector<std::string> ledger;  // newest losses, rendered
  std::int64_t ledger_entries = 0;
};

struct ProcessStatus {
  std::string version;
  std::int64_t pid = 0;
  std::int64_t started_at_ms = 0;
  std::vector<FlowStatus> flows;
  // Configuration keys that have no effect, each with its reason.
  std::vector<std::string> configuration_notes;
};

// The worst of all flows.
FlowHealth health(const ProcessStatus& process);

}  // namespace ottla::flow
