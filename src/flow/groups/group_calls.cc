#include "flow/groups/group_calls.h"

#include "kafka/protocol/generated/list_groups.h"
#include "kafka/protocol/generated/offset_commit.h"
#include "kafka/protocol/generated/offset_fetch.h"

namespace ottla::flow {

using kafka::CoordinatorType;
using kafka::ErrorCode;

namespace {
// From here on topics go by id, which needs the ids of all topics; by name is enough for us.
constexpr std::int16_t kLastOffsetApiByName = 9;

bool coordinator_moved(ErrorCode code) {
  return code == ErrorCode::kNotCoordinator || code == ErrorCode::kCoordinatorNotAvailable ||
         code == ErrorCode::kCoordinatorLoadInProgress;
}
}  // namespace

net::Task<Result<std::map<std::string, ListedGroup>>> list_groups(kafka::Cluster& cluster) {
  if (!cluster.metadata()) {
    OTTLA_CO_TRY(co_await cluster.refresh());
  }
  std::map<std::string, ListedGroup> groups;
  const std::shared_ptr<const kafka::Metadata> view = cluster.metadata();
  for (const auto& [broker, metadata] : view->brokers) {
    OTTLA_CO_ASSIGN(auto reply, co_await cluster.call_broker(broker, kafka::ListGroupsRequest{}));
    if (reply.message.error_code != ErrorCode::kNone) {
      co_return fail(reply.message.error_code,
                     fmt::format("{}: ListGroups of broker {}", cluster.alias(), broker));
    }
    for (auto& g : reply.message.groups) {
      groups[g.group_id] = {g.group_id, g.group_state, g.protocol_type, g.group_type};
    }
  }
  co_return groups;
}

net::Task<Result<GroupOffsets>> fetch_group_offsets(kafka::Cluster& cluster, std::string group) {
  kafka::OffsetFetchRequest request;
  request.group_id = group;
  request.topics.reset();
  request.groups.resize(1);
  request.groups[0].group_id = group;
  request.groups[0].topics.reset();
  request.require_stable = true;
  OTTLA_CO_ASSIGN(auto reply,
                  co_await cluster.call_coordinator(CoordinatorType::kGroup, group,
                                                    std::move(request), kLastOffsetApiByName));
  GroupOffsets offsets;
  ErrorCode code = reply.message.error_code;
  const auto take = [&](const std::string& topic, const auto& p) {
    if (p.error_code != ErrorCode::kNone) {
      code = p.error_code;
    } else if (p.committed_offset.value() >= 0) {
      offsets[{topic, p.partition_index}] = {p.committed_offset, p.metadata.value_or(""), -1};
    }
  };
  for (const auto& topic : reply.message.topics) {
    for (const auto& p : topic.partitions) take(topic.name, p);
  }
  for (const auto& answer : reply.message.groups) {
    if (answer.error_code != ErrorCode::kNone) code = answer.error_code;
    for (const auto& topic : answer.topics) {
      for (const auto& p : topic.partitions) take(topic.name, p);
    }
  }
  if (code == ErrorCode::kGroupIdNotFound) co_return GroupOffsets{};
  if (coordinator_moved(code)) cluster.forget_coordinator(CoordinatorType::kGroup, group);
  if (code != ErrorCode::kNone) {
    co_return fail(code, fmt::format("{}: OffsetFetch of group {}", cluster.alias(), group));
  }
  co_return offsets;
}

net::Task<Status> commit_group_offsets(kafka::Cluster& cluster, std::string group,
                                       GroupOffsets offsets) {
  kafka::OffsetCommitRequest request;
  request.group_id = group;
  std::map<std::string, kafka::OffsetCommitRequest::Topic> topics;
  for (const auto& [place, commit] : offsets) {
    kafka::OffsetCommitRequest::Topic& topic = topics[place.topic];
    topic.name = place.topic;
    kafka::OffsetCommitRequest::Partition partition;
    partition.partition_index = place.partition;
    partition.committed_offset = commit.offset;
    partition.committed_metadata = commit.metadata;
    topic.partitions.push_back(std::move(partition));
  }
  for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
  OTTLA_CO_ASSIGN(auto reply,
                  co_await cluster.call_coordinator(CoordinatorType::kGroup, group,
                                                    std::move(request), kLastOffsetApiByName));
  for (const auto& topic : reply.message.topics) {
    for (const auto& p : topic.partitions) {
      if (p.error_code == ErrorCode::kNone) continue;
      if (coordinator_moved(p.error_code)) {
        cluster.forget_coordinator(CoordinatorType::kGroup, group);
      }
      co_return fail(p.error_code,
                     fmt::format("{}: OffsetCommit of group {} for {}-{}", cluster.alias(), group,
                                 topic.name, p.partition_index));
    }
  }
  co_return Status{};
}

}  // namespace ottla::flow
