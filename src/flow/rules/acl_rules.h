#pragma once
// Which permissions of the source are given on the target as well, by MM2's rule: literal topic
// ACLs of copied topics, under the topic's name there; ALLOW WRITE never (the copy is written by
// the mirror alone), ALLOW ALL becomes ALLOW READ, everything that denies stays as it is.

#include <cstdint>
#include <optional>
#include <string>

#include "flow/rules/topic_rules.h"

namespace ottla::flow {

// The numbers of the protocol.
enum class AclOperation : std::int8_t { kAll = 2, kRead = 3, kWrite = 4 };
enum class AclPermission : std::int8_t { kDeny = 2, kAllow = 3 };
enum class AclPattern : std::int8_t { kLiteral = 3, kPrefixed = 4 };

// A topic ACL.
struct TopicAcl {
  std::string topic;
  AclPattern pattern = AclPattern::kLiteral;
  std::string principal;
  std::string host;
  AclOperation operation = AclOperation::kRead;  // any number of the protocol may stand here
  AclPermission permission = AclPermission::kAllow;
  auto operator<=>(const TopicAcl&) const = default;
};

// Nothing: not to be mirrored.
std::optional<TopicAcl> mirrored_acl(const TopicAcl& source, const TopicRules& rules);

}  // namespace ottla::flow
