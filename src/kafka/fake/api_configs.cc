#include <algorithm>
#include <charconv>

#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/describe_configs.h"
#include "kafka/protocol/generated/incremental_alter_configs.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;
constexpr std::int8_t kSourceTopic = 1;
constexpr std::int8_t kSourceDefault = 5;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;

const std::map<std::string, std::string>& defaults() {
  static const std::map<std::string, std::string> kDefaults{
      {"cleanup.policy", "delete"},
      {"compression.type", "producer"},
      {"max.message.bytes", "1048588"},
      {"message.timestamp.type", "CreateTime"},
      {"min.insync.replicas", "1"},
      {"retention.bytes", "-1"},
      {"retention.ms", "604800000"},
      {"segment.bytes", "1073741824"},
      {"unclean.leader.election.enable", "false"},
  };
  return kDefaults;
}

void put(DescribeConfigsResponse::Result& answer, const std::string& name, const std::string& value,
         std::int8_t source) {
  auto& config = answer.configs.emplace_back();
  config.name = name;
  config.value = value;
  config.config_source = source;
}

void describe_topic(const DescribeConfigsRequest::Resource& wanted, Call& call,
                    DescribeConfigsResponse::Result& answer) {
  const TopicState* topic = call.state.topic(wanted.resource_name);
  answer.error_code =
      call.error(topic != nullptr ? ErrorCode::kNone : ErrorCode::kUnknownTopicOrPartition);
  if (answer.error_code != ErrorCode::kNone) return;
  const auto asked = [&](const std::string& name) {
    return !wanted.configuration_keys ||
           std::ranges::find(*wanted.configuration_keys, name) != wanted.configuration_keys->end();
  };
  for (const auto& [name, value] : topic->configs) {
    if (asked(name)) put(answer, name, value, kSourceTopic);
  }
  for (const auto& [name, value] : defaults()) {
    if (asked(name) && !topic->configs.contains(name)) put(answer, name, value, kSourceDefault);
  }
}

// A broker answers for itself alone.
void describe_broker(const DescribeConfigsRequest::Resource& wanted, Call& call,
                     DescribeConfigsResponse::Result& answer) {
  const bool own = wanted.resource_name == std::to_string(call.broker.id.value());
  answer.error_code = call.error(own ? ErrorCode::kNone : ErrorCode::kInvalidRequest);
  if (answer.error_code != ErrorCode::kNone) return;
  put(answer, "broker.id", wanted.resource_name, kSourceDefault);
  put(answer, "producer.id.expiration.ms", "86400000", kSourceDefault);
}

}  // namespace

std::optional<DescribeConfigsResponse> handle(const DescribeConfigsRequest& request, Call& call) {
  DescribeConfigsResponse response;
  for (const auto& wanted : request.resources) {
    auto& answer = response.results.emplace_back();
    answer.resource_type = wanted.resource_type;
    answer.resource_name = wanted.resource_name;
    if (wanted.resource_type == kTopicResource) {
      describe_topic(wanted, call, answer);
    } else if (wanted.resource_type == kBrokerResource) {
      describe_broker(wanted, call, answer);
    } else {
      answer.error_code = ErrorCode::kInvalidRequest;
    }
  }
  return response;
}

std::optional<IncrementalAlterConfigsResponse> handle(const IncrementalAlterConfigsRequest& request,
                                                      Call& call) {
  IncrementalAlterConfigsResponse response;
  for (const auto& wanted : request.resources) {
    auto& answer = response.responses.emplace_back();
    answer.resource_type = wanted.resource_type;
    answer.resource_name = wanted.resource_name;
    TopicState* topic =
        wanted.resource_type == kTopicResource ? call.state.topic(wanted.resource_name) : nullptr;
    answer.error_code =
        call.error(topic != nullptr ? ErrorCode::kNone : ErrorCode::kUnknownTopicOrPartition);
    if (answer.error_code != ErrorCode::kNone || request.validate_only) continue;
    for (const auto& config : wanted.configs) {
      if (config.config_operation == kSet) topic->configs[config.name] = config.value.value_or("");
      if (config.config_operation == kDelete) topic->configs.erase(config.name);
    }
  }
  return response;
}

}  // namespace ottla::kafka::fake
