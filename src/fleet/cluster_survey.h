#pragma once
// ClusterSurvey: what one client of a flow sees of one cluster, asked once and without changing
// anything: brokers, topics, its own rights, settings, and what the brokers speak. `ottla plan` and
// `ottla check` are made from it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/permissions.h"
#include "flow/rules/topic_creation.h"
#include "kafka/client/cluster.h"
#include "kafka/protocol/api.h"

namespace ottla::fleet {

struct SurveyedTopic {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  bool internal = false;
  std::int32_t partitions = 0;
  Operations operations;
  std::vector<flow::TopicConfigEntry> configs;  // empty: not asked, or not permitted
};

struct CreationFault {
  kafka::ErrorCode code;
  std::string message;  // the broker's own words; may be empty
};
struct ClusterSurvey {
  std::string alias;
  std::optional<Error> error;  // not reached, or the login was refused: nothing below is known
  std::string cluster_id;
  std::map<BrokerId, kafka::BrokerMetadata> brokers;
  Operations operations;  // on the cluster as a resource
  std::map<std::string, SurveyedTopic> topics;
  std::map<kafka::ApiKey, kafka::VersionRange> apis;  // of the broker that answered
  std::int16_t metadata_version = 0;                  // feature level; 0: not told
  flow::TargetCluster creation;                       // what matters for new topics
  std::vector<std::string> groups;
  std::map<std::string, CreationFault> creation_faults;  // topics that could not be created here
};

// Brokers, topics and rights. `named` are topics asked for by name: one that the principal may not
// see is left out of the list of all topics, but asked for by name it is refused. Whatever fails
// goes to survey.error.
net::Task<void> survey_cluster(kafka::Cluster& cluster, std::vector<std::string> named,
                               ClusterSurvey& survey);

// Settings of these topics, as far as permitted.
net::Task<Status> survey_configs(kafka::Cluster& cluster, std::vector<std::string> topics,
                                 ClusterSurvey& survey);

// Defaults of the brokers that decide about new topics, as far as permitted.
net::Task<Status> survey_creation(kafka::Cluster& cluster, ClusterSurvey& survey);

// All groups that the principal may see.
net::Task<Status> survey_groups(kafka::Cluster& cluster, ClusterSurvey& survey);

// Lets the controller check the topics without creating them. Only faults are in the answer.
net::Task<Result<std::map<std::string, CreationFault>>> validate_creation(
    kafka::Cluster& cluster, std::vector<flow::CreateTopicSpec> topics);

// "Kafka 3.9", the release in which the feature level appeared; empty when not known.
std::string_view release_of(std::int16_t metadata_version);

}  // namespace ottla::fleet
