#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/metadata.h"

namespace ottla::kafka::fake {

namespace {

MetadataResponse::Topic describe(const TopicState& topic, const State& state) {
  MetadataResponse::Topic answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = topic.name.starts_with("__");
  std::int32_t index = 0;
  for (const PartitionState& partition : topic.partitions) {
    MetadataResponse::Partition p;
    p.partition_index = PartitionId(index++);
    p.leader_id = partition.leader;
    p.leader_epoch = partition.epoch;
    p.replica_nodes = partition.replicas;
    for (const BrokerId id : partition.replicas) {
      (state.brokers.at(id).up ? p.isr_nodes : p.offline_replicas).push_back(id);
    }
    if (partition.leader.value() < 0) p.error_code = ErrorCode::kLeaderNotAvailable;
    answer.partitions.push_back(std::move(p));
  }
  return answer;
}

MetadataResponse::Topic describe(const MetadataRequest::Topic& wanted, Call& call) {
  const bool by_id = !wanted.topic_id.is_zero();
  const TopicState* topic =
      by_id ? call.state.topic(wanted.topic_id) : call.state.topic(wanted.name.value_or(""));
  if (topic != nullptr && !call.forced_error) return describe(*topic, call.state);
  MetadataResponse::Topic answer;
  answer.name = wanted.name;
  answer.topic_id = wanted.topic_id;
  answer.error_code =
      call.error(by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
  return answer;
}

}  // namespace

std::optional<MetadataResponse> handle(const MetadataRequest& request, Call& call) {
  MetadataResponse response;
  response.cluster_id = call.state.cluster_id;
  response.controller_id = call.state.controller();
  for (const auto& [id, broker] : call.state.brokers) {
    if (!broker.up) continue;
    MetadataResponse::Broker b;
    b.node_id = id;
    b.host = broker.endpoint.host;
    b.port = broker.endpoint.port;
    if (!broker.rack.empty()) b.rack = broker.rack;
    response.brokers.push_back(std::move(b));
  }
  const bool all = !request.topics || (call.version == 0 && request.topics->empty());
  if (all) {
    for (const auto& [name, topic] : call.state.topics) {
      response.topics.push_back(describe(topic, call.state));
    }
    return response;
  }
  for (const auto& wanted : *request.topics) response.topics.push_back(describe(wanted, call));
  return response;
}

}  // namespace ottla::kafka::fake
