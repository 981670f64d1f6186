#pragma once
// Calls about consumer groups, for many groups at once where the brokers allow it.

#include <map>
#include <string>
#include <vector>

#include "flow/groups/offset_commit_record.h"
#include "kafka/client/cluster.h"

namespace ottla::flow {

struct ListedGroup {
  std::string group;
  std::string state;          // "Empty", "Stable", "Dead" …; empty before Kafka 2.6
  std::string protocol_type;  // "consumer", "connect", "share" …
  std::string type;           // "classic", "consumer", "share", "streams"; empty before Kafka 3.8
};
// Of all brokers.
net::Task<Result<std::map<std::string, ListedGroup>>> list_groups(kafka::Cluster& cluster);

using GroupOffsets = std::map<TopicPartition, CommittedOffset>;
// Committed positions of one group; empty when it has none or does not exist.
net::Task<Result<GroupOffsets>> fetch_group_offsets(kafka::Cluster& cluster, std::string group);

// Commits from outside of the group, as admin tools do: refused by the broker while the group has
// members (UNKNOWN_MEMBER_ID).
net::Task<Status> commit_group_offsets(kafka::Cluster& cluster, std::string group,
                                       GroupOffsets offsets);

}  // namespace ottla::flow
