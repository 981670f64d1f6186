#include "flow/engine/topic_catalog.h"

#include "flow/engine/engine_testing.h"
#include "kafka/client/client_testing.h"

namespace ottla::flow {
namespace {

using kafka::ApiKey;
using kafka::ErrorCode;
using kafka::testing::tp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fake = kafka::fake;

class TopicCatalogTest : public kafka::testing::ClientTest {
 protected:
  // The client of the base class is the source's; the target is another cluster.
  void SetUp() override {
    ClientTest::SetUp();
    target_brokers = std::make_unique<fake::FakeCluster>(context, fake::FakeClusterOptions{});
    target = std::make_unique<kafka::Cluster>(context, pool,
                                              kafka::testing::settings_for(*target_brokers));
    configure("");
  }
  void configure(const std::string& more) {
    catalog.reset();
    settings = testing::make_settings(brokers(), *target_brokers, more);
    catalog = std::make_unique<TopicCatalog>(cluster(), *target, settings);
  }
  void stop_users() override {
    catalog.reset();
    if (target) net::testing::run_to_end(context, target->stop());
    target.reset();
  }
  void TearDown() override {
    stop_client();
    net::testing::run_to_end(context, target_brokers->stop());
    net::testing::run_ready(context);
    target_brokers.reset();
    ClientTest::TearDown();
  }
  Discovery discover() {
    auto found = wait_for(catalog->discover());
    EXPECT_TRUE(found.has_value()) << found.error().to_string();
    return found.value_or(Discovery{});
  }
  static std::vector<std::string> partitions(const Discovery& found) {
    std::vector<std::string> names;
    for (const PartitionSpec& spec : found.partitions) {
      names.push_back(spec.source.to_string() + ">" + spec.target_topic);
    }
    return names;
  }
  std::unique_ptr<fake::FakeCluster> target_brokers;
  std::unique_ptr<kafka::Cluster> target;
  FlowSettings settings;
  std::unique_ptr<TopicCatalog> catalog;
};

TEST_F(TopicCatalogTest, CreatesWhatIsMissingAndThenListsIt) {
  brokers().create_topic("t", 2);
  const Discovery first = discover();
  EXPECT_THAT(first.partitions, IsEmpty());
  EXPECT_TRUE(first.again_soon);
  const Discovery second = discover();
  EXPECT_THAT(partitions(second), ElementsAre("t-0>A.t", "t-1>A.t"));
  EXPECT_FALSE(second.again_soon);
  EXPECT_TRUE(second.partitions[0].target_is_new);
  EXPECT_EQ(second.partitions[0].source_id, brokers().topic_id("t"));
  EXPECT_EQ(second.partitions[0].target_id, target_brokers->topic_id("A.t"));
  EXPECT_FALSE(second.partitions[0].compacted);
}

TEST_F(TopicCatalogTest, TakesATopicThatExistsAsNotNew) {
  brokers().create_topic("t", 1);
  target_brokers->create_topic("A.t", 1, {{"max.message.bytes", "5000"}});
  const Discovery found = discover();
  ASSERT_EQ(found.partitions.size(), 1U);
  EXPECT_FALSE(found.partitions[0].target_is_new);
  EXPECT_EQ(found.partitions[0].target_batch_bytes_max, 5000U);
  EXPECT_EQ(target_brokers->requests(ApiKey::kCreateTopics), 0U);
}

TEST_F(TopicCatalogTest, SeesCompaction) {
  brokers().create_topic("t", 1, {{"cleanup.policy", "compact,delete"}});
  discover();
  EXPECT_TRUE(discover().partitions.at(0).compacted);
}

TEST_F(TopicCatalogTest, GrowsTopicsAndListsOnlyWhatBothSidesHave) {
  brokers().create_topic("t", 3);
  target_brokers->create_topic("A.t", 1);
  const Discovery first = discover();
  EXPECT_THAT(partitions(first), ElementsAre("t-0>A.t"));
  EXPECT_TRUE(first.again_soon);
  EXPECT_EQ(discover().partitions.size(), 3U);
}

TEST_F(TopicCatalogTest, LeavesALargerTargetAlone) {
  brokers().create_topic("t", 1);
  target_brokers->create_topic("A.t", 3);
  EXPECT_EQ(discover().partitions.size(), 1U);
  EXPECT_EQ(target_brokers->requests(ApiKey::kCreatePartitions), 0U);
}

TEST_F(TopicCatalogTest, NotesEveryTopicWithAReason) {
  brokers().create_topic("t", 1);
  brokers().create_topic("unwanted", 1);
  brokers().create_topic("B.t", 1);
  configure("A->B.topics.exclude = unwanted");
  const Discovery found = discover();
  ASSERT_EQ(found.notes.size(), 3U);
  for (const TopicNote& note : found.notes) {
    EXPECT_FALSE(note.reason.empty()) << note.topic;
    EXPECT_EQ(note.copied, note.topic == "t") << note.topic << ": " << note.reason;
  }
  EXPECT_EQ(found.notes[1].target_topic, "A.t");
}

TEST_F(TopicCatalogTest, SaysWhyATopicWasNotCreatedAndTriesAgain) {
  brokers().create_topic("t", 1);
  target_brokers->fault({.kind = fake::FaultKind::kAnswerError,
                         .api = ApiKey::kCreateTopics,
                         .error = ErrorCode::kTopicAuthorizationFailed});
  const Discovery refused = discover();
  EXPECT_THAT(refused.partitions, IsEmpty());
  ASSERT_EQ(refused.troubles.size(), 1U);
  EXPECT_THAT(refused.troubles[0], HasSubstr("A.t: not created on B"));
  const Discovery created = discover();
  EXPECT_THAT(created.troubles, IsEmpty());
  EXPECT_TRUE(created.again_soon);
}

TEST_F(TopicCatalogTest, ARefusalIsSaidAndTriedAgain) {
  brokers().create_topic("a", 1);
  brokers().create_topic("b", 1);
  target_brokers->fault({.kind = fake::FaultKind::kAnswerError,
                         .api = ApiKey::kCreateTopics,
                         .error = ErrorCode::kPolicyViolation});
  EXPECT_EQ(discover().troubles.size(), 2U);
  EXPECT_EQ(discover().troubles.size(), 0U);
  EXPECT_THAT(partitions(discover()), ElementsAre("a-0>A.a", "b-0>A.b"));
}

TEST_F(TopicCatalogTest, TakesATopicWhoseSettingsItMayNotReadForCompacted) {
  brokers().create_topic("t", 1);
  target_brokers->create_topic("A.t", 1);
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kDescribeConfigs,
                   .error = ErrorCode::kTopicAuthorizationFailed});
  const Discovery found = discover();
  EXPECT_TRUE(found.partitions.at(0).compacted);
  ASSERT_EQ(found.troubles.size(), 1U);
  EXPECT_THAT(found.troubles[0], HasSubstr("Grant DESCRIBE_CONFIGS"));
}

TEST_F(TopicCatalogTest, TellsTheNewIdsOfRecreatedTopics) {
  brokers().create_topic("t", 1);
  target_brokers->create_topic("A.t", 1);
  const Discovery before = discover();
  brokers().recreate_topic("t");
  target_brokers->recreate_topic("A.t");
  const Discovery after = discover();
  EXPECT_NE(after.partitions.at(0).source_id, before.partitions.at(0).source_id);
  EXPECT_NE(after.partitions.at(0).target_id, before.partitions.at(0).target_id);
}

TEST_F(TopicCatalogTest, FailsAsAWholeWhenAClusterIsNotReached) {
  brokers().broker_down(BrokerId(1));
  net::testing::run_ready(context);
  EXPECT_FALSE(wait_for(catalog->discover()).has_value());
}

}  // namespace
}  // namespace ottla::flow
