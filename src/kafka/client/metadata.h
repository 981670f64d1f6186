#pragma once
// What a cluster says of itself (Metadata API): brokers, topics, leaders. A plain value; Cluster
// keeps the newest one.

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "kafka/protocol/errors.h"
#include "net/stream.h"

namespace ottla::kafka {

struct PartitionMetadata {
  ErrorCode error = ErrorCode::kNone;
  BrokerId leader{-1};  // -1: none at the moment
  LeaderEpoch leader_epoch{-1};
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> in_sync_replicas;
};

struct TopicMetadata {
  ErrorCode error = ErrorCode::kNone;
  TopicId id;  // zero where the broker does not know topic ids (before 2.8)
  bool internal = false;
  std::vector<PartitionMetadata> partitions;  // by partition number
};

struct BrokerMetadata {
  net::Endpoint endpoint;
  std::optional<std::string> rack;
};

struct Metadata {
  std::string cluster_id;
  BrokerId controller{-1};
  std::map<BrokerId, BrokerMetadata> brokers;
  std::unordered_map<std::string, TopicMetadata> topics;

  // Null when the topic or partition is not known.
  [[nodiscard]] const PartitionMetadata* partition(const std::string& topic, PartitionId id) const {
    const auto it = topics.find(topic);
    if (it == topics.end()) return nullptr;
    const auto index = static_cast<std::size_t>(id.value());
    return index < it->second.partitions.size() ? &it->second.partitions[index] : nullptr;
  }
};

}  // namespace ottla::kafka
