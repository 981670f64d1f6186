#include "fleet/cluster_survey.h"

#include <algorithm>
#include <charconv>

#include "flow/engine/config_entries.h"
#include "kafka/client/admin.h"
#include "kafka/protocol/generated/create_topics.h"
#include "kafka/protocol/generated/list_groups.h"
#include "kafka/protocol/generated/metadata.h"

namespace ottla::fleet {

namespace {

// The last version that also tells the rights on the cluster (KIP-700 moved them).
constexpr std::int16_t kMetadataWithClusterRights = 10;
constexpr std::size_t kTopicsPerRequest = 200;

using Metadata = kafka::Reply<kafka::MetadataResponse>;

net::Task<Result<Metadata>> ask_metadata(kafka::Cluster& cluster,
                                         std::optional<std::vector<std::string>> names) {
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.include_cluster_authorized_operations = true;
  request.include_topic_authorized_operations = true;
  request.topics.reset();
  if (names) {
    request.topics.emplace();
    for (std::string& name : *names) {
      kafka::MetadataRequest::Topic topic;
      topic.name = std::move(name);
      request.topics->push_back(std::move(topic));
    }
  }
  OTTLA_CO_ASSIGN(auto connection, co_await cluster.any_connection());
  const auto timeout = cluster.settings().connection.request_timeout;
  auto reply = co_await connection->call(request, timeout, kMetadataWithClusterRights);
  if (reply || reply.error().code != make_error_code(BaseErrc::kUnsupported)) co_return reply;
  // A broker that is too old to tell rights.
  request.include_cluster_authorized_operations = false;
  request.include_topic_authorized_operations = false;
  co_return co_await connection->call(request, timeout);
}

void add_topics(const kafka::MetadataResponse& response, ClusterSurvey& survey) {
  for (const auto& topic : response.topics) {
    if (!topic.name) continue;
    SurveyedTopic& seen = survey.topics[*topic.name];
    seen.error = topic.error_code;
    seen.internal = topic.is_internal;
    seen.partitions = static_cast<std::int32_t>(topic.partitions.size());
    seen.operations = Operations(topic.topic_authorized_operations);
  }
}

net::Task<Status> ask_versions(kafka::Cluster& cluster, ClusterSurvey& survey) {
  kafka::ApiVersionsRequest request;
  request.client_software_name = "ottla";
  request.client_software_version = "check";
  OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_any(std::move(request)));
  for (const auto& entry : reply.message.api_keys) {
    survey.apis[entry.api_key] = {entry.min_version, entry.max_version};
  }
  for (const auto& feature : reply.message.finalized_features) {
    if (feature.name == "metadata.version") survey.metadata_version = feature.max_version_level;
  }
  co_return Status{};
}

net::Task<Status> survey_all(kafka::Cluster& cluster, std::vector<std::string> named,
                             ClusterSurvey& survey) {
  OTTLA_CO_TRY(co_await cluster.refresh());
  OTTLA_CO_TRY(co_await ask_versions(cluster, survey));
  OTTLA_CO_ASSIGN(const Metadata all, co_await ask_metadata(cluster, std::nullopt));
  survey.cluster_id = all.message.cluster_id.value_or("");
  survey.operations = Operations(all.message.cluster_authorized_operations);
  for (const auto& b : all.message.brokers) {
    survey.brokers[b.node_id] = {{b.host, static_cast<std::uint16_t>(b.port)}, b.rack};
  }
  add_topics(all.message, survey);
  std::erase_if(named, [&](const std::string& name) { return survey.topics.contains(name); });
  if (named.empty()) co_return Status{};
  OTTLA_CO_ASSIGN(const Metadata some, co_await ask_metadata(cluster, std::move(named)));
  add_topics(some.message, survey);
  co_return Status{};
}

std::optional<std::int32_t> number(const kafka::Configs& configs, const std::string& name) {
  const auto found = configs.find(name);
  if (found == configs.end() || !found->second.value) return std::nullopt;
  const std::string& text = *found->second.value;
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

kafka::CreateTopicsRequest validation_of(std::span<const flow::CreateTopicSpec> topics) {
  kafka::CreateTopicsRequest request;
  request.validate_only = true;
  request.timeout_ms = 10'000;
  for (const flow::CreateTopicSpec& spec : topics) {
    auto& topic = request.topics.emplace_back();
    topic.name = spec.name;
    topic.num_partitions = spec.partitions;
    topic.replication_factor = spec.replication_factor;
    for (const auto& [name, value] : spec.configs) {
      auto& config = topic.configs.emplace_back();
      config.name = name;
      config.value = value;
    }
  }
  return request;
}

}  // namespace

net::Task<void> survey_cluster(kafka::Cluster& cluster, std::vector<std::string> named,
                               ClusterSurvey& survey) {
  survey.alias = cluster.alias();
  const Status done = co_await survey_all(cluster, std::move(named), survey);
  if (!done) survey.error = done.error();
}

net::Task<Status> survey_configs(kafka::Cluster& cluster, std::vector<std::string> topics,
                                 ClusterSurvey& survey) {
  OTTLA_CO_ASSIGN(
      const auto described,
      co_await kafka::describe_configs(cluster, kafka::ConfigResource::kTopic, std::move(topics)));
  for (const auto& [topic, configs] : described) {
    // Without an answer: not permitted, or gone.
    if (configs) survey.topics[topic].configs = flow::to_entries(*configs);
  }
  co_return Status{};
}

net::Task<Status> survey_creation(kafka::Cluster& cluster, ClusterSurvey& survey) {
  survey.creation.brokers = static_cast<std::int32_t>(survey.brokers.size());
  if (survey.brokers.empty()) co_return Status{};
  std::vector<std::string> names{std::to_string(survey.brokers.begin()->first.value())};
  const std::string broker = names.front();
  OTTLA_CO_ASSIGN(
      const auto described,
      co_await kafka::describe_configs(cluster, kafka::ConfigResource::kBroker, std::move(names)));
  const auto found = described.find(broker);
  if (found == described.end() || !found->second) co_return Status{};
  survey.creation.default_replication_factor = number(*found->second, "default.replication.factor");
  survey.creation.default_min_insync_replicas = number(*found->second, "min.insync.replicas");
  co_return Status{};
}

net::Task<Status> survey_groups(kafka::Cluster& cluster, ClusterSurvey& survey) {
  for (const auto& [id, broker] : survey.brokers) {
    OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_broker(id, kafka::ListGroupsRequest{}));
    if (reply.message.error_code != kafka::ErrorCode::kNone) continue;  // not permitted
    for (const auto& group : reply.message.groups) survey.groups.push_back(group.group_id);
  }
  std::ranges::sort(survey.groups);
  co_return Status{};
}

