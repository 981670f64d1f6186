#include "fleet/permissions.h"

#include <algorithm>

#include "fleet/flow_survey.h"
#include "flow/offsets/ledger.h"
#include "flow/offsets/map_records.h"

namespace ottla::fleet {

std::string_view name(AclOperation operation) {
  switch (operation) {
    case AclOperation::kRead:
      return "READ";
    case AclOperation::kWrite:
      return "WRITE";
    case AclOperation::kCreate:
      return "CREATE";
    case AclOperation::kAlter:
      return "ALTER";
    case AclOperation::kDescribe:
      return "DESCRIBE";
    case AclOperation::kClusterAction:
      return "CLUSTER_ACTION";
    case AclOperation::kDescribeConfigs:
      return "DESCRIBE_CONFIGS";
    case AclOperation::kAlterConfigs:
      return "ALTER_CONFIGS";
    case AclOperation::kIdempotentWrite:
      return "IDEMPOTENT_WRITE";
  }
  return "UNKNOWN";
}

bool Operations::allows(AclOperation operation) const {
  const auto bits = static_cast<std::uint32_t>(bits_);
  return !known() || (bits & (1U << static_cast<unsigned>(operation))) != 0;
}

namespace {

class Collector {
 public:
  explicit Collector(const FlowSurvey& survey) : survey_(survey) {}

  // Does nothing for a topic that the client does not see: that is another finding.
  void need(const ClusterSurvey& client, const std::string& topic, AclOperation operation,
            std::string consequence) {
    const auto found = client.topics.find(topic);
    if (found == client.topics.end() || found->second.operations.allows(operation)) return;
    add(client.alias, "topic " + topic, operation, std::move(consequence));
  }

  void add(const std::string& alias, std::string resource, AclOperation operation,
           std::string consequence) {
    const auto same = [&](const flow::MissingPermission& other) {
      return other.cluster == alias && other.resource == resource &&
             other.operation == name(operation);
    };
    if (std::ranges::any_of(missing_, same)) return;
    missing_.push_back(
        {alias, std::move(resource), std::string(name(operation)), std::move(consequence)});
  }

  void unseen_topics() {
    for (const ClusterSurvey* client : {&survey_.source_admin, &survey_.source_reader}) {
      for (const auto& [topic, seen] : client->topics) {
        if (seen.error != kafka::ErrorCode::kTopicAuthorizationFailed) continue;
        add(client->alias, "topic " + topic, AclOperation::kDescribe,
            "it is not seen, hence not copied");
      }
    }
  }

  void source_topic(const flow::PlannedTopic& topic) {
    need(survey_.source_reader, topic.topic, AclOperation::kRead, "it can't be copied");
    need(survey_.source_admin, topic.topic, AclOperation::kDescribeConfigs,
         "its settings can't be copied, and it counts as compacted, which is slower");
    if (!survey_.source_reader.topics.contains(topic.topic)) {
      add(survey_.source_reader.alias, "topic " + topic.topic, AclOperation::kDescribe,
          "the client that reads records does not see it");
    }
  }

  void target_topic(const flow::PlannedTopic& topic) {
    const std::string& target = topic.decision.target_topic;
    if (not_created(survey_.target_admin, target, "it can't be created",
                    "it exists, but is not seen")) {
      return;
    }
    need(survey_.target_writer, target, AclOperation::kWrite, "nothing can be copied into it");
    need(survey_.target_writer, target, AclOperation::kRead,
         "after a restart its end can't be compared with the offset map");
    if (topic.grow_from) {
      need(survey_.target_admin, target, AclOperation::kAlter, "it can't grow");
    }
    if (!topic.config_changes.empty()) {
      need(survey_.target_admin, target, AclOperation::kAlterConfigs,
           "its settings can't follow the source's");
    }
    if (survey_.settings->sync_topic_configs.enabled) {
      need(survey_.target_admin, target, AclOperation::kDescribeConfigs,
           "its settings can't be compared");
    }
  }

