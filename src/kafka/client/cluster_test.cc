#include "kafka/client/client_testing.h"
#include "kafka/protocol/generated/describe_cluster.h"
#include "kafka/protocol/generated/offset_fetch.h"
#include "net/listener.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using fake::FaultKind;

class ClusterTest : public ClientTest {
 protected:
  // A port of this machine where nobody listens.
  net::Endpoint nobody() {
    auto listener = net::listen_tcp(context, {"127.0.0.1", 0});
    const net::Endpoint endpoint = (*listener)->local();
    (*listener)->close();
    return endpoint;
  }
};

TEST_F(ClusterTest, LearnsBrokersTopicsAndLeaders) {
  start({.brokers = 3});
  const TopicId id = brokers().create_topic("orders", 3);
  cluster().follow("orders");
  ASSERT_TRUE(wait_for(cluster().refresh()));
  const Metadata& metadata = *cluster().metadata();
  EXPECT_EQ(metadata.cluster_id, "fake");
  EXPECT_EQ(metadata.brokers.size(), 3U);
  ASSERT_TRUE(metadata.topics.contains("orders"));
  EXPECT_EQ(metadata.topics.at("orders").id, id);
  EXPECT_EQ(metadata.partition("orders", PartitionId(2))->leader, BrokerId(3));
  EXPECT_EQ(metadata.partition("orders", PartitionId(3)), nullptr);
}

TEST_F(ClusterTest, AsksForFollowedTopicsOnlyAndForAllOnRequest) {
  brokers().create_topic("a", 1);
  brokers().create_topic("b", 1);
  cluster().follow("a");
  ASSERT_TRUE(wait_for(cluster().refresh()));
  EXPECT_EQ(cluster().metadata()->topics.size(), 1U);
  const auto all = wait_for(cluster().all_topics());
  ASSERT_TRUE(all);
  EXPECT_EQ((*all)->topics.size(), 2U);
  EXPECT_EQ(cluster().metadata()->topics.size(), 1U);
}

TEST_F(ClusterTest, TriesTheNextBootstrapAddress) {
  ClusterSettings settings = settings_for(brokers());
  settings.bootstrap.insert(settings.bootstrap.begin(), nobody());
  connect(settings);
  EXPECT_TRUE(wait_for(cluster().refresh()));
}

TEST_F(ClusterTest, SaysWhichAddressIsDeadWhenNoneAnswers) {
  ClusterSettings settings = settings_for(brokers());
  settings.bootstrap = {nobody()};
  const std::string address = settings.bootstrap[0].to_string();
  connect(settings);
  const Status refreshed = wait_for(cluster().refresh());
  ASSERT_FALSE(refreshed);
  EXPECT_NE(refreshed.error().to_string().find(address), std::string::npos);
}

TEST_F(ClusterTest, SeesALeaderMove) {
  start({.brokers = 2});
  brokers().create_topic("orders", 1);
  cluster().follow("orders");
  ASSERT_TRUE(wait_for(cluster().refresh()));
  brokers().move_leader(tp("orders", 0), BrokerId(2));
  cluster().request_refresh();
  RUN_UNTIL(cluster().metadata()->partition("orders", PartitionId(0))->leader == BrokerId(2));
  EXPECT_EQ(cluster().metadata()->partition("orders", PartitionId(0))->leader_epoch,
            LeaderEpoch(1));
}

TEST_F(ClusterTest, FindsABrokerThatMovedToAnotherAddress) {
  start({.brokers = 2});
  ASSERT_TRUE(wait_for(cluster().refresh()));
  const auto before = wait_for(cluster().connection(BrokerId(2), {}));
  ASSERT_TRUE(before);
  brokers().move_broker(BrokerId(2));
  RUN_UNTIL((*before)->closed());
  cluster().request_refresh();
  RUN_UNTIL(cluster().metadata()->brokers.at(BrokerId(2)).endpoint ==
            brokers().endpoint(BrokerId(2)));
  const auto after = wait_for(cluster().connection(BrokerId(2), {}));
  ASSERT_TRUE(after) << after.error().to_string();
}

