#include "kafka/client/admin.h"

#include <algorithm>

#include "kafka/protocol/generated/create_partitions.h"
#include "kafka/protocol/generated/create_topics.h"
#include "kafka/protocol/generated/describe_configs.h"
#include "kafka/protocol/generated/describe_producers.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/protocol/generated/init_producer_id.h"
#include "kafka/protocol/generated/list_offsets.h"
#include "kafka/protocol/generated/write_txn_markers.h"
#include "kafka/session/fetch_response_walk.h"

namespace ottla::kafka {

namespace {

constexpr Lane kLogLane{LanePurpose::kFetch, 2};
constexpr std::size_t kResourcesPerRequest = 200;
constexpr std::int16_t kLastFetchByName = 12;
constexpr std::int16_t kLastMarkerWithOwnEpoch = 1;

std::string place(Cluster& cluster, const TopicPartition& partition, const char* api) {
  return fmt::format("{}: {} of {}", cluster.alias(), api, partition.to_string());
}

// The leader as metadata knows it; asks for the topic when it does not.
net::Task<Result<BrokerId>> leader_of(Cluster& cluster, TopicPartition partition) {
  const PartitionMetadata* known = nullptr;
  std::shared_ptr<const Metadata> view = cluster.metadata();
  if (view) known = view->partition(partition.topic, partition.partition);
  if (known == nullptr || known->leader.value() < 0) {
    std::vector<std::string> names{partition.topic};
    OTTLA_CO_ASSIGN(view, co_await cluster.describe_topics(std::move(names)));
    known = view->partition(partition.topic, partition.partition);
  }
  if (known == nullptr) {
    co_return fail(ErrorCode::kUnknownTopicOrPartition,
                   cluster.alias() + ": " + partition.to_string());
  }
  if (known->leader.value() < 0) {
    co_return fail(ErrorCode::kLeaderNotAvailable, cluster.alias() + ": " + partition.to_string());
  }
  co_return known->leader;
}

// A broker that is no leader any more: metadata is old.
std::unexpected<Error> partition_error(Cluster& cluster, ErrorCode code, std::string where) {
  if (refreshes_metadata(code)) cluster.request_refresh();
  return fail(code, std::move(where));
}

}  // namespace

bool may_retry(const Error& error) {
  if (error.code.category() == error_category()) {
    return is_retriable(static_cast<ErrorCode>(error.code.value()));
  }
  return error.code == make_error_code(BaseErrc::kUnavailable) ||
         error.code == make_error_code(BaseErrc::kTimedOut) ||
         error.code.category() == std::system_category() ||
         error.code.category() == std::generic_category();
}

net::Task<Result<Offset>> list_offset(Cluster& cluster, TopicPartition partition,
                                      std::int64_t timestamp, std::int8_t isolation_level) {
  OTTLA_CO_ASSIGN(const BrokerId leader, co_await leader_of(cluster, partition));
  ListOffsetsRequest request;
  request.replica_id = BrokerId(-1);
  request.isolation_level = isolation_level;
  request.timeout_ms = 10000;
  request.topics.resize(1);
  request.topics[0].name = partition.topic;
  request.topics[0].partitions.resize(1);
  request.topics[0].partitions[0].partition_index = partition.partition;
  request.topics[0].partitions[0].timestamp = timestamp;
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_broker(leader, std::move(request)));
  if (reply.message.topics.size() != 1 || reply.message.topics[0].partitions.size() != 1) {
    co_return fail(BaseErrc::kCorrupt, place(cluster, partition, "ListOffsets"));
  }
  const auto& answer = reply.message.topics[0].partitions[0];
  if (answer.error_code != ErrorCode::kNone) {
    co_return partition_error(cluster, answer.error_code, place(cluster, partition, "ListOffsets"));
  }
  co_return answer.offset;
}

net::Task<Result<ProducerIdentity>> init_producer_id(Cluster& cluster) {
  InitProducerIdRequest request;
  request.transactional_id.reset();
  request.transaction_timeout_ms = 60000;
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_any(std::move(request)));
  if (reply.message.error_code != ErrorCode::kNone) {
    co_return fail(reply.message.error_code, cluster.alias() + ": InitProducerId");
  }
  co_return ProducerIdentity{reply.message.producer_id, reply.message.producer_epoch};
}

