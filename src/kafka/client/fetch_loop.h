#pragma once
// FetchLoop: one connection and one incremental fetch session (KIP-227) to one broker. Owned by
// Reader, which see. Only partitions that changed since the last request are named in the next one.

#include <deque>

#include "kafka/client/reader.h"

namespace ottla::kafka {

class FetchLoop {
 public:
  FetchLoop(Reader& reader, BrokerId broker, bool bulk);

  void add(Subscription& subscription);
  void remove(Subscription& subscription);
  // Position, credit or epoch changed.
  void mark_dirty(Subscription& subscription);
  void wake() { ready_event_.notify_all(); }

  static net::Task<void> run(FetchLoop* self);

 private:
  using Key = std::pair<TopicId, PartitionId>;
  struct KeyHash {
    std::size_t operator()(const Key& k) const noexcept {
      return std::hash<TopicId>{}(k.first) ^ (std::hash<PartitionId>{}(k.second) * 0x9E3779B9U);
    }
  };
  struct Delivery {
    Subscription* subscription;
    std::uint64_t incarnation;
    FetchedChunk chunk;
  };
  struct Forgotten {
    std::string topic;
    TopicId topic_id;
    PartitionId partition;
  };

  net::Task<Status> fetch_once();
  // False when there is nothing to ask for.
  bool build(RequestFrame& frame, std::int16_t version, const std::string& client_id);
  [[nodiscard]] std::int32_t partition_share() const;
  Status take(Response response, std::int16_t version);
  void take_partition(session::FetchedPartition& partition, const BufferRef& buffer);
  void take_records(Subscription& subscription, session::FetchedPartition& partition,
                    const BufferRef& buffer);
  void take_error(Subscription& subscription, session::FetchedPartition& partition);
  void move_wish(Subscription& subscription, const session::FetchedPartition& partition,
                 std::size_t bytes);
  void release_idle();
  void hand_back(Subscription& subscription, ErrorCode error, std::string detail);
  void deliver();
  void reset_session();
  void report_reachability(const std::string& trouble);
  Subscription* find(const session::FetchedPartition& partition);

  Reader& reader_;
  BrokerId broker_;
  bool bulk_;
  net::Event ready_event_;
  std::unordered_map<Key, Subscription*, KeyHash> by_id_;
  std::unordered_map<TopicPartition, Subscription*> by_name_;  // brokers without topic ids
  std::vector<Subscription*> dirty_;
  std::vector<Forgotten> forgotten_;
  std::size_t in_session_ = 0;
  std::size_t without_id_ = 0;  // subscriptions of topics whose id is not known
  std::int32_t session_id_ = 0;
  std::int32_t session_epoch_ = 0;
  std::vector<Delivery> deliveries_;
  std::vector<Subscription*> movers_;
  session::FetchedPartition scratch_;
  std::string trouble_;
};

}  // namespace ottla::kafka
