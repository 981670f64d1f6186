#pragma once
// Flow: one direction A->B as a whole. Lives on core 0: discovers topics, keeps Ottla's topics on
// the target, hands partitions to the cores, and sums up what they say.
//
//   open      both clusters answer; map and ledger topics exist; the maps are loaded; the flow has
//   a
//             producer id; one FlowCore per core is started
//   discover  again and again: which topics, created and grown on the target, which partitions
//   stop      all cores drain and write their maps
//
// One Flow is one fleet member; a partition is owned by exactly one core of it.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "flow/engine/flow_core.h"
#include "flow/engine/topic_catalog.h"
#include "flow/groups/group_sync.h"
#include "flow/groups/mm2_publisher.h"
#include "flow/status/status.h"
#include "flow/sync/metadata_sync.h"
#include "net/runtime.h"

namespace ottla::flow {

struct FlowOptions {
  std::size_t cores = 1;
  std::size_t memory_bytes_max = 64U << 20;  // of this flow, all cores
};

class Flow {
 public:
  // The settings must outlive the flow.
  Flow(net::Runtime& runtime, const FlowSettings& settings, FlowOptions options);
  ~Flow();

  // Loads key material and starts. An error here is one of configuration.
  Status start();
  net::Task<void> stop();

  void pause(bool paused);
  // Another attempt now for everything that stands still.
  void retry();
  // Calls back on core 0.
  void snapshot(std::function<void(FlowStatus)> done);
  [[nodiscard]] const FlowSettings& settings() const { return settings_; }

 private:
  static net::Task<void> run(Flow* self);
  net::Task<Status> open();
  net::Task<Result<ProducerId>> agree_on_producer(net::Deadline deadline);
  net::Task<Status> load_maps();
  net::Task<Status> load_ledger();
  net::Task<std::chrono::milliseconds> producer_memory();
  net::Task<Status> discover_once();
  void hand_out(Discovery& found);
  [[nodiscard]] std::vector<std::string> copied_topics() const;
  void start_cores(ProducerId producer_id, std::chrono::milliseconds memory);
  void on_core(std::size_t core, std::function<void(FlowCore&)> work);
  // Asks every core and waits for all answers, in the order of the cores.
  template <class T>
  net::Task<std::vector<T>> ask_cores(std::function<T(const FlowCore&)> question);
  net::Task<std::vector<PositionReport>> collect_positions();
  net::Task<std::vector<std::optional<Translation>>> translate(std::vector<UpstreamPlace> places);
  [[nodiscard]] std::size_t core_of(const TopicPartition& partition) const;
  FlowStatus sum_up(std::vector<CoreStatus> cores) const;
  void judge(FlowStatus& status, const std::vector<CoreStatus>& cores) const;

  net::Runtime& runtime_;
  const FlowSettings& settings_;
  FlowOptions options_;
  CoreSettings core_settings_;
  BufferPool pool_;
  net::TaskGroup group_;
  net::Event event_;
  std::unique_ptr<kafka::Cluster> source_;
  std::unique_ptr<kafka::Cluster> target_;
  std::unique_ptr<kafka::Writer> writer_;
  std::unique_ptr<kafka::Writer> source_writer_;
  std::unique_ptr<Mm2Publisher> publisher_;
  std::unique_ptr<GroupSync> group_sync_;
  std::unique_ptr<MetadataSync> metadata_sync_;
  TopicRules rules_;
  std::map<TopicPartition, Offset> stored_positions_;
  std::unique_ptr<InternalLog> map_log_;
  std::unique_ptr<InternalLog> ledger_log_;
  std::unique_ptr<TopicCatalog> catalog_;
  std::vector<std::unique_ptr<FlowCore>> cores_;  // each made, used and destroyed on its own core
  std::map<PartitionKey, Result<LoadedPartition>> loaded_;
  std::map<TopicPartition, PartitionSpec> assigned_;  // as last listed; never taken back
  std::set<std::string> missing_;  // topics that were copied and are gone from the source
  Discovery last_;
  std::string trouble_;  // of opening or discovering; empty: none
  net::Deadline trouble_since_{};
  std::vector<std::string> old_losses_;  // from the ledger, newest first
  std::int64_t old_loss_entries_ = 0;
  bool opened_ = false;
  bool paused_ = false;
  bool wake_ = false;
};

}  // namespace ottla::flow
