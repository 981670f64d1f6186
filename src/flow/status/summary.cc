#include "flow/status/summary.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

namespace ottla::flow {
namespace {

int urgency(const PartitionStatus& p) {
  if (p.state == PartitionState::kQuarantined) return 0;
  if (p.losses > 0) return 1;
  if (p.state == PartitionState::kThrottled) return 2;
  if (p.state == PartitionState::kLagging) return 3;
  return 4;
}

auto rank(const PartitionStatus& p) {
  return std::make_tuple(urgency(p), -p.lag_records().value_or(0), std::string_view(p.topic),
                         p.partition);
}

}  // namespace

FlowSummary summarize(const FlowStatus& flow) {
  FlowSummary sum;
  std::set<std::string_view> topics;
  for (const PartitionStatus& p : flow.partitions) {
    ++sum.by_state[static_cast<std::size_t>(p.state)];
    topics.insert(p.topic);
    sum.records += p.records;
    sum.bytes += p.bytes;
    sum.records_per_second += p.records_per_second;
    sum.bytes_per_second += p.bytes_per_second;
    sum.lag_records += std::max<std::int64_t>(0, p.lag_records().value_or(0));
    if (p.lag_seconds) sum.lag_seconds = std::max(sum.lag_seconds.value_or(0), *p.lag_seconds);
    sum.losses += p.losses;
  }
  sum.partitions = static_cast<std::int64_t>(flow.partitions.size());
  sum.topics = static_cast<std::int64_t>(topics.size());
  return sum;
}

std::vector<const PartitionStatus*> most_interesting(const FlowStatus& flow,
                                                     std::size_t count_max) {
  std::vector<const PartitionStatus*> rows;
  rows.reserve(flow.partitions.size());
  for (const PartitionStatus& p : flow.partitions) rows.push_back(&p);
  const std::size_t kept = std::min(count_max, rows.size());
  std::partial_sort(
      rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(),
      [](const PartitionStatus* a, const PartitionStatus* b) { return rank(*a) < rank(*b); });
  rows.resize(kept);
  return rows;
}

bool ready(const ProcessStatus& status) {
  if (status.flows.empty()) return false;
  return std::ranges::all_of(status.flows, [](const FlowStatus& flow) {
    const bool reached =
        !flow.clusters.empty() && std::ranges::all_of(flow.clusters, &ClusterReach::reachable);
    const bool started = flow.partitions.empty() ||
                         std::ranges::any_of(flow.partitions, [](const PartitionStatus& p) {
                           return p.state != PartitionState::kStarting;
                         });
    return reached && started;
  });
}

}  // namespace ottla::flow
