#include "flow/rules/acl_rules.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

TopicRules rules_of_a_flow() {
  TopicRulesOptions options;
  options.source_alias = "A";
  options.target_alias = "B";
  options.topics = *PatternList::compile(".*");
  options.topics_exclude = *PatternList::compile("secret");
  return TopicRules(std::move(options));
}

TopicAcl acl(AclOperation operation, AclPermission permission) {
  return {"orders", AclPattern::kLiteral, "User:alice", "*", operation, permission};
}

TEST(AclRules, ReadIsGivenUnderTheNameOnTheTarget) {
  const auto mirrored =
      mirrored_acl(acl(AclOperation::kRead, AclPermission::kAllow), rules_of_a_flow());
  ASSERT_TRUE(mirrored);
  EXPECT_EQ(mirrored->topic, "A.orders");
  EXPECT_EQ(mirrored->operation, AclOperation::kRead);
}

TEST(AclRules, WriteIsNotGiven) {
  EXPECT_FALSE(mirrored_acl(acl(AclOperation::kWrite, AclPermission::kAllow), rules_of_a_flow()));
}

TEST(AclRules, AllBecomesRead) {
  const auto mirrored =
      mirrored_acl(acl(AclOperation::kAll, AclPermission::kAllow), rules_of_a_flow());
  ASSERT_TRUE(mirrored);
  EXPECT_EQ(mirrored->operation, AclOperation::kRead);
}

TEST(AclRules, WhatDeniesStaysAsItIs) {
  for (const AclOperation operation : {AclOperation::kAll, AclOperation::kWrite}) {
    const auto mirrored = mirrored_acl(acl(operation, AclPermission::kDeny), rules_of_a_flow());
    ASSERT_TRUE(mirrored);
    EXPECT_EQ(mirrored->operation, operation);
  }
}

TEST(AclRules, PrefixesWildcardsAndExcludedTopicsAreLeftAlone) {
  TopicAcl prefixed = acl(AclOperation::kRead, AclPermission::kAllow);
  prefixed.pattern = AclPattern::kPrefixed;
  TopicAcl every = acl(AclOperation::kRead, AclPermission::kAllow);
  every.topic = "*";
  TopicAcl excluded = acl(AclOperation::kRead, AclPermission::kAllow);
  excluded.topic = "secret";
  for (const TopicAcl& source : {prefixed, every, excluded}) {
    EXPECT_FALSE(mirrored_acl(source, rules_of_a_flow()));
  }
}

}  // namespace
}  // namespace ottla::flow
