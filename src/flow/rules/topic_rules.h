#pragma once
// Whether a topic of the source is copied, why, and under which name.
//
// The rule is MM2's: (filter or heartbeats) and not internal and not a cycle. Pure: the answer
// depends on the name, on the broker's "internal" flag and on the options only.

#include <string>
#include <string_view>

#include "flow/rules/java_regex.h"
#include "flow/rules/replication_policy.h"

namespace ottla::flow {

struct TopicRulesOptions {
  std::string source_alias;
  std::string target_alias;
  PatternList topics;          // include
  PatternList topics_exclude;  // wins over include
  ReplicationPolicyOptions policy;
  // heartbeats and *.heartbeats are copied whatever the filters say (KIP-1089).
  bool heartbeats_replication_enabled = true;
};

enum class TopicReason {
  kIncluded,
  kHeartbeats,         // copied although the filters leave it out
  kBrokerInternal,     // the broker calls it internal
  kInternal,           // MM2's own, or "__" or "." in front
  kOttlaInternal,      // ottla-*-internal
  kCycle,              // came from the target
  kExcluded,           // topics.exclude
  kNotIncluded,        // topics
  kIllegalTargetName,  // the target would refuse the name
  kUndecided,          // a pattern needs too many steps
};
std::string_view topic_reason_name(TopicReason reason);

struct TopicDecision {
  bool copy = false;
  TopicReason reason = TopicReason::kNotIncluded;
  std::string text;          // for a person
  std::string target_topic;  // set also when not copied
};

class TopicRules {
 public:
  explicit TopicRules(TopicRulesOptions options);

  // `broker_internal` is the flag of the metadata response.
  [[nodiscard]] TopicDecision decide(std::string_view topic, bool broker_internal = false) const;
  [[nodiscard]] const ReplicationPolicy& policy() const { return policy_; }
  [[nodiscard]] const TopicRulesOptions& options() const { return options_; }

 private:
  [[nodiscard]] TopicDecision filter(std::string_view topic) const;

  TopicRulesOptions options_;
  ReplicationPolicy policy_;
};

// ottla-<what>-internal
bool is_ottla_internal_topic(std::string_view topic);

// Which consumer groups a flow takes part in: included and not excluded.
struct GroupDecision {
  bool sync = false;
  std::string text;
};
GroupDecision decide_group(std::string_view group, const PatternList& groups,
                           const PatternList& groups_exclude);

}  // namespace ottla::flow