  void flow_topics() {
    for (const OwnTopic& own : own_topics(*survey_.settings)) {
      const ClusterSurvey& admin = own.on_source ? survey_.source_admin : survey_.target_admin;
      if (not_created(admin, own.name, own.consequence, own.consequence)) continue;
      need(admin, own.name, AclOperation::kWrite, own.consequence);
      need(admin, own.name, AclOperation::kRead, own.consequence);
      if (own.name == flow::kOffsetMapTopic || own.name == flow::kLossLedgerTopic) {
        need(survey_.target_writer, own.name, AclOperation::kWrite, own.consequence);
      }
    }
  }

  // True if the controller would not create it; says which right is missing, if that is why.
  bool not_created(const ClusterSurvey& admin, const std::string& topic, const char* forbidden,
                   const char* unseen) {
    const auto fault = admin.creation_faults.find(topic);
    if (fault == admin.creation_faults.end()) return false;
    const std::string resource = "topic " + topic;
    const kafka::ErrorCode code = fault->second.code;
    if (code == kafka::ErrorCode::kTopicAuthorizationFailed ||
        code == kafka::ErrorCode::kClusterAuthorizationFailed) {
      add(admin.alias, resource, AclOperation::kCreate, forbidden);
    } else if (code == kafka::ErrorCode::kTopicAlreadyExists) {
      add(admin.alias, resource, AclOperation::kDescribe, unseen);
    }
    return true;
  }

  // KIP-679: since Kafka 3.0 the right to write to any topic is enough.
  void idempotent_writer() {
    const ClusterSurvey& writer = survey_.target_writer;
    if (writer.operations.allows(AclOperation::kIdempotentWrite)) return;
    const bool writes_somewhere = std::ranges::any_of(writer.topics, [](const auto& entry) {
      return entry.second.operations.allows(AclOperation::kWrite);
    });
    if (writes_somewhere) return;
    add(writer.alias, "cluster", AclOperation::kIdempotentWrite,
        "no producer id is given out, unless WRITE is granted on a topic");
  }

  std::vector<flow::MissingPermission> take() { return std::move(missing_); }

 private:
  const FlowSurvey& survey_;
  std::vector<flow::MissingPermission> missing_;
};

}  // namespace

std::vector<OwnTopic> own_topics(const flow::FlowSettings& settings) {
  constexpr const char* kMm2Position = "MirrorMaker 2 could not take over at the exact position";
  const flow::ReplicationPolicy policy(settings.policy);
  std::vector<OwnTopic> topics = {
      {std::string(flow::kOffsetMapTopic), false, "positions can't be stored"},
      {std::string(flow::kLossLedgerTopic), false, "losses can't be recorded"},
      {settings.offset_storage_topic, false, kMm2Position},
  };
  if (settings.emit_offset_syncs) {
    topics.push_back({settings.offset_syncs_topic(),
                      settings.offset_syncs_location == flow::SyncsLocation::kSource,
                      "MirrorMaker 2's tools don't see the positions"});
  }
  if (settings.emit_checkpoints.enabled) {
    topics.push_back({policy.checkpoints_topic(settings.source_alias), false,
                      "MirrorMaker 2's tools don't see the groups' positions"});
  }
  if (settings.emit_heartbeats.enabled) {
    topics.push_back({flow::ReplicationPolicy::heartbeats_topic(), false, "no heartbeats"});
  }
  return topics;
}

std::vector<flow::MissingPermission> missing_permissions(const FlowSurvey& survey,
                                                         const flow::FlowPlan& plan) {
  Collector collector(survey);
  collector.unseen_topics();
  for (const flow::PlannedTopic& topic : plan.topics) {
    if (!topic.decision.copy) continue;
    collector.source_topic(topic);
    collector.target_topic(topic);
  }
  collector.flow_topics();
  collector.idempotent_writer();
  return collector.take();
}

}  // namespace ottla::fleet
