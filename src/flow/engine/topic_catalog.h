#pragma once
// TopicCatalog: what should be copied, as both clusters stand now. Lists the source's topics,
// decides on each (rules/), creates and grows topics on the target, and describes the partitions to
// copy. Works on its own connections, off the data path.

#include <map>
#include <string>
#include <vector>

#include "flow/engine/partition_replicator.h"
#include "flow/rules/topic_creation.h"
#include "flow/rules/topic_rules.h"
#include "kafka/client/admin.h"

namespace ottla::flow {

struct Discovery {
  std::vector<PartitionSpec> partitions;  // ready to be copied
  std::vector<TopicNote> notes;           // every topic of the source, with the reason
  std::vector<std::string> troubles;      // what could not be done, in words
  bool again_soon = false;                // something is on its way (a topic being created)
};

class TopicCatalog {
 public:
  TopicCatalog(kafka::Cluster& source, kafka::Cluster& target, const FlowSettings& settings);

  // One round. Fails when a cluster can't be reached; single topics go to `troubles`.
  net::Task<Result<Discovery>> discover();

 private:
  struct Candidate {
    std::string name;
    TopicDecision decision;
    const kafka::TopicMetadata* source = nullptr;
    const kafka::TopicMetadata* target = nullptr;  // null: to be created
  };
  struct TopicFacts {
    TopicId source_id;
    TopicId target_id;
    bool compacted = false;
    std::size_t target_batch_bytes_max = 1'048'588;
    net::Deadline read_at{};
  };

  std::vector<Candidate> choose(const kafka::Metadata& source, const kafka::Metadata& target,
                                std::vector<TopicNote>& notes) const;
  net::Task<Result<TargetCluster>> describe_target(const kafka::Metadata& target);
  net::Task<Status> create_missing(std::vector<Candidate>& candidates, const TargetCluster& target,
                                   Discovery& found);
  void refuse(const std::string& target_topic, const std::string& why, Discovery& found);
  net::Task<Status> grow(const std::vector<Candidate>& candidates, Discovery& found);
  net::Task<Status> read_facts(const std::vector<Candidate>& candidates, Discovery& found);

  kafka::Cluster& source_;
  kafka::Cluster& target_;
  const FlowSettings& settings_;
  TopicRules rules_;
  std::map<std::string, TopicFacts> facts_;      // by source topic
  std::map<std::string, std::string> refusals_;  // not created, and why; logged once
  std::map<std::string, net::Deadline>
      created_here_;  // target topics that this process created, and when
};

}  // namespace ottla::flow
