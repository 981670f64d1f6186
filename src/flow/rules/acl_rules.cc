#include "flow/rules/acl_rules.h"

namespace ottla::flow {

std::optional<TopicAcl> mirrored_acl(const TopicAcl& source, const TopicRules& rules) {
  if (source.pattern != AclPattern::kLiteral || source.topic == "*") return std::nullopt;
  const bool allows = source.permission == AclPermission::kAllow;
  if (allows && source.operation == AclOperation::kWrite) return std::nullopt;
  TopicDecision decision = rules.decide(source.topic);
  if (!decision.copy) return std::nullopt;
  TopicAcl target = source;
  target.topic = std::move(decision.target_topic);
  if (allows && source.operation == AclOperation::kAll) target.operation = AclOperation::kRead;
  return target;
}

}  // namespace ottla::flow
