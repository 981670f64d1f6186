#pragma once
// FlowCore: one flow's share on one core: its clients of both clusters and the replicators of the
// partitions that live here. Everything is called on that core.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "flow/engine/partition_replicator.h"
#include "flow/groups/group_sync.h"

namespace ottla::flow {

struct CoreAssignment {
  PartitionSpec spec;
  std::optional<LoadedPartition> loaded;  // used when the partition starts here
};

struct CoreSettings {
  kafka::ClusterSettings source;
  kafka::ClusterSettings target;
  std::size_t memory_bytes_max = 64U << 20;
  std::string map_topic;
  std::string ledger_topic;
  std::int32_t map_topic_partitions = 1;
  ProducerId producer_id;
  std::chrono::milliseconds producer_memory{86'400'000};
};

// A snapshot of what lives here.
struct CoreStatus {
  std::vector<PartitionStatus> partitions;
  std::vector<std::string> ledger;
  std::int64_t ledger_entries = 0;
  std::string journal_trouble;
  std::chrono::milliseconds longest_stall{0};
  std::string stalled_place;
};

class FlowCore {
 public:
  FlowCore(net::IoContext& context, const FlowSettings& settings, CoreSettings core);
  ~FlowCore();

  // Starts what is new, tells the others what changed, stops what is not listed.
  void assign(std::vector<CoreAssignment> assignments);
  void source_deleted(const std::string& topic);
  void pause(bool paused);
  void retry();
  [[nodiscard]] CoreStatus status() const;
  [[nodiscard]] std::vector<PositionReport> positions() const;
  // In the order of the question; nothing for partitions that do not live here.
  [[nodiscard]] std::vector<std::optional<Translation>> translate(
      const std::vector<UpstreamPlace>& places) const;
  // Drains, writes the maps, closes all connections.
  net::Task<void> stop();

 private:
  struct Owned {
    std::unique_ptr<PartitionReplicator> replicator;
    bool leaving = false;
    bool ended = false;
  };
  static net::Task<void> run_replicator(FlowCore* self, TopicPartition key);
  static net::Task<void> run_ticks(FlowCore* self);
  static net::Task<void> reap(FlowCore* self);
  void begin(CoreAssignment assignment);

  const FlowSettings& settings_;
  CoreSettings core_;
  BufferPool pool_;
  kafka::Cluster source_;
  kafka::Cluster target_;
  net::TaskGroup group_;
  kafka::Reader reader_;
  kafka::Writer writer_;
  kafka::Writer log_writer_;  // Ottla's own topics: never behind data
  CopyTools tools_;
  InternalLog map_log_;
  InternalLog ledger_log_;
  MapJournal journal_;
  LossRecorder losses_;
  ReplicaContext context_;
  std::map<TopicPartition, Owned> replicators_;
  std::map<TopicPartition, CoreAssignment> waiting_;  // until the one that leaves has ended
  net::Event ended_event_;
  std::vector<PositionReport> last_positions_;  // after stop()
  bool paused_ = false;
  bool stopping_ = false;
};

}  // namespace ottla::flow
