#include "flow/config/known_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "flow/config/key_docs.h"
#include "flow/rules/java_regex.h"

namespace ottla::flow {
namespace {

TEST(KnownKeys, HaveDefaultsThatTheyWouldAccept) {
  for (const KnownKey& key : known_keys()) {
    if (key.default_value.empty()) continue;
    EXPECT_EQ(value_fault(key, key.default_value), "") << key.name;
    if (key.type == KeyType::kPatterns) {
      EXPECT_TRUE(PatternList::compile(key.default_value)) << key.name;
    }
  }
}

TEST(KnownKeys, SayWhyWhereTheyDifferFromMirrorMaker) {
  for (const KnownKey& key : known_keys()) {
    EXPECT_FALSE(key.meaning.empty()) << key.name;
    if (key.treatment == Treatment::kSame || key.treatment == Treatment::kOwn) continue;
    EXPECT_FALSE(key.note.empty()) << key.name;
  }
}

TEST(KnownKeys, StandInTheTableOnceForEachLevel) {
  std::set<std::pair<std::string_view, unsigned>> seen;
  for (const KnownKey& key : known_keys()) {
    for (unsigned level = 1; level <= kAdminLevel; level <<= 1U) {
      if ((key.levels & level) == 0) continue;
      EXPECT_TRUE(seen.emplace(key.name, level).second) << key.name;
    }
    EXPECT_EQ(key.type == KeyType::kChoice, !key.choices.empty()) << key.name;
  }
}

TEST(KnownKeys, AreFoundByTheirLevel) {
  EXPECT_NE(find_key("topics", kFlowLevel), nullptr);
  EXPECT_EQ(find_key("topics", kClusterLevel), nullptr);
  EXPECT_EQ(find_key("offset.storage.topic", kTopLevel)->name, "offset.storage.topic");
  EXPECT_EQ(find_key("offset.storage.segment.bytes", kTopLevel)->name, "offset.storage.*");
  EXPECT_EQ(find_key("nonsense", ~0U), nullptr);
}

TEST(KnownKeys, AreTheNamesThatConnectorsDefine) {
  for (const std::string_view name :
       {"topics", "tasks.max", "sync.topic.acls.enabled", "emit.heartbeats.enabled",
        "consumer.poll.timeout.ms", "admin.timeout.ms", "security.protocol", "ssl.key.password",
        "sasl.jaas.config", "replication.policy.separator", "ottla.coalesce"}) {
    EXPECT_TRUE(is_connector_key(name)) << name;
  }
  for (const std::string_view name :
       {"use.defaults.from", "exactly.once.support", "topic.creation.groups", "bootstrap.servers",
        "fetch.max.bytes", "offset.storage.topic", "clusters", "nonsense", "ssl.client.auth"}) {
    EXPECT_FALSE(is_connector_key(name)) << name;
  }
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("topics", "topics"), 0U);
  EXPECT_EQ(edit_distance("topcis", "topics"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(ClosestKey, GuessesNearNamesOnly) {
  EXPECT_EQ(closest_key("topcis.exclude", kFlowLevel), "topics.exclude");
  EXPECT_EQ(closest_key("sync.group.offset.enabled", kTopLevel), "sync.group.offsets.enabled");
  EXPECT_EQ(closest_key("zzzz", ~0U), "");
}

TEST(ValueFault, ChecksTypeAndRange) {
  const KnownKey* cores = find_key("ottla.cores", kTopLevel);
  EXPECT_EQ(value_fault(*cores, " 4 "), "");
  EXPECT_NE(value_fault(*cores, "four"), "");
  EXPECT_NE(value_fault(*cores, "99999999999999999999"), "");
  EXPECT_NE(value_fault(*cores, "-1"), "");
  const KnownKey* flag = find_key("ottla.coalesce", kTopLevel);
  EXPECT_EQ(value_fault(*flag, "TRUE"), "");
  EXPECT_NE(value_fault(*flag, "yes"), "");
}

TEST(KeyDocs, AreCurrent) {
  std::ifstream in(OTTLA_CONFIGURATION_PAGE);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(page == key_docs_markdown())
      << "docs/configuration.md is not current; run config_docs > docs/configuration.md";
}

}  // namespace
}  // namespace ottla::flow
