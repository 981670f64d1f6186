#include "kafka/client/connection.h"

#include "kafka/client/client_testing.h"
#include "kafka/protocol/generated/describe_cluster.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/protocol/generated/list_groups.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using fake::Fault;
using fake::FaultKind;

class ConnectionTest : public ClientTest {
 protected:
  void stop_users() override { connections.clear(); }

  Result<std::shared_ptr<Connection>> open(std::uint16_t index = 0) {
    auto task = cluster().connection(BrokerId(1), Lane{LanePurpose::kControl, index});
    auto opened = wait_for(std::move(task));
    if (opened) connections.push_back(*opened);
    return opened;
  }

  static net::Task<void> ask(std::shared_ptr<Connection> connection, net::Duration timeout,
                             int number, std::vector<std::pair<int, Status>>& answers) {
    const auto reply = co_await connection->call(DescribeClusterRequest{}, timeout);
    answers.emplace_back(number, reply ? Status{} : Status(std::unexpected(reply.error())));
  }

  // `count` requests at once; their outcomes in the order in which they came.
  std::vector<std::pair<int, Status>> ask_many(const std::shared_ptr<Connection>& connection,
                                               int count, net::Duration timeout = 5s) {
    std::vector<std::pair<int, Status>> answers;
    net::TaskGroup group(context);
    for (int i = 0; i < count; ++i) group.spawn("ask", ask(connection, timeout, i, answers));
    net::testing::run_until_empty(group);
    return answers;
  }

  std::vector<std::shared_ptr<Connection>> connections;
};

// The fault hits one request on one connection; another connection must not notice.
class BadBroker : public ConnectionTest, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(BadBroker, CostsOneConnectionAndEveryRequestOnItEndsOnce) {
  const auto bad = open(1);
  const auto good = open(2);
  ASSERT_TRUE(bad && good);
  brokers().fault({.kind = GetParam(), .api = ApiKey::kDescribeCluster, .skip = 2});
  const auto answers = ask_many(*bad, 6);
  ASSERT_EQ(answers.size(), 6U);
  for (int i = 0; i < 6; ++i) {
    const auto& [number, status] = answers[static_cast<std::size_t>(i)];
    EXPECT_EQ(number, i);
    const bool answered = i < (GetParam() == FaultKind::kCutAfter ? 3 : 2);
    EXPECT_EQ(status.has_value(), answered) << i;
    if (!status) EXPECT_NE(status.error().to_string().find("fake 127.0.0.1:"), std::string::npos);
  }
  EXPECT_TRUE((*bad)->closed());
  EXPECT_FALSE((*good)->closed());
  EXPECT_EQ(ask_many(*good, 3).size(), 3U);
  EXPECT_EQ(pool.used_bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Faults, BadBroker,
                         ::testing::Values(FaultKind::kCutBefore, FaultKind::kCutMid,
                                           FaultKind::kCutAfter, FaultKind::kLoseReply,
                                           FaultKind::kSkipReply, FaultKind::kGarbage,
                                           FaultKind::kGarbageBody, FaultKind::kHugeLength,
                                           FaultKind::kWrongCorrelation),
                         [](const auto& info) {
                           return "Kind" + std::to_string(static_cast<int>(info.param));
                         });

TEST_F(ConnectionTest, AnswersInTheOrderOfTheRequests) {
  const auto connection = open();
  ASSERT_TRUE(connection);
  const auto answers = ask_many(*connection, 200);
  ASSERT_EQ(answers.size(), 200U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].first, i);
    EXPECT_TRUE(answers[static_cast<std::size_t>(i)].second);
  }
}

TEST_F(ConnectionTest, SurvivesACutAtEveryByteOfAResponse) {
  for (std::size_t bytes = 0; bytes < 44; bytes += 2) {
    brokers().fault({.kind = FaultKind::kCutMid, .api = ApiKey::kDescribeCluster, .bytes = bytes});
    const auto connection = open();
    ASSERT_TRUE(connection);
    const auto answers = ask_many(*connection, 2);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_FALSE(answers[0].second);
    EXPECT_FALSE(answers[1].second);
  }
  EXPECT_EQ(pool.used_bytes(), 0U);
}

