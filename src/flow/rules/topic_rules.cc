#include "flow/rules/topic_rules.h"

#include <fmt/format.h>

#include <utility>

namespace ottla::flow {
namespace {

TopicDecision refuse(TopicReason reason, std::string text) {
  return {.copy = false, .reason = reason, .text = std::move(text), .target_topic = {}};
}

}  // namespace

std::string_view topic_reason_name(TopicReason reason) {
  switch (reason) {
    case TopicReason::kIncluded:
      return "included";
    case TopicReason::kHeartbeats:
      return "heartbeats";
    case TopicReason::kBrokerInternal:
      return "broker-internal";
    case TopicReason::kInternal:
      return "internal";
    case TopicReason::kOttlaInternal:
      return "ottla-internal";
    case TopicReason::kCycle:
      return "cycle";
    case TopicReason::kExcluded:
      return "excluded";
    case TopicReason::kNotIncluded:
      return "not-included";
    case TopicReason::kIllegalTargetName:
      return "illegal-target-name";
    case TopicReason::kUndecided:
      return "undecided";
  }
  return "unknown";
}

bool is_ottla_internal_topic(std::string_view topic) {
  return topic.starts_with("ottla-") && topic.ends_with("-internal");
}

TopicRules::TopicRules(TopicRulesOptions options)
    : options_(std::move(options)), policy_(options_.policy) {}

TopicDecision TopicRules::decide(std::string_view topic, bool broker_internal) const {
  TopicDecision decision = [&] {
    if (broker_internal) {
      return refuse(TopicReason::kBrokerInternal, "an internal topic of the brokers");
    }
    if (is_ottla_internal_topic(topic)) {
      return refuse(TopicReason::kOttlaInternal, "one of Ottla's own topics");
    }
    if (policy_.is_internal_topic(topic)) {
      return refuse(TopicReason::kInternal,
                    "an internal topic (MirrorMaker's own, or a name that starts with __ or .)");
    }
    if (policy_.is_cycle(topic, options_.target_alias)) {
      return refuse(
          TopicReason::kCycle,
          fmt::format("it came from {} and would go round in circles (its name holds the "
                      "prefix {}{})",
                      options_.target_alias, options_.target_alias, options_.policy.separator));
    }
    return filter(topic);
  }();
  decision.target_topic = policy_.remote_topic(options_.source_alias, topic);
  if (decision.copy) {
    if (const std::string fault = topic_name_fault(decision.target_topic); !fault.empty()) {
      decision.copy = false;
      decision.reason = TopicReason::kIllegalTargetName;
      decision.text =
          fmt::format("the target would refuse the name '{}': {}", decision.target_topic, fault);
    }
  }
  return decision;
}

TopicDecision TopicRules::filter(std::string_view topic) const {
  if (options_.heartbeats_replication_enabled && policy_.is_heartbeats_topic(topic)) {
    return {.copy = true,
            .reason = TopicReason::kHeartbeats,
            .text = "heartbeats are always copied (heartbeats.replication.enabled=true)",
            .target_topic = {}};
  }
  const auto included = options_.topics.matches(topic);
  if (!included) return refuse(TopicReason::kUndecided, "topics: " + included.error().context);
  const auto excluded = options_.topics_exclude.matches(topic);
  if (!excluded) {
    return refuse(TopicReason::kUndecided, "topics.exclude: " + excluded.error().context);
  }
  if (*excluded) {
    return refuse(
        TopicReason::kExcluded,
        fmt::format("topics.exclude has '{}'", options_.topics_exclude.matching_element(topic)));
  }
  if (!*included) {
    return refuse(TopicReason::kNotIncluded, options_.topics.empty()
                                                 ? std::string("topics is empty")
                                                 : fmt::format("no element of topics matches ({})",
                                                               options_.topics.to_string()));
  }
  return {.copy = true,
          .reason = TopicReason::kIncluded,
          .text = fmt::format("topics has '{}'", options_.topics.matching_element(topic)),
          .target_topic = {}};
}

GroupDecision decide_group(std::string_view group, const PatternList& groups,
                           const PatternList& groups_exclude) {
  const auto included = groups.matches(group);
  if (!included) return {.sync = false, .text = "groups: " + included.error().context};
  const auto excluded = groups_exclude.matches(group);
  if (!excluded) return {.sync = false, .text = "groups.exclude: " + excluded.error().context};
  if (*excluded) {
    return {.sync = false,
            .text = fmt::format("groups.exclude has '{}'", groups_exclude.matching_element(group))};
  }
  if (!*included) {
    return {.sync = false,
            .text = fmt::format("no element of groups matches ({})", groups.to_string())};
  }
  return {.sync = true, .text = fmt::format("groups has '{}'", groups.matching_element(group))};
}

}  // namespace ottla::flow
