#include "flow/rules/topic_creation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "flow/rules/replication_policy.h"

namespace ottla::flow {
namespace {

constexpr std::string_view kMinInsync = "min.insync.replicas";

// A pattern that gives up excludes: an unwanted setting does more harm than a missing one.
bool is_replicated(const TopicConfigEntry& entry, const ConfigSyncRule& rule) {
  return !entry.read_only && !entry.sensitive && entry.source != ConfigSource::kStaticBroker &&
         !rule.exclude.matches(entry.name).value_or(true);
}

bool is_default(const TopicConfigEntry& entry) {
  return entry.source == ConfigSource::kDefault;
}

std::optional<std::int32_t> parse_int(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<CreationRefusal> refuse(CreationFault fault, std::string text) {
  return std::unexpected(CreationRefusal{fault, std::move(text)});
}

// The number of replicas that the topic will have; none where only the brokers know.
std::optional<std::int32_t> replicas(const CreationSettings& settings,
                                     const TargetCluster& target) {
  if (settings.replication_factor > 0) return settings.replication_factor;
  return target.default_replication_factor;
}

std::expected<void, CreationRefusal> check_replicas(std::string_view name,
                                                    const CreateTopicSpec& spec,
                                                    const CreationSettings& settings,
                                                    const TargetCluster& target) {
  const auto count = replicas(settings, target);
  if (!count) return {};
  const bool own = settings.replication_factor > 0;
  if (*count > target.brokers) {
    return refuse(
        CreationFault::kTooFewBrokers,
        fmt::format("'{}' needs {} replicas ({}), but the target has {} broker{}. Set "
                    "replication.factor to at most {}, or start more brokers.",
                    name, *count, own ? "replication.factor" : "default.replication.factor",
                    target.brokers, target.brokers == 1 ? "" : "s", target.brokers));
  }
  const auto copied = spec.configs.find(std::string(kMinInsync));
  const auto min_insync =
      copied != spec.configs.end() ? parse_int(copied->second) : target.default_min_insync_replicas;
  if (min_insync && *min_insync > *count) {
    return refuse(
        CreationFault::kMinInsyncTooHigh,
        fmt::format(
            "'{}' would have {} replica{} and min.insync.replicas={} ({}): no producer with "
            "acks=all could write to it. Set replication.factor to at least {}{}.",
            name, *count, *count == 1 ? "" : "s", *min_insync,
            copied != spec.configs.end() ? "copied from the source" : "the target's default",
            *min_insync,
            copied != spec.configs.end()
                ? ", or add min.insync.replicas to config.properties.exclude"
                : ", or lower min.insync.replicas on the target's brokers"));
  }
  return {};
}

}  // namespace

std::map<std::string, std::string> configs_for_create(const std::vector<TopicConfigEntry>& source,
                                                      const ConfigSyncRule& rule) {
  std::map<std::string, std::string> out;
  for (const TopicConfigEntry& entry : source) {
    if (!is_replicated(entry, rule) || !entry.value) continue;
    if (is_default(entry) && !rule.defaults_from_source) continue;
    out.emplace(entry.name, *entry.value);
  }
  return out;
}

std::vector<ConfigChange> configs_for_sync(const std::vector<TopicConfigEntry>& source,
                                           const ConfigSyncRule& rule) {
  std::vector<ConfigChange> out;
  for (const TopicConfigEntry& entry : source) {
    if (!is_replicated(entry, rule)) continue;
    const bool reset = is_default(entry) && !rule.defaults_from_source;
    if (!reset && !entry.value) continue;
    out.push_back({.name = entry.name, .value = reset ? std::nullopt : entry.value});
  }
  std::ranges::sort(out, {}, &ConfigChange::name);
  return out;
}

std::vector<ConfigChange> config_differences(const std::vector<TopicConfigEntry>& source,
                                             const std::vector<TopicConfigEntry>& target,
                                             const ConfigSyncRule& rule) {
  std::map<std::string_view, const TopicConfigEntry*> explicit_on_target;
  for (const TopicConfigEntry& entry : target) {
    if (entry.source == ConfigSource::kDynamicTopic) explicit_on_target.emplace(entry.name, &entry);
  }
  std::vector<ConfigChange> out = configs_for_sync(source, rule);
  std::erase_if(out, [&](const ConfigChange& change) {
    const auto found = explicit_on_target.find(change.name);
    if (!change.value) return found == explicit_on_target.end();
    return found != explicit_on_target.end() && found->second->value == change.value;
  });
  return out;
}

std::expected<CreateTopicSpec, CreationRefusal> create_spec(std::string_view target_name,
                                                            const SourceTopic& source,
                                                            const CreationSettings& settings,
                                                            const TargetCluster& target) {
  if (const std::string fault = topic_name_fault(target_name); !fault.empty()) {
    return refuse(CreationFault::kIllegalName, fmt::format("'{}': {}", target_name, fault));
  }
  if (source.partitions < 1) {
    return refuse(CreationFault::kNoPartitions,
                  fmt::format("'{}' has no partitions on the source", source.name));
  }
  const std::int32_t factor = settings.replication_factor;
  if (factor == 0 || factor < -1 || factor > std::numeric_limits<std::int16_t>::max()) {
    return refuse(
        CreationFault::kReplicationFactor,
        fmt::format("replication.factor is {}; set it to the number of replicas, or to -1 "
                    "for the default of the target's brokers",
                    factor));
  }
  CreateTopicSpec spec{.name = std::string(target_name),
                       .partitions = source.partitions,
                       .replication_factor = static_cast<std::int16_t>(factor),
                       .configs = configs_for_create(source.configs, settings.configs)};
  if (auto checked = check_replicas(target_name, spec, settings, target); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  return spec;
}

std::optional<std::int32_t> grown_partitions(std::int32_t source, std::int32_t target) {
  if (source <= target) return std::nullopt;
  return source;
}

}  // namespace ottla::flow