TEST_F(ConnectionTest, AListenerThatClosesBeforeItServesAnythingIsExplained) {
  const std::string words = "security.protocol";
  const auto fresh = open(1);
  const auto used = open(2);
  ASSERT_TRUE(fresh && used);
  ASSERT_TRUE(ask_many(*used, 1)[0].second);
  for (const auto& connection : {*fresh, *used}) {
    brokers().fault({.kind = FaultKind::kCutBefore, .api = ApiKey::kDescribeCluster});
    const Status asked = ask_many(connection, 1)[0].second;
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().to_string().find(words) != std::string::npos, connection == *fresh);
  }
}

TEST_F(ConnectionTest, TimesOutWithTheNameOfTheRequest) {
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kDescribeCluster});
  const auto connection = open();
  ASSERT_TRUE(connection);
  const auto answers = ask_many(*connection, 2, net::Duration(50));
  for (const auto& [number, status] : answers) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, make_error_code(BaseErrc::kTimedOut));
    EXPECT_NE(status.error().to_string().find("DescribeCluster"), std::string::npos);
  }
}

// The watchdog slept until the deadline of the first request.
TEST_F(ConnectionTest, AShortDeadlineIsKeptBehindALongOne) {
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kDescribeCluster, .skip = 1});
  const auto connection = open();
  ASSERT_TRUE(connection);
  const auto started = net::Clock::now();
  EXPECT_TRUE(ask_many(*connection, 1, 60s)[0].second);
  EXPECT_FALSE(ask_many(*connection, 1, net::Duration(50))[0].second);
  EXPECT_LT(net::Clock::now() - started, 20s);
}

TEST_F(ConnectionTest, AStalledResponseTimesOut) {
  brokers().fault({.kind = FaultKind::kGarbage,
                   .api = ApiKey::kDescribeCluster,
                   .garbage = std::string("\0\0\0\x64\0\0\0\1", 8)});
  const auto connection = open();
  ASSERT_TRUE(connection);
  const auto answers = ask_many(*connection, 1, net::Duration(50));
  EXPECT_EQ(answers[0].second.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST_F(ConnectionTest, SpeaksToABrokerThatKnowsOnlyTheFirstApiVersions) {
  brokers().offer(ApiKey::kApiVersions, {0, 0});
  const auto connection = open();
  ASSERT_TRUE(connection) << connection.error().to_string();
  EXPECT_TRUE(ask_many(*connection, 1)[0].second);
}

TEST_F(ConnectionTest, ChoosesTheHighestCommonVersionAndNamesWhatIsMissing) {
  brokers().offer(ApiKey::kFetch, {4, 11});
  brokers().offer(ApiKey::kListGroups, {0, -1});
  const auto connection = open();
  ASSERT_TRUE(connection);
  EXPECT_EQ((*connection)->version_for(ApiKey::kFetch, 4, 18).value(), 11);
  const auto none = (*connection)->version_for(ApiKey::kFetch, 12, 18);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().to_string().find("needs version 12 to 18, the broker has 4 to 11"),
            std::string::npos);
  EXPECT_FALSE(wait_for((*connection)->call(ListGroupsRequest{}, 5s)));
}

TEST_F(ConnectionTest, ARefusedHandshakeIsAnError) {
  brokers().fault({.kind = FaultKind::kAnswerError,
                   .api = ApiKey::kApiVersions,
                   .times = -1,
                   .error = ErrorCode::kInvalidRequest});
  const auto connection = open();
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, make_error_code(ErrorCode::kInvalidRequest));
}

TEST_F(ConnectionTest, StopEndsWhatIsUnderWay) {
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kDescribeCluster});
  const auto connection = open();
  ASSERT_TRUE(connection);
  std::vector<std::pair<int, Status>> answers;
  net::TaskGroup group(context);
  group.spawn("ask", ask(*connection, 60s, 0, answers));
  RUN_UNTIL(brokers().requests(ApiKey::kDescribeCluster) == 1);
  stop_client();
  net::testing::run_until_empty(group);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(is_cancelled(answers[0].second.error()));
}

}  // namespace
}  // namespace ottla::kafka