net::Task<Result<std::vector<ActiveProducer>>> describe_producers(Cluster& cluster,
                                                                  TopicPartition partition) {
  OTTLA_CO_ASSIGN(const BrokerId leader, co_await leader_of(cluster, partition));
  DescribeProducersRequest request;
  request.topics.resize(1);
  request.topics[0].name = partition.topic;
  request.topics[0].partition_indexes = {partition.partition};
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_broker(leader, std::move(request)));
  if (reply.message.topics.size() != 1 || reply.message.topics[0].partitions.size() != 1) {
    co_return fail(BaseErrc::kCorrupt, place(cluster, partition, "DescribeProducers"));
  }
  const auto& answer = reply.message.topics[0].partitions[0];
  if (answer.error_code != ErrorCode::kNone) {
    co_return partition_error(cluster, answer.error_code,
                              place(cluster, partition, "DescribeProducers"));
  }
  std::vector<ActiveProducer> producers;
  for (const auto& p : answer.active_producers) {
    producers.push_back({p.producer_id, ProducerEpoch(static_cast<std::int16_t>(p.producer_epoch)),
                         p.last_sequence, p.last_timestamp});
  }
  co_return producers;
}

net::Task<Status> write_fence_marker(Cluster& cluster, TopicPartition partition,
                                     ProducerIdentity identity) {
  OTTLA_CO_ASSIGN(const BrokerId leader, co_await leader_of(cluster, partition));
  WriteTxnMarkersRequest request;
  request.markers.resize(1);
  auto& marker = request.markers[0];
  marker.producer_id = identity.id;
  marker.producer_epoch = identity.epoch;
  marker.transaction_result = false;
  marker.coordinator_epoch = 0;
  marker.topics.resize(1);
  marker.topics[0].name = partition.topic;
  marker.topics[0].partition_indexes = {partition.partition};
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_broker(leader, std::move(request),
                                                                 kLastMarkerWithOwnEpoch));
  const auto& markers = reply.message.markers;
  if (markers.size() != 1 || markers[0].topics.size() != 1 ||
      markers[0].topics[0].partitions.size() != 1) {
    co_return fail(BaseErrc::kCorrupt, place(cluster, partition, "WriteTxnMarkers"));
  }
  const ErrorCode code = markers[0].topics[0].partitions[0].error_code;
  if (code != ErrorCode::kNone) {
    co_return partition_error(cluster, code, place(cluster, partition, "WriteTxnMarkers"));
  }
  co_return Status{};
}

net::Task<Result<std::map<std::string, Result<Configs>>>> describe_configs(
    Cluster& cluster, ConfigResource type, std::vector<std::string> names) {
  std::map<std::string, Result<Configs>> found;
  for (std::size_t begin = 0; begin < names.size(); begin += kResourcesPerRequest) {
    const std::size_t end = std::min(names.size(), begin + kResourcesPerRequest);
    DescribeConfigsRequest request;
    for (std::size_t i = begin; i < end; ++i) {
      DescribeConfigsRequest::Resource resource;
      resource.resource_type = static_cast<std::int8_t>(type);
      resource.resource_name = std::move(names[i]);
      resource.configuration_keys.reset();
      request.resources.push_back(std::move(resource));
    }
    // A broker's settings are answered by that broker alone.
    Result<Reply<DescribeConfigsResponse>> reply =
        type == ConfigResource::kBroker && request.resources.size() == 1
            ? co_await cluster.call_broker(
                  BrokerId(std::atoi(request.resources[0].resource_name.c_str())), request)
            : co_await cluster.call_any(request);
    if (!reply) co_return std::unexpected(std::move(reply).error());
    for (const auto& result : reply->message.results) {
      if (result.error_code != ErrorCode::kNone) {
        found.emplace(result.resource_name,
                      fail(result.error_code, fmt::format("{}: DescribeConfigs of {}",
                                                          cluster.alias(), result.resource_name)));
        continue;
      }
      Configs configs;
      for (const auto& c : result.configs) {
        configs[c.name] = {c.value, c.read_only, c.is_sensitive, c.config_source};
      }
      found.emplace(result.resource_name, std::move(configs));
    }
  }
  co_return found;
}