TEST_F(ClusterTest, ComesBackWhenItsOnlyBrokerWasAway) {
  ASSERT_TRUE(wait_for(cluster().refresh()));
  brokers().broker_down(BrokerId(1));
  net::testing::run_ready(context);
  EXPECT_FALSE(wait_for(cluster().refresh()));
  brokers().broker_up(BrokerId(1));
  cluster().request_refresh();
  const std::size_t asked = brokers().requests(ApiKey::kMetadata);
  RUN_UNTIL(brokers().requests(ApiKey::kMetadata) > asked);
  EXPECT_TRUE(wait_for(cluster().refresh()));
}

TEST_F(ClusterTest, ManyAskersShareOneConnectionPerLane) {
  ASSERT_TRUE(wait_for(cluster().refresh()));
  const std::size_t before = brokers().connections();
  std::vector<std::optional<Result<std::shared_ptr<Connection>>>> got(10);
  net::TaskGroup group(context);
  for (auto& slot : got) {
    group.spawn("dial",
                store_result(cluster().connection(BrokerId(1), {LanePurpose::kFetch, 7}), slot));
  }
  net::testing::run_until_empty(group);
  for (const auto& slot : got) {
    ASSERT_TRUE(slot && *slot);
    EXPECT_EQ(**slot, **got[0]);
  }
  EXPECT_EQ(brokers().connections(), before + 1);
}

TEST_F(ClusterTest, ADeadBrokerIsDialledWithBackoff) {
  ClusterSettings settings = settings_for(brokers());
  settings.bootstrap = {nobody()};
  settings.reconnect_backoff = 60s;
  settings.reconnect_backoff_max = 60s;
  connect(settings);
  const auto first = wait_for(cluster().any_connection());
  const auto started = net::Clock::now();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(wait_for(cluster().any_connection()));
  EXPECT_LT(net::Clock::now() - started, 30s);
}

// refresh() said yes to those who waited while the shared request failed.
TEST_F(ClusterTest, AFailedRefreshFailsForAllWhoWaitForIt) {
  ASSERT_TRUE(wait_for(cluster().refresh()));
  brokers().fault({.kind = FaultKind::kCutBefore, .api = ApiKey::kMetadata});
  std::vector<std::optional<Status>> got(3);
  net::TaskGroup group(context);
  for (auto& slot : got) group.spawn("refresh", store_result(cluster().refresh(), slot));
  net::testing::run_until_empty(group);
  for (const auto& slot : got) {
    ASSERT_TRUE(slot);
    EXPECT_FALSE(*slot);
  }
}

TEST_F(ClusterTest, CallsTheCoordinatorAndFindsItAgain) {
  start({.brokers = 2});
  OffsetFetchRequest request;
  request.groups.resize(1);
  request.groups[0].group_id = "g";
  request.groups[0].topics.reset();
  const auto ask = [&] {
    return wait_for(cluster().call_coordinator(CoordinatorType::kGroup, "g", request));
  };
  ASSERT_TRUE(ask());
  ASSERT_TRUE(ask());
  EXPECT_EQ(brokers().requests(ApiKey::kFindCoordinator), 1U);
  brokers().cut_connections(BrokerId(1));
  net::testing::run_ready(context);
  brokers().fault({.kind = FaultKind::kCutBefore, .api = ApiKey::kOffsetFetch});
  EXPECT_FALSE(ask());
  EXPECT_TRUE(ask());
  EXPECT_EQ(brokers().requests(ApiKey::kFindCoordinator), 2U);
}

TEST_F(ClusterTest, StopsInTheMiddleOfEverything) {
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kMetadata, .times = -1});
  cluster().follow("orders");
  RUN_UNTIL(brokers().requests(ApiKey::kMetadata) == 1);
  stop_client();
  EXPECT_EQ(pool.used_bytes(), 0U);
}

}  // namespace
}  // namespace ottla::kafka
