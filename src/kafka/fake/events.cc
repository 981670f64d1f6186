// The events of a fake cluster: what happens to brokers, leaders and logs.

#include <algorithm>

#include "base/assert.h"
#include "kafka/fake/fake_cluster.h"

namespace ottla::kafka::fake {

void FakeCluster::move_leader(const TopicPartition& where, BrokerId to) {
  {
    const std::lock_guard lock(state_.mutex);
    PartitionState& p = partition(where);
    p.leader = to;
    ++p.epoch;
  }
  notify();
}

void FakeCluster::broker_down(BrokerId broker) {
  {
    const std::lock_guard lock(state_.mutex);
    state_.brokers.at(broker).up = false;
    state_.brokers.at(broker).sessions.clear();
    for (auto& [name, topic] : state_.topics) {
      for (PartitionState& p : topic.partitions) {
        if (p.leader != broker) continue;
        const auto heir = std::ranges::find_if(
            p.replicas, [this](BrokerId id) { return state_.brokers.at(id).up; });
        p.leader = heir == p.replicas.end() ? BrokerId(-1) : *heir;
        ++p.epoch;
      }
    }
  }
  on_context([this, broker] { brokers_.at(broker)->go_down(); });
  notify();
}

void FakeCluster::broker_up(BrokerId broker) {
  on_context([this, broker] {
    const std::lock_guard lock(state_.mutex);
    BrokerState& known = state_.brokers.at(broker);
    const auto endpoint = brokers_.at(broker)->start(known.endpoint.port);
    OTTLA_ASSERT(endpoint.has_value());
    known.up = true;
    for (auto& [name, topic] : state_.topics) {
      for (PartitionState& p : topic.partitions) {
        if (p.leader.value() >= 0 || std::ranges::find(p.replicas, broker) == p.replicas.end())
          continue;
        p.leader = broker;
        ++p.epoch;
      }
    }
  });
  notify();
}

void FakeCluster::move_broker(BrokerId broker) {
  on_context([this, broker] {
    const std::lock_guard lock(state_.mutex);
    brokers_.at(broker)->go_down();
    const auto endpoint = brokers_.at(broker)->start(0);
    OTTLA_ASSERT(endpoint.has_value());
    state_.brokers.at(broker).endpoint = *endpoint;
    state_.brokers.at(broker).sessions.clear();
  });
}

void FakeCluster::cut_connections(BrokerId broker) {
  on_context([this, broker] { brokers_.at(broker)->close_connections(); });
}

void FakeCluster::truncate(const TopicPartition& where, Offset end) {
  {
    const std::lock_guard lock(state_.mutex);
    PartitionState& p = partition(where);
    p.log.truncate(end);
    ++p.epoch;
  }
  notify();
}

void FakeCluster::delete_before(const TopicPartition& where, Offset start) {
  {
    const std::lock_guard lock(state_.mutex);
    partition(where).log.delete_before(start);
  }
  notify();
}

void FakeCluster::compact(const TopicPartition& where, Offset upto,
                          const std::function<bool(const StoredRecord&)>& keep) {
  const std::lock_guard lock(state_.mutex);
  partition(where).log.compact(upto, keep);
}

void FakeCluster::forget_producers(const TopicPartition& where) {
  const std::lock_guard lock(state_.mutex);
  partition(where).log.forget_producers();
}

void FakeCluster::expire_producers(std::int64_t older_than_ms) {
  const std::lock_guard lock(state_.mutex);
  for (auto& [name, topic] : state_.topics) {
    for (PartitionState& p : topic.partitions) p.log.expire_producers(older_than_ms);
  }
}

void FakeCluster::forget_fetch_sessions() {
  const std::lock_guard lock(state_.mutex);
  for (auto& [id, broker] : state_.brokers) broker.sessions.clear();
}

void FakeCluster::set_high_watermark(const TopicPartition& where, std::optional<Offset> cap) {
  {
    const std::lock_guard lock(state_.mutex);
    partition(where).high_watermark_cap = cap;
  }
  notify();
}

void FakeCluster::release_zombies() {
  on_context([this] {
    for (auto& [id, broker] : brokers_) broker->release_zombies();
  });
}

}  // namespace ottla::kafka::fake