net::Task<Result<std::map<std::string, Result<bool>>>> create_topics(Cluster& cluster,
                                                                     std::vector<NewTopic> topics) {
  CreateTopicsRequest request;
  request.timeout_ms = 30000;
  for (NewTopic& topic : topics) {
    CreateTopicsRequest::Topic wanted;
    wanted.name = std::move(topic.name);
    wanted.num_partitions = topic.partitions;
    wanted.replication_factor = topic.replication_factor;
    for (const auto& [name, value] : topic.configs) {
      CreateTopicsRequest::Config config;
      config.name = name;
      config.value = value;
      wanted.configs.push_back(std::move(config));
    }
    request.topics.push_back(std::move(wanted));
  }
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_controller(std::move(request)));
  std::map<std::string, Result<bool>> made;
  for (const auto& answer : reply.message.topics) {
    const bool there = answer.error_code == ErrorCode::kTopicAlreadyExists;
    if (there || answer.error_code == ErrorCode::kNone) {
      made.emplace(answer.name, !there);
      continue;
    }
    const bool forbidden = answer.error_code == ErrorCode::kTopicAuthorizationFailed;
    made.emplace(answer.name, fail(answer.error_code,
                                   fmt::format("{}: create topic {}{} ({})", cluster.alias(),
                                               answer.name, forbidden ? ", which needs CREATE" : "",
                                               answer.error_message.value_or(""))));
  }
  co_return made;
}

net::Task<Status> create_topic(Cluster& cluster, NewTopic topic) {
  const std::string name = topic.name;
  std::vector<NewTopic> topics;
  topics.push_back(std::move(topic));
  OTTLA_CO_ASSIGN(const auto made, co_await create_topics(cluster, std::move(topics)));
  const auto found = made.find(name);
  if (found == made.end()) co_return fail(BaseErrc::kCorrupt, cluster.alias() + ": CreateTopics");
  if (!found->second) co_return std::unexpected(found->second.error());
  co_return Status{};
}

net::Task<Status> create_partitions(Cluster& cluster, std::string topic, std::int32_t count) {
  CreatePartitionsRequest request;
  request.timeout_ms = 30000;
  request.topics.resize(1);
  request.topics[0].name = topic;
  request.topics[0].count = count;
  request.topics[0].assignments.reset();
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_controller(std::move(request)));
  for (const auto& answer : reply.message.results) {
    if (answer.error_code == ErrorCode::kNone) continue;
    co_return fail(answer.error_code,
                   fmt::format("{}: grow topic {} to {} partitions ({})", cluster.alias(), topic,
                               count, answer.error_message.value_or("")));
  }
  co_return Status{};
}

net::Task<Result<LogSlice>> fetch_slice(Cluster& cluster, TopicPartition partition, Offset offset,
                                        std::int32_t bytes_max) {
  OTTLA_CO_ASSIGN(const BrokerId leader, co_await leader_of(cluster, partition));
  OTTLA_CO_ASSIGN(auto connection, co_await cluster.connection(leader, kLogLane));
  FetchRequest request;
  request.replica_id = BrokerId(-1);
  request.max_wait_ms = 100;
  request.min_bytes = 0;
  request.max_bytes = bytes_max;
  request.session_epoch = -1;
  request.topics.resize(1);
  request.topics[0].topic = partition.topic;
  request.topics[0].partitions.resize(1);
  request.topics[0].partitions[0].partition = partition.partition;
  request.topics[0].partitions[0].fetch_offset = offset;
  request.topics[0].partitions[0].partition_max_bytes = bytes_max;
  OTTLA_CO_ASSIGN(auto reply,
                  co_await connection->call(request, cluster.settings().connection.request_timeout,
                                            kLastFetchByName));
  if (reply.message.error_code != ErrorCode::kNone) {
    co_return fail(reply.message.error_code, place(cluster, partition, "Fetch"));
  }
  if (reply.message.responses.size() != 1 || reply.message.responses[0].partitions.size() != 1) {
    co_return fail(BaseErrc::kCorrupt, place(cluster, partition, "Fetch"));
  }
  const auto& answer = reply.message.responses[0].partitions[0];
  if (answer.error_code != ErrorCode::kNone) {
    co_return partition_error(cluster, answer.error_code, place(cluster, partition, "Fetch"));
  }
  LogSlice slice;
  slice.buffer = reply.buffer;
  const Bytes records = answer.records.value_or(Bytes{});
  if (!records.empty()) {
    slice.records = slice.buffer.bytes().subspan(
        static_cast<std::size_t>(records.data() - slice.buffer.bytes().data()), records.size());
  }
  slice.high_watermark = answer.high_watermark;
  slice.log_start_offset = answer.log_start_offset;
  co_return slice;
}

}  // namespace ottla::kafka
