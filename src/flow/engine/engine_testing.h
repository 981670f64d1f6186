#pragma once
// For tests only: a flow A->B between two fake clusters, driven from the test's thread, that can be
// stopped, killed without warning and started again; what the source holds, and what must come of
// it on the target.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "flow/config/fake_config_files.h"
#include "flow/config/mm2_config.h"
#include "flow/engine/flow.h"
#include "flow/offsets/ledger.h"
#include "kafka/fake/fake_cluster.h"
#include "net/testing.h"

namespace ottla::flow::testing {

namespace fake = kafka::fake;
using namespace std::chrono_literals;

inline TopicPartition tp(const std::string& topic, std::int32_t partition = 0) {
  return {topic, PartitionId(partition)};
}
inline TopicPartition copy_of(const TopicPartition& source) {
  return {"A." + source.topic, source.partition};
}

using Values = std::vector<std::string>;

// One process that runs the flow.
struct FlowProcess {
  std::unique_ptr<net::Runtime> runtime;
  std::unique_ptr<FlowSettings> settings;
  std::unique_ptr<Flow> flow;
};

// A flow A->B that copies all, continues after losses and hurries; `more` are further lines.
FlowSettings make_settings(const fake::FakeCluster& source, const fake::FakeCluster& target,
                           const std::string& more);

class Mirror {
 public:
  explicit Mirror(std::int32_t brokers = 2);
  ~Mirror();

  fake::FakeCluster& source() { return *source_; }
  fake::FakeCluster& target() { return *target_; }

  // Lines of mm2.properties for the next start.
  std::string more_settings;
  net::Duration request_timeout{1500};

  void start();
  // Drains and writes the map.
  void stop();
  // As kill -9: nothing of the process runs any more and its connections are cut.
  void kill();
  [[nodiscard]] bool is_running() const { return process_.flow != nullptr; }
  Flow& flow() { return *process_.flow; }
  FlowStatus status();
  // Why partitions stand where they are, in words.
  std::string trouble();

  // Runs both sides until the condition holds or the time is over.
  bool run_until(const std::function<bool()>& condition, net::Duration limit = 60s);
  void run_for(net::Duration time);

  // --- the source. Each record has a value of its own; `produce` gives them.
  Values produce(const TopicPartition& partition, int count, fake::BatchSpec like = {});
  // A transaction in one batch; aborted ones are not expected on the target.
  void transaction(const TopicPartition& partition, int count, bool commit);
  // What the target must hold, in order. Tests change it where something is lost for good.
  Values& expected(const TopicPartition& partition) { return expected_[partition]; }

  // --- the target
  [[nodiscard]] Values copied(const TopicPartition& source_partition) const;
  [[nodiscard]] bool has_topic(const std::string& target_topic) const;
  [[nodiscard]] std::vector<LossEntry> ledger() const;
  [[nodiscard]] std::vector<LossKind> loss_kinds() const;
  // The map in its topic, as a new process would load it.
  [[nodiscard]] std::map<PartitionKey, Result<LoadedPartition>> maps() const;

  // All of expected() stands on the target, for all partitions.
  bool run_until_copied();
  // After stop(): the contents are exactly those expected, and the map knows where each came from.
  void check();
  void check_map(const TopicPartition& partition);

 private:
  std::size_t step();

  net::IoContext brokers_context_{1};
  std::unique_ptr<fake::FakeCluster> source_;
  std::unique_ptr<fake::FakeCluster> target_;
  FlowProcess process_;
  std::map<TopicPartition, Values> expected_;
  std::int64_t serial_ = 0;
  std::int64_t next_transaction_ = 1;
};

// A predicate for faults: Produce requests to this topic of the cluster.
std::function<bool(const fake::RequestInfo&)> produces_to(fake::FakeCluster& cluster,
                                                          const std::string& topic);

class EngineTest : public ::testing::Test {
 protected:
  void copy_all() {
    ASSERT_TRUE(mirror.run_until_copied());
    mirror.stop();
    mirror.check();
  }
  Mirror mirror;
};

}  // namespace ottla::flow::testing
