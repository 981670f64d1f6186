#include "observe/rest.h"

#include <gmock/gmock.h>

#include "observe/http_testing.h"
#include "observe/test_status.h"

namespace ottla::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class RestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = Rest::start(context_, {.endpoint = {"127.0.0.1", 0}}, control_);
    ASSERT_TRUE(started) << started.error().to_string();
    rest_ = *std::move(started);
  }
  void TearDown() override { net::testing::run_to_end(context_, rest_->stop()); }

  std::string ask(std::string_view method, std::string_view target) {
    return testing::exchange_one(context_, rest_->local(), testing::request(method, target));
  }
  std::string body(std::string_view target) {
    const std::string answer = ask("GET", target);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  net::IoContext context_{1};
  testing::FakeControl control_;
  std::unique_ptr<Rest> rest_;
};

TEST_F(RestTest, IntroducesItselfAsConnectDoes) {
  EXPECT_THAT(body("/"), StartsWith(R"({"version":"0.1.0","commit":")"));
  EXPECT_THAT(body("/"), HasSubstr(R"("kafka_cluster_id":"idB"})"));
}

TEST_F(RestTest, AnswersConnectorStatusUnderBothNames) {
  EXPECT_THAT(body("/connectors/MirrorSourceConnector/status"),
              StartsWith(R"({"name":"MirrorSourceConnector","connector":{"state":"RUNNING",)"));
  EXPECT_THAT(body("/connectors/mirror-source-connector/status"),
              StartsWith(R"({"name":"mirror-source-connector",)"));
  EXPECT_EQ(body("/connectors/MirrorSourceConnector/tasks/0/status"),
            R"({"id":0,"state":"RUNNING","worker_id":"A->B"})");
}

TEST_F(RestTest, ExpandsConnectors) {
  EXPECT_THAT(body("/connectors?expand=status&expand=info"),
              StartsWith(R"({"MirrorSourceConnector":{"status":{"name":)"));
}

TEST_F(RestTest, NarrowsToOneFlow) {
  EXPECT_THAT(body("/B/A/connectors/MirrorHeartbeatConnector/status"),
              HasSubstr(R"("tasks":[{"id":0,"state":"RUNNING","worker_id":"B->A"}])"));
  EXPECT_THAT(body("/connectors/MirrorHeartbeatConnector/status?flow=B-%3EA"),
              HasSubstr(R"("connector":{"state":"RUNNING","worker_id":"B->A"})"));
  EXPECT_THAT(ask("GET", "/X/Y/connectors"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(RestTest, AnswersUnknownNamesWithConnectsErrorBody) {
  EXPECT_THAT(ask("GET", "/connectors/nope/status"),
              HasSubstr(R"({"error_code":404,"message":"Connector nope not found"})"));
  EXPECT_THAT(ask("GET", "/connectors/MirrorSourceConnector/tasks/9/status"),
              HasSubstr(R"({"error_code":404,)"));
  EXPECT_THAT(ask("GET", "/nothing/here/at/all"), StartsWith("HTTP/1.1 404 "));
  const std::string wrong_method = ask("POST", "/connectors/MirrorSourceConnector/pause");
  EXPECT_THAT(wrong_method, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(wrong_method, HasSubstr("Allow: PUT\r\n"));
}

TEST_F(RestTest, PausesResumesAndRestartsFlows) {
  EXPECT_THAT(ask("PUT", "/A/B/connectors/MirrorSourceConnector/pause"),
              StartsWith("HTTP/1.1 202 "));
  ask("PUT", "/connectors/mirror-source-connector/resume");
  EXPECT_THAT(ask("POST", "/connectors/MirrorSourceConnector/tasks/0/restart"),
              StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(control_.calls,
              ElementsAre("pause A->B", "resume A->B", "resume B->A", "restart A->B"));
}

TEST_F(RestTest, RefusesToPauseHalfAFlow) {
  EXPECT_THAT(ask("PUT", "/connectors/MirrorHeartbeatConnector/pause"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(control_.calls, IsEmpty());
}

TEST_F(RestTest, HealthIsTheProbesAnswer) {
  EXPECT_THAT(body("/health"), StartsWith(R"({"status":"healthy","message":"All flows are OK.")"));
  control_.status.flows[0].health = flow::FlowHealth::kDegraded;
  EXPECT_THAT(body("/health"), HasSubstr(R"("health":"DEGRADED")"));
  control_.status.flows[0].health = flow::FlowHealth::kStalled;
  control_.status.flows[0].reasons = {"B does not answer"};
  const std::string stalled = ask("GET", "/health");
  EXPECT_THAT(stalled, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(stalled, HasSubstr(R"("message":"A->B is STALLED: B does not answer")"));
}

TEST_F(RestTest, ReadyNeedsTheClusters) {
  EXPECT_THAT(body("/ready"), StartsWith(R"({"ready":true)"));
  control_.status.flows[0].clusters[1].reachable = false;
  const std::string answer = ask("GET", "/ready");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("cluster B is not reachable"));
}

TEST_F(RestTest, ServesMetricsStatusLedgerAndPage) {
  EXPECT_THAT(body("/metrics"), HasSubstr("\nprocess_cpu_seconds_total "));
  EXPECT_THAT(body("/ottla/v1/status"), HasSubstr(R"("lag_records":8)"));
  EXPECT_THAT(body("/ottla/v1/ledger"), HasSubstr(R"("flow":"A->B","entries":0)"));
  EXPECT_THAT(body("/ui"), StartsWith("<!doctype html>"));
}

}  // namespace
}  // namespace ottla::observe
