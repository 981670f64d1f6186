#pragma once
// For tests only: a status with two flows and a bit of everything, and a ProcessControl over it.

#include <string>
#include <vector>

#include "flow/status/control.h"

namespace ottla::observe::testing {

inline flow::PartitionStatus test_partition(int id, flow::PartitionState state) {
  flow::PartitionStatus p{
      .topic = "orders", .target_topic = "A.orders", .partition = PartitionId(id)};
  p.state = state;
  p.path = flow::CopyPath::kPassThrough;
  p.upstream_position = Offset(42);
  p.upstream_end = Offset(50);
  p.records = 42;
  p.bytes = 4200;
  p.records_per_second = 1.5;
  p.lag_seconds = 0.25;
  return p;
}

// A->B copies orders-0 and orders-1; B->A exists for its heartbeats alone.
inline flow::ProcessStatus test_status() {
  flow::ProcessStatus s{.version = "0.1.0", .pid = 7, .started_at_ms = 1'700'000'000'000};
  flow::FlowStatus ab{.source = "A", .target = "B"};
  ab.clusters = {{.alias = "A", .cluster_id = "idA", .reachable = true},
                 {.alias = "B", .cluster_id = "idB", .reachable = true}};
  ab.partitions = {test_partition(0, flow::PartitionState::kIdle),
                   test_partition(1, flow::PartitionState::kCopying)};
  flow::FlowStatus ba{.source = "B", .target = "A"};
  ba.clusters = {{.alias = "B", .cluster_id = "idB", .reachable = true},
                 {.alias = "A", .cluster_id = "idA", .reachable = true}};
  ba.replication_enabled = false;
  s.flows = {ab, ba};
  return s;
}

class FakeControl : public flow::ProcessControl {
 public:
  flow::ProcessStatus status = test_status();
  std::vector<std::string> calls{};

  void snapshot(std::function<void(flow::ProcessStatus)> done) override { done(status); }
  Status pause(const std::string& flow) override { return called("pause " + flow); }
  Status resume(const std::string& flow) override { return called("resume " + flow); }
  Status restart(const std::string& flow) override { return called("restart " + flow); }

 private:
  Status called(std::string call) {
    calls.push_back(std::move(call));
    return {};
  }
};

}  // namespace ottla::observe::testing
