#pragma once
// Mm2Publisher: what MirrorMaker 2 writes besides data, in its bytes, so that its tools, its client
// library and MM2 itself go on working:
//
//   heartbeats                     target   once a second, key (source, target)
//   mm2-offset-syncs.<a>.internal  either   the newest (upstream, downstream) of what has moved
//   mm2-offsets.<source>.internal  target   Connect's source offsets: MM2 could go on from here
//   progress group                 source   the position as an ordinary consumer group, for lag
//   tools
//
// Used on one core.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "flow/config/flow_settings.h"
#include "flow/engine/internal_log.h"
#include "flow/offsets/mm2_records.h"
#include "flow/rules/replication_policy.h"

namespace ottla::flow {

// Where a partition of the flow stands.
struct PositionReport {
  TopicPartition partition;  // upstream
  Offset upstream_position;  // next to be copied
  // The last copied record, on both sides; nothing before the first.
  std::optional<std::pair<Offset, Offset>> last;
};
using CollectPositions = std::function<net::Task<std::vector<PositionReport>>()>;

class Mm2Publisher {
 public:
  Mm2Publisher(kafka::Cluster& source, kafka::Cluster& target, kafka::Writer& source_writer,
               kafka::Writer& target_writer, const FlowSettings& settings,
               const ReplicationPolicy& policy, CollectPositions collect);
  ~Mm2Publisher();

  // Positions that MM2, or an earlier Ottla, left in the Connect offsets topic: last copied offset.
  net::Task<Result<std::map<TopicPartition, Offset>>> stored_positions();
  void start();
  // Ends what start() began; asks nobody for positions any more.
  net::Task<void> halt();
  // After halt(): writes the last positions.
  net::Task<void> finish(std::vector<PositionReport> last);

  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  struct Published {
    Offset synced{-1};    // upstream offset of the last sync
    Offset stored{-1};    // last copied offset in the Connect topic
    Offset progress{-1};  // position in the progress group
  };
  static net::Task<void> run_heartbeats(Mm2Publisher* self);
  static net::Task<void> run_positions(Mm2Publisher* self);
  net::Task<Status> open();
  net::Task<Status> publish_syncs(const std::vector<PositionReport>& reports);
  net::Task<Status> publish_positions(const std::vector<PositionReport>& reports);
  net::Task<Status> publish_progress(const std::vector<PositionReport>& reports);
  net::Task<Result<std::int32_t>> connect_partitions();

  kafka::Cluster& source_;
  kafka::Cluster& target_;
  kafka::Cluster& syncs_cluster_;
  const FlowSettings& settings_;
  CollectPositions collect_;
  InternalLog heartbeats_;
  InternalLog syncs_;
  InternalLog positions_;
  net::TaskGroup group_;
  std::map<TopicPartition, Published> published_;
  std::int32_t connect_partitions_ = 0;
  bool opened_ = false;
  std::string trouble_;
};

}  // namespace ottla::flow
