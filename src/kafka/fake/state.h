#pragma once
// What the brokers of a fake cluster know, as plain values. Guarded by State::mutex.

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kafka/fake/faults.h"
#include "kafka/fake/partition_log.h"
#include "net/stream.h"

namespace ottla::kafka::fake {

struct PartitionState {
  PartitionLog log;
  BrokerId leader{-1};  // -1: none
  LeaderEpoch epoch{0};
  std::vector<BrokerId> replicas;
  // Readers see nothing at or above it; unset: the end of the log.
  std::optional<Offset> high_watermark_cap;

  [[nodiscard]] Offset high_watermark() const {
    return high_watermark_cap ? std::min(*high_watermark_cap, log.end()) : log.end();
  }
};

struct TopicState {
  std::string name;
  TopicId id;
  std::map<std::string, std::string> configs;
  std::vector<PartitionState> partitions;

  [[nodiscard]] LogRules rules() const;
};

// One partition of an incremental fetch session (KIP-227).
struct SessionPartition {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  Offset fetch_offset{0};
  LeaderEpoch current_leader_epoch{-1};
  LeaderEpoch last_fetched_epoch{-1};
  std::int32_t bytes_max = 0;
  // What was told last, so that only news are told.
  Offset told_high_watermark{-1};
  Offset told_last_stable{-1};
  Offset told_start{-1};
};

struct FetchSession {
  std::int32_t id = 0;
  std::int32_t next_epoch = 1;
  bool by_id = false;
  std::list<SessionPartition> partitions;
};

struct BrokerState {
  BrokerId id;
  net::Endpoint endpoint;
  std::string rack;
  bool up = true;
  std::map<std::int32_t, FetchSession> sessions;
  std::map<ApiKey, VersionRange> offered;
};

struct CommittedOffset {
  Offset offset;
  LeaderEpoch leader_epoch{-1};
  std::string metadata;
};

struct State {
  mutable std::mutex mutex;
  std::string cluster_id = "fake";
  std::map<BrokerId, BrokerState> brokers;
  std::map<std::string, TopicState> topics;
  std::map<std::string, std::map<TopicPartition, CommittedOffset>> groups;
  std::map<std::string, std::pair<ProducerId, ProducerEpoch>> transactional_ids;
  std::int64_t next_producer_id = 1000;
  std::uint64_t next_topic_id = 1;
  std::int32_t next_session_id = 1;
  std::size_t sessions_max = 1000;
  std::size_t sessions_opened = 0;
  // User and password of SASL/PLAIN; none: no login.
  std::optional<std::pair<std::string, std::string>> sasl_plain;
  std::int64_t sasl_session_lifetime_ms = 0;
  Faults faults;
  std::map<ApiKey, std::size_t> requests;  // how many came
  // Null: the real time.
  std::function<std::int64_t()> now_ms;

  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] TopicState* topic(const std::string& name);
  [[nodiscard]] TopicState* topic(const TopicId& id);
  // Null when the topic or partition does not exist.
  [[nodiscard]] PartitionState* partition(const std::string& topic, PartitionId id);
  [[nodiscard]] BrokerId controller() const;
  TopicId new_topic_id();
  TopicState& create_topic(const std::string& name, std::int32_t partitions,
                           std::map<std::string, std::string> configs);
  void add_partitions(TopicState& topic, std::int32_t count);
};

}  // namespace ottla::kafka::fake
