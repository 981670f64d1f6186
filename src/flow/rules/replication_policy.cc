#include "flow/rules/replication_policy.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace ottla::flow {
namespace {

constexpr std::size_t kTopicNameMax = 249;

bool is_topic_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

ReplicationPolicy::ReplicationPolicy(ReplicationPolicyOptions options)
    : options_(std::move(options)),
      internal_separator_(options_.internal_separator_enabled ? options_.separator : ".") {
  OTTLA_ASSERT(!options_.separator.empty());
}

// The identity policy treats whatever ends with "heartbeats" by the default rules.
bool ReplicationPolicy::renames(std::string_view topic) const {
  return options_.kind == PolicyKind::kDefault || topic.ends_with(heartbeats_topic());
}

// Java's split drops empty parts at the end, so "a." has one part and therefore no source.
std::optional<std::string> ReplicationPolicy::prefix_of(std::string_view topic) const {
  const std::string& separator = options_.separator;
  const std::size_t first = topic.find(separator);
  if (first == std::string_view::npos) return std::nullopt;
  std::string_view rest = topic.substr(first + separator.size());
  while (rest.starts_with(separator)) rest.remove_prefix(separator.size());
  if (rest.empty()) return std::nullopt;
  return std::string(topic.substr(0, first));
}

std::string ReplicationPolicy::remote_topic(std::string_view alias, std::string_view topic) const {
  if (!renames(topic)) return std::string(topic);
  return fmt::format("{}{}{}", alias, options_.separator, topic);
}

std::optional<std::string> ReplicationPolicy::topic_source(std::string_view topic) const {
  if (renames(topic)) return prefix_of(topic);
  if (options_.source_alias.empty()) return std::nullopt;
  return options_.source_alias;
}

std::optional<std::string> ReplicationPolicy::upstream_topic(std::string_view topic) const {
  if (!renames(topic)) return std::string(topic);
  const auto source = prefix_of(topic);
  if (!source) return std::nullopt;
  return std::string(topic.substr(source->size() + options_.separator.size()));
}

std::string ReplicationPolicy::original_topic(std::string_view topic) const {
  std::string name(topic);
  while (true) {  // every round shortens the name
    auto upstream = upstream_topic(name);
    if (!upstream || *upstream == name) return name;
    name = *std::move(upstream);
  }
}

bool ReplicationPolicy::is_heartbeats_topic(std::string_view topic) const {
  return original_topic(topic) == heartbeats_topic();
}

std::string ReplicationPolicy::offset_syncs_topic(std::string_view alias) const {
  return fmt::format("mm2-offset-syncs{0}{1}{0}internal", internal_separator_, alias);
}

std::string ReplicationPolicy::checkpoints_topic(std::string_view alias) const {
  return fmt::format("{1}{0}checkpoints{0}internal", internal_separator_, alias);
}

bool ReplicationPolicy::is_checkpoints_topic(std::string_view topic) const {
  return topic.ends_with(fmt::format("{0}checkpoints{0}internal", internal_separator_));
}

bool ReplicationPolicy::is_mm2_internal_topic(std::string_view topic) const {
  return (topic.starts_with("mm2") && topic.ends_with(internal_separator_ + "internal")) ||
         is_checkpoints_topic(topic);
}

bool ReplicationPolicy::is_internal_topic(std::string_view topic) const {
  return topic.starts_with("__") || topic.starts_with(".") || is_mm2_internal_topic(topic);
}

bool ReplicationPolicy::is_cycle(std::string_view topic, std::string_view target_alias) const {
  std::string name(topic);
  while (true) {
    const auto source = topic_source(name);
    if (!source) return false;
    if (*source == target_alias) return true;
    auto upstream = upstream_topic(name);
    if (!upstream || *upstream == name) return false;
    name = *std::move(upstream);
  }
}

std::string connect_offsets_topic(std::string_view source_alias) {
  return fmt::format("mm2-offsets.{}.internal", source_alias);
}
std::string connect_status_topic(std::string_view source_alias) {
  return fmt::format("mm2-status.{}.internal", source_alias);
}
std::string connect_configs_topic(std::string_view source_alias) {
  return fmt::format("mm2-configs.{}.internal", source_alias);
}

std::string topic_name_fault(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name == "." || name == "..") return fmt::format("the name may not be '{}'", name);
  if (name.size() > kTopicNameMax) {
    return fmt::format("the name has {} characters, Kafka allows {}", name.size(), kTopicNameMax);
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_topic_char(name[i])) {
      return fmt::format("character {} is not one of a-z A-Z 0-9 . _ -", i + 1);
    }
  }
  return {};
}

}  // namespace ottla::flow
