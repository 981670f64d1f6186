#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/list_groups.h"
#include "kafka/protocol/generated/offset_commit.h"
#include "kafka/protocol/generated/offset_fetch.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int16_t kFirstWithTopicId = 10;
constexpr std::int16_t kFirstWithGroups = 8;

std::string name_of(const std::string& name, const TopicId& id, std::int16_t version,
                    State& state) {
  if (version < kFirstWithTopicId) return name;
  const TopicState* topic = state.topic(id);
  return topic == nullptr ? std::string() : topic->name;
}

template <class Answer>
void fill(const std::map<TopicPartition, CommittedOffset>& committed, const std::string& topic,
          PartitionId partition, ErrorCode error, Answer& answer) {
  answer.partition_index = partition;
  answer.committed_offset = Offset(-1);
  answer.metadata = "";
  answer.error_code = error;
  const auto found = committed.find({topic, partition});
  if (found == committed.end()) return;
  answer.committed_offset = found->second.offset;
  answer.committed_leader_epoch = found->second.leader_epoch;
  answer.metadata = found->second.metadata;
}

// By topic; all of them when none are named.
template <class Topics>
std::map<std::string, std::vector<PartitionId>> asked(
    const Topics& topics, const std::map<TopicPartition, CommittedOffset>& committed, Call& call) {
  std::map<std::string, std::vector<PartitionId>> found;
  if (!topics) {
    for (const auto& [partition, offset] : committed) {
      found[partition.topic].push_back(partition.partition);
    }
    return found;
  }
  for (const auto& topic : *topics) {
    std::string name = topic.name;
    if constexpr (requires { topic.topic_id; }) {
      name = name_of(topic.name, topic.topic_id, call.version, call.state);
    }
    found[name] = topic.partition_indexes;
  }
  return found;
}

}  // namespace

std::optional<OffsetCommitResponse> handle(const OffsetCommitRequest& request, Call& call) {
  OffsetCommitResponse response;
  auto& group = call.state.groups[request.group_id];
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    answers.topic_id = topic.topic_id;
    const std::string name = name_of(topic.name, topic.topic_id, call.version, call.state);
    for (const auto& p : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = p.partition_index;
      answer.error_code = call.error(name.empty() ? ErrorCode::kUnknownTopicId : ErrorCode::kNone);
      if (answer.error_code != ErrorCode::kNone) continue;
      group[{name, p.partition_index}] = {p.committed_offset, p.committed_leader_epoch,
                                          p.committed_metadata.value_or("")};
    }
  }
  return response;
}

std::optional<OffsetFetchResponse> handle(const OffsetFetchRequest& request, Call& call) {
  OffsetFetchResponse response;
  const ErrorCode error = call.error(ErrorCode::kNone);
  if (call.version < kFirstWithGroups) {
    const auto& committed = call.state.groups[request.group_id];
    for (const auto& [topic, partitions] : asked(request.topics, committed, call)) {
      auto& answers = response.topics.emplace_back();
      answers.name = topic;
      for (const PartitionId p : partitions) {
        fill(committed, topic, p, error, answers.partitions.emplace_back());
      }
    }
    return response;
  }
  for (const auto& group : request.groups) {
    auto& answered = response.groups.emplace_back();
    answered.group_id = group.group_id;
    const auto& committed = call.state.groups[group.group_id];
    for (const auto& [topic, partitions] : asked(group.topics, committed, call)) {
      auto& answers = answered.topics.emplace_back();
      answers.name = topic;
      if (const TopicState* known = call.state.topic(topic)) answers.topic_id = known->id;
      for (const PartitionId p : partitions) {
        fill(committed, topic, p, error, answers.partitions.emplace_back());
      }
    }
  }
  return response;
}

std::optional<ListGroupsResponse> handle(const ListGroupsRequest&, Call& call) {
  ListGroupsResponse response;
  response.error_code = call.error(ErrorCode::kNone);
  for (const auto& [id, committed] : call.state.groups) {
    auto& group = response.groups.emplace_back();
    group.group_id = id;
    group.protocol_type = "consumer";
    group.group_state = "Empty";
    group.group_type = "classic";
  }
  return response;
}

}  // namespace ottla::kafka::fake
