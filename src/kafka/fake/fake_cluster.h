#pragma once
// FakeCluster: an in-process Kafka cluster on loopback, for tests and benches: several brokers with
// real sockets, the server side of the protocol, faults on request, and full sight of what is
// stored.
//
// It runs on one io_context: that of the client under test, or one with a thread of its own
// (FakeThread). The methods may be called from any thread; stop() runs on the context.

#include "kafka/fake/black_hole.h"
#include "kafka/fake/broker.h"

namespace ottla::kafka::fake {

struct FakeClusterOptions {
  std::int32_t brokers = 1;  // ids from 1 on
  std::string cluster_id = "fake";
  std::size_t fetch_sessions_max = 1000;  // per broker
  std::optional<std::pair<std::string, std::string>> sasl_plain = std::nullopt;
  std::int64_t sasl_session_lifetime_ms = 0;
  std::shared_ptr<net::TlsContext> tls = nullptr;
  BlackHole* black_hole = nullptr;  // outlives the cluster
  std::function<std::int64_t()> now_ms = nullptr;
};

class FakeCluster {
 public:
  FakeCluster(net::IoContext& context, FakeClusterOptions options);
  ~FakeCluster();
  // Required before destruction.
  net::Task<void> stop();

  [[nodiscard]] std::vector<net::Endpoint> bootstrap() const;
  [[nodiscard]] net::Endpoint endpoint(BrokerId broker) const;

  // --- topics
  TopicId create_topic(const std::string& name, std::int32_t partitions,
                       std::map<std::string, std::string> configs = {});
  void delete_topic(const std::string& name);
  // Deleted and created again: empty, with a new id.
  TopicId recreate_topic(const std::string& name);
  [[nodiscard]] TopicId topic_id(const std::string& name) const;

  // --- the log, seen and written from the test
  Offset append(const TopicPartition& partition, ByteVector batch,
                std::optional<Offset> at = std::nullopt);
  Offset append_marker(const TopicPartition& partition, ProducerId id, ProducerEpoch epoch,
                       bool commit);
  [[nodiscard]] std::vector<StoredRecord> records(const TopicPartition& partition) const;
  [[nodiscard]] ByteVector bytes(const TopicPartition& partition) const;
  [[nodiscard]] Offset log_start(const TopicPartition& partition) const;
  [[nodiscard]] Offset log_end(const TopicPartition& partition) const;
  [[nodiscard]] std::map<ProducerId, ProducerState> producers(
      const TopicPartition& partition) const;
  [[nodiscard]] BrokerId leader(const TopicPartition& partition) const;
  [[nodiscard]] LeaderEpoch leader_epoch(const TopicPartition& partition) const;
  [[nodiscard]] std::map<TopicPartition, CommittedOffset> committed(const std::string& group) const;

  // --- events
  // -1: no leader. The epoch goes up.
  void move_leader(const TopicPartition& partition, BrokerId to);
  // Connections end, leaders move to brokers that are up (or are gone when there is none).
  void broker_down(BrokerId broker);
  void broker_up(BrokerId broker);
  // Comes back at another address.
  void move_broker(BrokerId broker);
  void cut_connections(BrokerId broker);
  // The log loses everything from `end` on and the epoch goes up: an unclean election.
  void truncate(const TopicPartition& partition, Offset end);
  void delete_before(const TopicPartition& partition, Offset start);
  void compact(const TopicPartition& partition, Offset upto,
               const std::function<bool(const StoredRecord&)>& keep);
  void forget_producers(const TopicPartition& partition);
  // As the broker's periodic check does, by the records' own timestamps.
  void expire_producers(std::int64_t older_than_ms);
  void forget_fetch_sessions();
  void set_high_watermark(const TopicPartition& partition, std::optional<Offset> cap);

  // --- faults
  void fault(Fault fault);
  void clear_faults();
  void release_zombies();
  // What all brokers offer; an empty range removes the API.
  void offer(ApiKey api, VersionRange range);
  [[nodiscard]] std::size_t requests(ApiKey api) const;
  [[nodiscard]] std::size_t faults_left() const;
  [[nodiscard]] std::size_t fetch_sessions() const;
  [[nodiscard]] std::size_t fetch_sessions_opened() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  PartitionState& partition(const TopicPartition& partition);
  [[nodiscard]] const PartitionState& partition(const TopicPartition& partition) const;
  void notify();
  void on_context(std::function<void()> work);

  net::IoContext& context_;
  State state_;
  net::Event changed_;
  std::map<BrokerId, std::unique_ptr<Broker>> brokers_;
};

}  // namespace ottla::kafka::fake
