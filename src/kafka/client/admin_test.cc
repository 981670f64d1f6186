#include "kafka/client/admin.h"

#include "kafka/client/client_testing.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using fake::FaultKind;

class AdminTest : public ClientTest {};

TEST_F(AdminTest, ListsOffsets) {
  brokers().create_topic("orders", 1);
  const TopicPartition p = tp("orders", 0);
  brokers().append(p, fake::make_simple_batch("k", 0, 10));
  brokers().delete_before(p, Offset(3));
  brokers().append(p, fake::make_batch({.records = {{.value = "v"}},
                                        .producer_id = ProducerId(5),
                                        .producer_epoch = ProducerEpoch(0),
                                        .base_sequence = 0,
                                        .transactional = true}));
  const auto ask = [&](std::int64_t time, std::int8_t isolation) {
    return wait_for(list_offset(cluster(), p, time, isolation)).value().value();
  };
  EXPECT_EQ(ask(kEarliest, 0), 3);
  EXPECT_EQ(ask(kLatest, 0), 11);
  EXPECT_EQ(ask(kLatest, 1), 10);
  EXPECT_EQ(ask(1'700'000'000'007, 0), 7);
  EXPECT_EQ(ask(1'900'000'000'000, 0), -1);
}

TEST_F(AdminTest, NamesAPartitionThatIsNotThere) {
  const auto offset = wait_for(list_offset(cluster(), tp("nothing", 4), kLatest, 0));
  ASSERT_FALSE(offset);
  EXPECT_EQ(offset.error().code, make_error_code(ErrorCode::kUnknownTopicOrPartition));
  EXPECT_NE(offset.error().to_string().find("nothing-4"), std::string::npos);
}

TEST_F(AdminTest, ACallAfterALeaderMoveMayBeRetried) {
  start({.brokers = 2});
  brokers().create_topic("orders", 1);
  cluster().follow("orders");
  ASSERT_TRUE(wait_for(cluster().refresh()));
  brokers().move_leader(tp("orders", 0), BrokerId(2));
  auto attempt = [&] { return list_offset(cluster(), tp("orders", 0), kLatest, 0); };
  EXPECT_TRUE(wait_for(retrying(attempt, net::Clock::now() + 10s)));
}

TEST_F(AdminTest, RetryingGivesUpOnWhatDoesNotPass) {
  brokers().create_topic("orders", 1);
  brokers().fault({.kind = FaultKind::kAnswerError,
                   .api = ApiKey::kListOffsets,
                   .times = -1,
                   .error = ErrorCode::kTopicAuthorizationFailed});
  auto attempt = [&] { return list_offset(cluster(), tp("orders", 0), kLatest, 0); };
  const auto refused = wait_for(retrying(attempt, net::Clock::now() + 60s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(brokers().requests(ApiKey::kListOffsets), 1U);
}

TEST_F(AdminTest, EachInitProducerIdGivesAFreshId) {
  const auto first = wait_for(init_producer_id(cluster()));
  const auto second = wait_for(init_producer_id(cluster()));
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id, second->id);
  EXPECT_EQ(first->epoch, ProducerEpoch(0));
}

TEST_F(AdminTest, DescribesProducersAndFencesThem) {
  brokers().create_topic("orders", 1);
  const TopicPartition p = tp("orders", 0);
  brokers().append(p, fake::make_batch({.records = {{.value = "v"}, {.value = "w"}},
                                        .producer_id = ProducerId(5),
                                        .producer_epoch = ProducerEpoch(2),
                                        .base_sequence = 40}));
  auto producers = wait_for(describe_producers(cluster(), p));
  ASSERT_TRUE(producers);
  ASSERT_EQ(producers->size(), 1U);
  EXPECT_EQ((*producers)[0].id, ProducerId(5));
  EXPECT_EQ((*producers)[0].epoch, ProducerEpoch(2));
  EXPECT_EQ((*producers)[0].last_sequence, 41);
  ASSERT_TRUE(wait_for(write_fence_marker(cluster(), p, {ProducerId(5), ProducerEpoch(3)})));
  producers = wait_for(describe_producers(cluster(), p));
  EXPECT_EQ((*producers)[0].epoch, ProducerEpoch(3));
  EXPECT_EQ((*producers)[0].last_sequence, -1);
  EXPECT_EQ(brokers().log_end(p), Offset(3));
  const Status stale =
      wait_for(write_fence_marker(cluster(), p, {ProducerId(5), ProducerEpoch(1)}));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, make_error_code(ErrorCode::kInvalidProducerEpoch));
}

TEST_F(AdminTest, CreatesAndGrowsTopics) {
  ASSERT_TRUE(wait_for(create_topic(
      cluster(), {.name = "orders", .partitions = 2, .configs = {{"cleanup.policy", "compact"}}})));
  ASSERT_TRUE(wait_for(create_topic(cluster(), {.name = "orders", .configs = {}})));  // it is there
  ASSERT_TRUE(wait_for(create_partitions(cluster(), "orders", 5)));
  EXPECT_FALSE(wait_for(create_partitions(cluster(), "orders", 3)));
  const auto topics = wait_for(cluster().describe_topics({"orders"}));
  EXPECT_EQ((*topics)->topics.at("orders").partitions.size(), 5U);
  const Status refused =
      wait_for(create_topic(cluster(), {.name = "big", .replication_factor = 9, .configs = {}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(ErrorCode::kInvalidReplicationFactor));
}

TEST_F(AdminTest, DescribesConfigsOfTopicsAndBrokers) {
  start({.brokers = 2});
  brokers().create_topic("orders", 1, {{"retention.ms", "1000"}});
  const auto topics =
      wait_for(describe_configs(cluster(), ConfigResource::kTopic, {"orders", "nothing"}));
  ASSERT_TRUE(topics);
  EXPECT_EQ(topics->at("orders")->at("retention.ms").value, "1000");
  EXPECT_EQ(topics->at("orders")->at("cleanup.policy").value, "delete");
  EXPECT_FALSE(topics->at("nothing"));
  const auto broker = wait_for(describe_configs(cluster(), ConfigResource::kBroker, {"2"}));
  ASSERT_TRUE(broker);
  EXPECT_EQ(broker->at("2")->at("producer.id.expiration.ms").value, "86400000");
}

TEST_F(AdminTest, FetchesASliceOfALog) {
  brokers().create_topic("orders", 1);
  for (int i = 0; i < 4; ++i) {
    brokers().append(tp("orders", 0), fake::make_simple_batch("k", i * 5, 5));
  }
  const auto slice = wait_for(fetch_slice(cluster(), tp("orders", 0), Offset(7), 1 << 20));
  ASSERT_TRUE(slice);
  EXPECT_EQ(slice->high_watermark, Offset(20));
  const auto records = fake::read_records(slice->records);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->front().offset, Offset(5));
  EXPECT_EQ(records->back().offset, Offset(19));
  const auto nothing = wait_for(fetch_slice(cluster(), tp("orders", 0), Offset(20), 1 << 20));
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->records.empty());
  EXPECT_FALSE(wait_for(fetch_slice(cluster(), tp("orders", 0), Offset(21), 1 << 20)));
}

}  // namespace
}  // namespace ottla::kafka
