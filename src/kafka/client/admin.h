#pragma once
// Admin calls as functions over a Cluster. Each makes one attempt unless it says otherwise; an
// error names cluster, topic-partition and API. `retrying` repeats what the error table calls
// retriable.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client/cluster.h"

namespace ottla::kafka {

// True for errors after which the same call may well succeed: broker errors that the error table
// calls retriable, a lost connection, a timeout.
bool may_retry(const Error& error);

// Calls `attempt` (a callable that returns Task<Result<T>>) until it succeeds, fails for good, or
// the deadline has passed; pauses grow from 50 ms to 1 s. `attempt` must outlive the call.
template <class Attempt>
auto retrying(Attempt& attempt, net::Deadline deadline) -> decltype(attempt()) {
  net::Duration pause{50};
  for (;;) {
    auto result = co_await attempt();
    if (result || !may_retry(result.error()) || net::Clock::now() + pause >= deadline) {
      co_return result;
    }
    OTTLA_CO_TRY(co_await net::sleep_for(pause));
    pause = std::min(pause * 2, net::Duration(1000));
  }
}

// --- offsets ---

inline constexpr std::int64_t kLatest = -1;
inline constexpr std::int64_t kEarliest = -2;

// Offset of the first record at or after `timestamp` (ms, or kLatest, kEarliest) on the partition's
// leader; -1 when no record is that young. read_committed gives the last stable offset as latest.
net::Task<Result<Offset>> list_offset(Cluster& cluster, TopicPartition partition,
                                      std::int64_t timestamp, std::int8_t isolation_level);

// --- producers ---

struct ProducerIdentity {
  ProducerId id{-1};
  ProducerEpoch epoch{-1};
};
// A fresh producer id, not transactional.
net::Task<Result<ProducerIdentity>> init_producer_id(Cluster& cluster);

struct ActiveProducer {
  ProducerId id;
  ProducerEpoch epoch;
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp_ms = -1;
};
// What the partition's leader remembers of producers.
net::Task<Result<std::vector<ActiveProducer>>> describe_producers(Cluster& cluster,
                                                                  TopicPartition partition);

// Writes an abort marker of (id, epoch) into the partition: every lower epoch of the id is refused
// from then on. Returns when it stands. Needs ALTER or CLUSTER_ACTION on the cluster.
net::Task<Status> write_fence_marker(Cluster& cluster, TopicPartition partition,
                                     ProducerIdentity identity);

// --- topics ---

struct ConfigEntry {
  std::optional<std::string> value;
  bool read_only = false;
  bool sensitive = false;
  std::int8_t source = -1;  // as in DescribeConfigs
};
using Configs = std::map<std::string, ConfigEntry>;

enum class ConfigResource : std::int8_t { kTopic = 2, kBroker = 4 };
// By resource name, in requests of bounded size; a resource that could not be described carries its
// error.
net::Task<Result<std::map<std::string, Result<Configs>>>> describe_configs(
    Cluster& cluster, ConfigResource type, std::vector<std::string> names);

struct NewTopic {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication_factor = -1;  // -1: the broker's default
  std::map<std::string, std::string> configs;
};
// In one request. By name: true if this call made the topic, false if it was there already, or why
// there is none.
net::Task<Result<std::map<std::string, Result<bool>>>> create_topics(Cluster& cluster,
                                                                     std::vector<NewTopic> topics);
// One topic; that it was there already counts as success.
net::Task<Status> create_topic(Cluster& cluster, NewTopic topic);
net::Task<Status> create_partitions(Cluster& cluster, std::string topic, std::int32_t count);

// --- reading a log from end to end ---

struct LogSlice {
  BufferRef buffer;
  MutableBytes records;  // may end in a cut-off batch
  Offset high_watermark{-1};
  Offset log_start_offset{-1};
};
// One fetch of one partition, read_uncommitted. `lane` keeps it off the busy connections.
net::Task<Result<LogSlice>> fetch_slice(Cluster& cluster, TopicPartition partition, Offset offset,
                                        std::int32_t bytes_max);

}  // namespace ottla::kafka
