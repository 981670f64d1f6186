#pragma once
// Writer: appends batches to many partitions of one cluster on one core.
//
// Several connections ("lanes") per target broker, because a broker executes one request at a time
// per connection; a partition stays on one lane, so its batches arrive in order. A request takes at
// most one batch per partition and many partitions; requests are pipelined up to a window of bytes,
// which covers the round trip of a long link.
//
// Pull model: when a lane has room it asks the partitions that are ready for their next batch. So
// batches pile up at their partition while the window is full, and can be coalesced there.
//
// When a connection is lost or the leader has moved, everything under way of a partition ends with
// an error; whether it was appended is unknown. The source must reconcile against the log before it
// offers more. The writer never repeats a batch by itself.

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kafka/client/cluster.h"

namespace ottla::kafka {

struct ProduceOutcome {
  ErrorCode error = ErrorCode::kNone;
  // Set when no answer came (connection lost, timeout): the batch may or may not be appended.
  std::optional<Error> unanswered;
  Offset base_offset{-1};
  Offset log_start_offset{-1};
  std::string message;  // the broker's words
};

struct OutgoingBatch {
  Bytes bytes;       // one complete batch of magic 2
  BufferRef buffer;  // owns the bytes
};

// One partition's supply of batches. Calls come from the writer's core.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // The next batch, at most about `bytes_max` large when there is a choice. Nothing: not ready any
  // more; the source calls Writer::ready again when it is. Each batch given out gets exactly one
  // on_produced, in order.
  virtual std::optional<OutgoingBatch> next_batch(std::size_t bytes_max) = 0;
  virtual void on_produced(ProduceOutcome outcome) = 0;
  // Words for the status: why nothing goes out; empty when all is well.
  virtual void on_reachability(const std::string& trouble) = 0;
  // Another broker leads the partition, and none of its batches was under way: nothing else would
  // tell that the new leader's log may be shorter.
  virtual void on_leader_moved() {}
  // A quota of the target holds back its answers for about this long.
  virtual void on_throttled(net::Duration) {}
};

struct WriterSettings {
  std::size_t lanes = 2;                    // connections per broker
  std::size_t first_lane = 0;               // two writers of one Cluster must not share a lane
  std::size_t request_bytes_max = 4 << 20;  // more than one batch only below it
  std::size_t window_bytes = 16 << 20;      // under way per lane
  std::size_t window_requests = 64;
  std::int16_t acks = -1;
  std::int32_t timeout_ms = 30000;
};

class ProduceLane;

struct Publication {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  BatchSource* source = nullptr;
  ProduceLane* lane = nullptr;
  bool queued = false;                    // in the lane's ready queue
  std::size_t under_way = 0;              // batches sent and not yet answered
  bool moving = false;                    // to another lane, as soon as nothing is under way
  std::uint64_t* last_request = nullptr;  // of the lane, that took a batch for this partition
};

class Writer {
 public:
  Writer(Cluster& cluster, WriterSettings settings);
  ~Writer();
  // Closes the connections: what is under way ends unanswered, before stop() returns.
  net::Task<void> stop();

  // With a topic id, requests go by it (Produce 13): a re-created topic refuses, and is not filled.
  Publication* add(std::string topic, TopicId topic_id, PartitionId partition, BatchSource* source);
  // The source has a batch, and none of its batches is in doubt.
  void ready(Publication* publication);
  // After an error: finds the leader again, once every batch under way is answered. Called by the
  // source before ready().
  void reroute(Publication* publication);
  void remove(Publication* publication);

  // Appends one batch outside of any publication and waits for the answer: for Ottla's own topics.
  net::Task<Result<Offset>> append(std::string topic, PartitionId partition, BufferRef batch);

 private:
  friend class ProduceLane;
  static net::Task<void> run_router(Writer* self);
  void route(Publication& publication);
  ProduceLane& lane_for(BrokerId broker, const Publication& publication);
  void detach(Publication& publication);
  // A batch of it was answered.
  void answered(Publication& publication, ProduceOutcome outcome);

  Cluster& cluster_;
  WriterSettings settings_;
  net::TaskGroup group_;
  std::unordered_set<Publication*> unrouted_;
  std::unordered_map<Publication*, std::unique_ptr<Publication>> publications_;
  std::map<std::pair<BrokerId, std::size_t>, std::unique_ptr<ProduceLane>> lanes_;
};

}  // namespace ottla::kafka
