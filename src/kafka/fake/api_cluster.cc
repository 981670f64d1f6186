#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/describe_cluster.h"
#include "kafka/protocol/generated/find_coordinator.h"

namespace ottla::kafka::fake {

std::optional<DescribeClusterResponse> handle(const DescribeClusterRequest&, Call& call) {
  DescribeClusterResponse response;
  response.error_code = call.error(ErrorCode::kNone);
  response.cluster_id = call.state.cluster_id;
  response.controller_id = call.state.controller();
  for (const auto& [id, broker] : call.state.brokers) {
    if (!broker.up) continue;
    auto& b = response.brokers.emplace_back();
    b.broker_id = id;
    b.host = broker.endpoint.host;
    b.port = broker.endpoint.port;
  }
  return response;
}

// The controller coordinates everything.
std::optional<FindCoordinatorResponse> handle(const FindCoordinatorRequest& request, Call& call) {
  FindCoordinatorResponse response;
  const BrokerId id = call.state.controller();
  const BrokerState& broker = call.state.brokers.at(id);
  const ErrorCode error = call.error(ErrorCode::kNone);
  response.error_code = error;
  response.node_id = id;
  response.host = broker.endpoint.host;
  response.port = broker.endpoint.port;
  for (const std::string& key : request.coordinator_keys) {
    auto& coordinator = response.coordinators.emplace_back();
    coordinator.key = key;
    coordinator.error_code = error;
    coordinator.node_id = id;
    coordinator.host = broker.endpoint.host;
    coordinator.port = broker.endpoint.port;
  }
  return response;
}

}  // namespace ottla::kafka::fake
