#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/create_partitions.h"
#include "kafka/protocol/generated/create_topics.h"
#include "kafka/protocol/generated/delete_records.h"
#include "kafka/protocol/generated/delete_topics.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::size_t kNameMax = 249;
constexpr std::int16_t kFirstDeleteById = 6;

ErrorCode check(const CreateTopicsRequest::Topic& wanted, const State& state) {
  if (wanted.name.empty() || wanted.name.size() > kNameMax) {
    return ErrorCode::kInvalidTopicException;
  }
  if (state.topics.contains(wanted.name)) return ErrorCode::kTopicAlreadyExists;
  if (wanted.num_partitions == 0 || wanted.num_partitions < -1) {
    return ErrorCode::kInvalidPartitions;
  }
  const auto brokers = static_cast<std::int64_t>(state.brokers.size());
  if (wanted.replication_factor == 0 || wanted.replication_factor > brokers) {
    return ErrorCode::kInvalidReplicationFactor;
  }
  return ErrorCode::kNone;
}

}  // namespace

std::optional<CreateTopicsResponse> handle(const CreateTopicsRequest& request, Call& call) {
  CreateTopicsResponse response;
  for (const auto& wanted : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = wanted.name;
    answer.error_code = call.error(check(wanted, call.state));
    if (answer.error_code != ErrorCode::kNone || request.validate_only) continue;
    std::map<std::string, std::string> configs;
    for (const auto& config : wanted.configs) configs[config.name] = config.value.value_or("");
    const TopicState& topic = call.state.create_topic(
        wanted.name, wanted.num_partitions < 0 ? 1 : wanted.num_partitions, std::move(configs));
    answer.topic_id = topic.id;
    answer.num_partitions = static_cast<std::int32_t>(topic.partitions.size());
    answer.replication_factor = wanted.replication_factor < 0 ? 1 : wanted.replication_factor;
    call.changed = true;
  }
  return response;
}

std::optional<DeleteTopicsResponse> handle(const DeleteTopicsRequest& request, Call& call) {
  DeleteTopicsResponse response;
  const auto remove = [&](std::optional<std::string> name, TopicId id) {
    const TopicState* topic = name ? call.state.topic(*name) : call.state.topic(id);
    auto& answer = response.responses.emplace_back();
    answer.name = topic != nullptr ? std::optional(topic->name) : std::move(name);
    answer.topic_id = topic != nullptr ? topic->id : id;
    answer.error_code =
        call.error(topic != nullptr ? ErrorCode::kNone : ErrorCode::kUnknownTopicOrPartition);
    if (answer.error_code != ErrorCode::kNone) return;
    call.state.topics.erase(*answer.name);
    call.changed = true;
  };
  if (call.version >= kFirstDeleteById) {
    for (const auto& wanted : request.topics) remove(wanted.name, wanted.topic_id);
  } else {
    for (const std::string& name : request.topic_names) remove(name, {});
  }
  return response;
}

std::optional<CreatePartitionsResponse> handle(const CreatePartitionsRequest& request, Call& call) {
  CreatePartitionsResponse response;
  for (const auto& wanted : request.topics) {
    auto& answer = response.results.emplace_back();
    answer.name = wanted.name;
    TopicState* topic = call.state.topic(wanted.name);
    const bool grows = topic != nullptr && wanted.count > 0 &&
                       static_cast<std::size_t>(wanted.count) > topic->partitions.size();
    answer.error_code = call.error(topic == nullptr ? ErrorCode::kUnknownTopicOrPartition
                                   : grows          ? ErrorCode::kNone
                                                    : ErrorCode::kInvalidPartitions);
    if (answer.error_code != ErrorCode::kNone || request.validate_only) continue;
    call.state.add_partitions(*topic, wanted.count);
    call.changed = true;
  }
  return response;
}

std::optional<DeleteRecordsResponse> handle(const DeleteRecordsRequest& request, Call& call) {
  DeleteRecordsResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      answer.low_watermark = Offset(-1);
      PartitionState* partition =
          call.led(topic.name, wanted.partition_index, LeaderEpoch(-1), answer.error_code);
      if (partition == nullptr) continue;
      const Offset upto = wanted.offset.value() == -1 ? partition->high_watermark() : wanted.offset;
      if (upto > partition->high_watermark() || upto.value() < 0) {
        answer.error_code = ErrorCode::kOffsetOutOfRange;
        continue;
      }
      partition->log.delete_before(upto);
      answer.low_watermark = partition->log.start();
      call.changed = true;
    }
  }
  return response;
}

}  // namespace ottla::kafka::fake
