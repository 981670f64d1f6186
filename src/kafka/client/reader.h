#pragma once
// Reader: fetches many partitions of one cluster on one core.
//
// Each source broker has two fetch loops with a connection and an incremental fetch session each:
// `tail` long-polls partitions that are at the head, so that a new record arrives at once; `bulk`
// makes large fetches for partitions that are behind. The next fetch is on the wire before the
// batches of the last one are handed over. Nothing is copied: a subscriber gets a slice of the
// response buffer, and owns a reference to it.
//
// Flow control is by bytes: a subscriber says how much it can take (fetch_credit), and the buffers
// of the whole core are bounded by `memory_bytes_max`.
//
// A partition whose leader moved is found again through metadata; what only the subscriber can
// decide (position out of range, divergence, topic gone, no permission) is handed to it once, and
// the subscription rests until seek().

#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kafka/client/cluster.h"
#include "kafka/session/fetch_response_walk.h"

namespace ottla::kafka {

struct FetchedChunk {
  BufferRef buffer;
  MutableBytes records;  // whole batches, at least one, in offset order
  std::vector<records::AbortedTransaction> aborted;
};

struct LogEnds {
  Offset high_watermark{-1};
  Offset last_stable_offset{-1};
  Offset log_start_offset{-1};
};

struct FetchProblem {
  ErrorCode error = ErrorCode::kNone;
  // Set with error kNone: the log was truncated; the epoch that was read last ends there.
  std::optional<std::pair<LeaderEpoch, Offset>> diverging;
  std::string detail;
};

// Implemented by whoever wants a partition's batches. Calls come from the reader's core.
class FetchSubscriber {
 public:
  virtual ~FetchSubscriber() = default;
  // Bytes that may be fetched now; 0 leaves the partition out until Reader::resume.
  [[nodiscard]] virtual std::size_t fetch_credit() const = 0;
  virtual void on_log_ends(const LogEnds& ends) = 0;
  // `bytes` are about to be handed over: the credit falls before the next fetch is built.
  virtual void on_arriving(std::size_t bytes) = 0;
  virtual void on_fetched(FetchedChunk chunk) = 0;
  // The subscription rests until Reader::seek.
  virtual void on_fetch_problem(FetchProblem problem) = 0;
  // Words for the status: why nothing comes (leader not reachable …); empty when all is well.
  virtual void on_reachability(const std::string& trouble) = 0;
  // A quota of the source holds back its answers for about this long.
  virtual void on_throttled(net::Duration) {}
};

struct ReaderSettings {
  std::int8_t isolation_level = 1;          // read_committed
  std::int32_t bulk_fetch_bytes = 8 << 20;  // per response
  std::int32_t tail_fetch_bytes = 2 << 20;
  std::int32_t partition_bytes_min = 1 << 20;  // least share of a partition in a bulk fetch
  net::Duration tail_wait = std::chrono::milliseconds(500);
  net::Duration bulk_wait = std::chrono::milliseconds(100);
  std::size_t memory_bytes_max = 64U << 20;
  std::uint16_t first_lane = 0;  // two readers of one Cluster must not share a connection
};

class FetchLoop;

// One partition as the reader sees it.
struct Subscription {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  FetchSubscriber* subscriber = nullptr;

  Offset position{0};
  LeaderEpoch last_fetched_epoch{-1};
  LeaderEpoch leader_epoch{-1};
  bool resting = true;     // waits for seek()
  bool bulk = true;        // which loop
  bool caught_up = false;  // with the last answer
  FetchLoop* loop = nullptr;
  bool in_session = false;
  bool dirty = false;
  // Changes with every seek and rest: what was fetched before is not handed over any more. A change
  // of the leader keeps it.
  std::uint64_t incarnation = 0;
};

class Reader {
 public:
  Reader(Cluster& cluster, ReaderSettings settings);
  ~Reader();
  net::Task<void> stop();

  // Starts resting; seek() starts it. The subscriber must outlive remove().
  Subscription* add(std::string topic, TopicId topic_id, PartitionId partition,
                    FetchSubscriber* subscriber);
  void seek(Subscription* subscription, Offset position, LeaderEpoch last_fetched_epoch);
  void rest(Subscription* subscription);
  void resume(Subscription* subscription);
  void remove(Subscription* subscription);

 private:
  friend class FetchLoop;
  static net::Task<void> run_router(Reader* self);
  void route(Subscription& subscription);
  void reroute_all();
  void detach(Subscription& subscription);
  FetchLoop& loop_for(BrokerId broker, bool bulk);
  // True when a response of `bytes` fits in the memory that is left.
  [[nodiscard]] bool has_memory(std::size_t bytes) const;

  Cluster& cluster_;
  ReaderSettings settings_;
  net::TaskGroup group_;
  net::Event route_event_;
  std::unordered_set<Subscription*> unrouted_;
  std::unordered_map<Subscription*, std::unique_ptr<Subscription>> subscriptions_;
  std::map<std::pair<BrokerId, bool>, std::unique_ptr<FetchLoop>> loops_;
  std::uint64_t next_incarnation_ = 1;
  // Of fetches under way; shared with their completions, which may outlive the reader.
  std::shared_ptr<std::size_t> reserved_bytes_ = std::make_shared<std::size_t>(0);
};

}  // namespace ottla::kafka
