#include "flow/sync/metadata_sync.h"

#include <algorithm>

#include "base/log.h"
#include "flow/engine/config_entries.h"
#include "kafka/client/admin.h"
#include "kafka/protocol/generated/create_acls.h"
#include "kafka/protocol/generated/describe_acls.h"
#include "kafka/protocol/generated/incremental_alter_configs.h"

namespace ottla::flow {

using kafka::ErrorCode;

namespace {

constexpr std::size_t kTopicsPerRequest = 200;
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kAny = 1;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;

}  // namespace

MetadataSync::MetadataSync(kafka::Cluster& source, kafka::Cluster& target,
                           const FlowSettings& settings, const TopicRules& rules, Copied copied)
    : source_(source),
      target_(target),
      settings_(settings),
      rules_(rules),
      copied_(std::move(copied)),
      group_(target.context()) {
  if (settings.sync_topic_configs.enabled) {
    group_.spawn("config sync " + settings.to_string(), run(this, Job::kConfigs));
  }
  if (settings.sync_topic_acls.enabled) {
    group_.spawn("acl sync " + settings.to_string(), run(this, Job::kAcls));
  }
}

net::Task<void> MetadataSync::stop() {
  group_.cancel();
  co_await group_.join();
}

net::Task<void> MetadataSync::run(MetadataSync* self, Job job) {
  const Periodic& period =
      job == Job::kConfigs ? self->settings_.sync_topic_configs : self->settings_.sync_topic_acls;
  for (;;) {
    const Status done =
        job == Job::kConfigs ? co_await self->sync_configs() : co_await self->sync_acls();
    if (!done && is_cancelled(done.error())) co_return;
    const std::string trouble = done ? "" : done.error().to_string();
    if (!done && trouble != self->trouble_) {
      OTTLA_WARN("{}: {}", self->settings_.to_string(), trouble);
    }
    self->trouble_ = trouble;
    if (!co_await net::sleep_for(period.interval)) co_return;
  }
}

net::Task<Status> MetadataSync::sync_configs() {
  const std::vector<std::string> topics = copied_();
  for (std::size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    const std::size_t end = std::min(topics.size(), begin + kTopicsPerRequest);
    std::vector<std::string> sources(topics.begin() + static_cast<std::ptrdiff_t>(begin),
                                     topics.begin() + static_cast<std::ptrdiff_t>(end));
    std::vector<std::string> targets;
    for (const std::string& topic : sources) targets.push_back(rules_.decide(topic).target_topic);
    const std::vector<std::string> names = sources;
    OTTLA_CO_ASSIGN(const auto from,
                    co_await kafka::describe_configs(source_, kafka::ConfigResource::kTopic,
                                                     std::move(sources)));
    OTTLA_CO_ASSIGN(const auto to, co_await kafka::describe_configs(
                                       target_, kafka::ConfigResource::kTopic, std::move(targets)));
    kafka::IncrementalAlterConfigsRequest request;
    for (const std::string& name : names) {
      const std::string target = rules_.decide(name).target_topic;
      const auto here = from.find(name);
      const auto there = to.find(target);
      if (here == from.end() || there == to.end() || !here->second || !there->second) continue;
      kafka::IncrementalAlterConfigsRequest::Resource resource;
      resource.resource_type = kTopicResource;
      resource.resource_name = target;
      for (const ConfigChange& change : config_differences(
               to_entries(*here->second), to_entries(*there->second), settings_.config_sync_rule)) {
        kafka::IncrementalAlterConfigsRequest::Config config;
        config.name = change.name;
        config.config_operation = change.value ? kSet : kDelete;
        config.value = change.value;
        resource.configs.push_back(std::move(config));
      }
      if (!resource.configs.empty()) request.resources.push_back(std::move(resource));
    }
    if (request.resources.empty()) continue;
    OTTLA_CO_ASSIGN(const auto reply, co_await target_.call_controller(std::move(request)));
    for (const auto& answer : reply.message.responses) {
      if (answer.error_code == ErrorCode::kNone) continue;
      co_return fail(answer.error_code,
                     fmt::format("{}: settings of {} ({})", settings_.target_alias,
                                 answer.resource_name, answer.error_message.value_or("")));
    }
  }
  co_return Status{};
}

net::Task<Result<std::set<TopicAcl>>> MetadataSync::source_acls() {
  kafka::DescribeAclsRequest request;
  request.resource_type_filter = kTopicResource;
  request.resource_name_filter.reset();
  request.pattern_type_filter = kAny;
  request.principal_filter.reset();
  request.host_filter.reset();
  request.operation = kAny;
  request.permission_type = kAny;
  OTTLA_CO_ASSIGN(const auto reply, co_await source_.call_any(std::move(request)));
  std::set<TopicAcl> acls;
  // No authorizer runs there: nothing to copy.
  if (reply.message.error_code == ErrorCode::kSecurityDisabled) co_return acls;
  if (reply.message.error_code != ErrorCode::kNone) {
    co_return fail(reply.message.error_code,
                   settings_.source_alias +
                       ": DescribeAcls. Grant DESCRIBE on the cluster, or set "
                       "sync.topic.acls.enabled=false");
  }
  for (const auto& resource : reply.message.resources) {
    for (const auto& acl : resource.acls) {
      acls.insert({resource.resource_name, static_cast<AclPattern>(resource.pattern_type),
                   acl.principal, acl.host, static_cast<AclOperation>(acl.operation),
                   static_cast<AclPermission>(acl.permission_type)});
    }
  }
  co_return acls;
}

net::Task<Status> MetadataSync::sync_acls() {
  OTTLA_CO_ASSIGN(const std::set<TopicAcl> acls, co_await source_acls());
  std::vector<TopicAcl> missing;
  for (const TopicAcl& acl : acls) {
    if (auto mirrored = mirrored_acl(acl, rules_); mirrored && !given_.contains(*mirrored)) {
      missing.push_back(*std::move(mirrored));
    }
  }
  if (missing.empty()) co_return Status{};
  co_return co_await create_acls(std::move(missing));
}

net::Task<Status> MetadataSync::create_acls(std::vector<TopicAcl> acls) {
  kafka::CreateAclsRequest request;
  for (const TopicAcl& acl : acls) {
    kafka::CreateAclsRequest::Creation creation;
    creation.resource_type = kTopicResource;
    creation.resource_name = acl.topic;
    creation.resource_pattern_type = static_cast<std::int8_t>(acl.pattern);
    creation.principal = acl.principal;
    creation.host = acl.host;
    creation.operation = static_cast<std::int8_t>(acl.operation);
    creation.permission_type = static_cast<std::int8_t>(acl.permission);
    request.creations.push_back(std::move(creation));
  }
  OTTLA_CO_ASSIGN(const auto reply, co_await target_.call_controller(std::move(request)));
  Status result;
  for (std::size_t i = 0; i < std::min(acls.size(), reply.message.results.size()); ++i) {
    const auto& answer = reply.message.results[i];
    if (answer.error_code == ErrorCode::kNone) {
      given_.insert(acls[i]);
    } else if (answer.error_code != ErrorCode::kSecurityDisabled) {
      result = fail(answer.error_code,
                    fmt::format("{}: ACL of {} for {}. Grant ALTER on the cluster, or set "
                                "sync.topic.acls.enabled=false",
                                settings_.target_alias, acls[i].topic, acls[i].principal));
    }
  }
  co_return result;
}

}  // namespace ottla::flow
