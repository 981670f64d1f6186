#pragma once
// What a flow's partitions add up to, and which of them a person wants to see first.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "flow/status/status.h"

namespace ottla::flow {

inline constexpr std::size_t kPartitionStates = 8;

struct FlowSummary {
  std::array<std::int64_t, kPartitionStates> by_state{};  // indexed by PartitionState
  std::int64_t partitions = 0;
  std::int64_t topics = 0;  // with at least one partition here
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  double records_per_second = 0;
  double bytes_per_second = 0;
  std::int64_t lag_records = 0;       // sum over partitions whose end is known
  std::optional<double> lag_seconds;  // the worst partition's
  std::int64_t losses = 0;

  [[nodiscard]] std::int64_t in(PartitionState state) const {
    return by_state[static_cast<std::size_t>(state)];
  }
};

FlowSummary summarize(const FlowStatus& flow);

// Partitions in order of interest: quarantined, throttled, lagging, then by lag in records, then by
// name. Pointers into `flow`, at most `count_max`.
std::vector<const PartitionStatus*> most_interesting(const FlowStatus& flow, std::size_t count_max);

// True once each flow reaches its clusters and at least one of its partitions has started (a flow
// may have none). Partitions that join later don't make a process unready again.
bool ready(const ProcessStatus& status);

}  // namespace ottla::flow