net::Task<Result<std::map<std::string, CreationFault>>> validate_creation(
    kafka::Cluster& cluster, std::vector<flow::CreateTopicSpec> topics) {
  std::map<std::string, CreationFault> faults;
  for (std::size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    const std::size_t count = std::min(kTopicsPerRequest, topics.size() - begin);
    kafka::CreateTopicsRequest request = validation_of(std::span(topics).subspan(begin, count));
    OTTLA_CO_ASSIGN(const auto reply, co_await cluster.call_controller(std::move(request)));
    for (const auto& topic : reply.message.topics) {
      if (topic.error_code == kafka::ErrorCode::kNone) continue;
      faults[topic.name] = {topic.error_code, topic.error_message.value_or("")};
    }
  }
  co_return faults;
}

std::string_view release_of(std::int16_t metadata_version) {
  struct Release {
    std::int16_t first_level;
    std::string_view name;
  };
  // MetadataVersion.java
  static constexpr Release kReleases[] = {
      {1, "Kafka 3.0"},  {2, "Kafka 3.1"},  {3, "Kafka 3.2"},  {4, "Kafka 3.3"},  {8, "Kafka 3.4"},
      {9, "Kafka 3.5"},  {12, "Kafka 3.6"}, {15, "Kafka 3.7"}, {20, "Kafka 3.8"}, {21, "Kafka 3.9"},
      {22, "Kafka 4.0"}, {26, "Kafka 4.1"}, {28, "Kafka 4.2"}, {30, "Kafka 4.3"}};
  std::string_view name;
  for (const Release& release : kReleases) {
    if (metadata_version >= release.first_level) name = release.name;
  }
  return name;
}

}  // namespace ottla::fleet
