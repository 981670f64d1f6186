#include "flow/status/summary.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

PartitionStatus partition(int id, PartitionState state, std::int64_t lag) {
  PartitionStatus p{.topic = "t", .target_topic = "A.t", .partition = PartitionId(id)};
  p.state = state;
  p.upstream_end = Offset(lag);
  p.lag_seconds = static_cast<double>(lag) / 10;
  return p;
}

FlowStatus flow() {
  FlowStatus f{.source = "A", .target = "B"};
  f.clusters = {{.alias = "A", .reachable = true}, {.alias = "B", .reachable = true}};
  f.partitions = {partition(0, PartitionState::kIdle, 0), partition(1, PartitionState::kCopying, 7),
                  partition(2, PartitionState::kQuarantined, 1),
                  partition(3, PartitionState::kLagging, 5)};
  return f;
}

TEST(Summary, AddsUpPartitions) {
  const FlowSummary sum = summarize(flow());
  EXPECT_EQ(sum.partitions, 4);
  EXPECT_EQ(sum.topics, 1);
  EXPECT_EQ(sum.lag_records, 13);
  EXPECT_EQ(sum.lag_seconds, 0.7);
  EXPECT_EQ(sum.in(PartitionState::kQuarantined), 1);
}

TEST(Summary, PutsTroubleFirstThenLag) {
  const FlowStatus f = flow();
  std::vector<int> order;
  for (const PartitionStatus* p : most_interesting(f, 3)) order.push_back(p->partition.value());
  EXPECT_EQ(order, (std::vector<int>{2, 3, 1}));
}

TEST(Ready, NeedsBothClustersAndAStartedPartition) {
  ProcessStatus s;
  EXPECT_FALSE(ready(s));
  s.flows = {flow()};
  EXPECT_TRUE(ready(s));
  s.flows[0].clusters[1].reachable = false;
  EXPECT_FALSE(ready(s));
  s.flows[0] = flow();
  s.flows[0].partitions = {partition(0, PartitionState::kStarting, 0)};
  EXPECT_FALSE(ready(s));
  s.flows[0].partitions.clear();
  EXPECT_TRUE(ready(s));
}

}  // namespace
}  // namespace ottla::flow
