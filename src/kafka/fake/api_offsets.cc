#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/list_offsets.h"
#include "kafka/protocol/generated/offset_for_leader_epoch.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;

std::pair<Offset, std::int64_t> find(const PartitionState& partition, std::int64_t timestamp,
                                     bool committed) {
  const PartitionLog& log = partition.log;
  if (timestamp == kEarliest) return {log.start(), -1};
  if (timestamp == kMaxTimestamp) return log.find_max_timestamp();
  if (timestamp == kLatest) {
    const Offset end = partition.high_watermark();
    return {committed ? std::min(end, log.last_stable_offset()) : end, -1};
  }
  return log.find_time(timestamp);
}

}  // namespace

std::optional<ListOffsetsResponse> handle(const ListOffsetsRequest& request, Call& call) {
  ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      const PartitionState* partition = call.led(topic.name, wanted.partition_index,
                                                 wanted.current_leader_epoch, answer.error_code);
      if (partition == nullptr) continue;
      std::tie(answer.offset, answer.timestamp) =
          find(*partition, wanted.timestamp, request.isolation_level == 1);
      answer.leader_epoch = partition->epoch;
    }
  }
  return response;
}

std::optional<OffsetForLeaderEpochResponse> handle(const OffsetForLeaderEpochRequest& request,
                                                   Call& call) {
  OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = wanted.partition;
      const PartitionState* partition =
          call.led(topic.topic, wanted.partition, wanted.current_leader_epoch, answer.error_code);
      if (partition == nullptr) continue;
      std::tie(answer.leader_epoch, answer.end_offset) =
          partition->log.end_of_epoch(wanted.leader_epoch, partition->epoch);
    }
  }
  return response;
}

}  // namespace ottla::kafka::fake
