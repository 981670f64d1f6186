#include "observe/connect_api.h"

#include <gtest/gtest.h>

#include "observe/test_status.h"

namespace ottla::observe {
namespace {

class ConnectApi : public ::testing::Test {
 protected:
  std::vector<const flow::FlowStatus*> flows() const {
    std::vector<const flow::FlowStatus*> all;
    for (const auto& f : status_.flows) all.push_back(&f);
    return all;
  }
  std::string source_status(std::size_t flows_max = 2) const {
    auto chosen = flows();
    chosen.resize(flows_max);
    return connector_status_json(Connector::kSource, "MirrorSourceConnector", chosen);
  }
  flow::ProcessStatus status_ = testing::test_status();
};

TEST_F(ConnectApi, AnswersTheShapeOfAConnectStatus) {
  EXPECT_EQ(source_status(1),
            R"({"name":"MirrorSourceConnector",)"
            R"("connector":{"state":"RUNNING","worker_id":"A->B"},)"
            R"("tasks":[{"id":0,"state":"RUNNING","worker_id":"A->B"}],"type":"source"})");
}

TEST_F(ConnectApi, HasOneTaskForEachFlowThatDoesTheConnectorsWork) {
  EXPECT_EQ(connector_status_json(Connector::kHeartbeat, "mirror-heartbeat-connector", flows()),
            R"({"name":"mirror-heartbeat-connector",)"
            R"("connector":{"state":"RUNNING","worker_id":"A->B,B->A"},)"
            R"("tasks":[{"id":0,"state":"RUNNING","worker_id":"A->B"},)"
            R"({"id":1,"state":"RUNNING","worker_id":"B->A"}],"type":"source"})");
  EXPECT_EQ(task_flows(Connector::kSource, flows()).size(), 1U);
}

TEST_F(ConnectApi, FailsTheTaskWhenOnePartitionIsQuarantined) {
  status_.flows[0].partitions[1].state = flow::PartitionState::kQuarantined;
  status_.flows[0].partitions[1].reason = "record too large";
  EXPECT_EQ(source_status(1),
            R"({"name":"MirrorSourceConnector",)"
            R"("connector":{"state":"RUNNING","worker_id":"A->B"},)"
            R"("tasks":[{"id":0,"state":"FAILED","worker_id":"A->B",)"
            R"("trace":"orders-1 quarantined: record too large"}],"type":"source"})");
}

TEST_F(ConnectApi, FailsTheTaskWhenTheFlowStalls) {
  status_.flows[0].health = flow::FlowHealth::kStalled;
  status_.flows[0].reasons = {"B does not answer"};
  EXPECT_NE(source_status().find(R"("trace":"STALLED\nB does not answer")"), std::string::npos)
      << source_status();
}

TEST_F(ConnectApi, FailsCheckpointsAndHeartbeatsByTheClustersTheyNeed) {
  status_.flows[0].clusters[0].reachable = false;
  const auto f = flows();
  EXPECT_NE(task_status_json(Connector::kCheckpoint, f, 0)->find("FAILED"), std::string::npos);
  EXPECT_EQ(task_status_json(Connector::kHeartbeat, f, 0)->find("FAILED"), std::string::npos);
}

TEST_F(ConnectApi, SaysPausedForAPausedFlow) {
  status_.flows[0].paused = true;
  EXPECT_EQ(source_status(1),
            R"({"name":"MirrorSourceConnector",)"
            R"("connector":{"state":"PAUSED","worker_id":"A->B"},)"
            R"("tasks":[{"id":0,"state":"PAUSED","worker_id":"A->B"}],"type":"source"})");
}

TEST_F(ConnectApi, ListsConnectorsInfoTasksTopicsAndOffsets) {
  const auto f = flows();
  const std::string name = "MirrorSourceConnector";
  EXPECT_EQ(connector_list_json(),
            R"(["MirrorSourceConnector","MirrorCheckpointConnector","MirrorHeartbeatConnector"])");
  EXPECT_EQ(connector_info_json(Connector::kSource, name, std::span(f).first(1)),
            R"({"name":"MirrorSourceConnector","config":{"name":"MirrorSourceConnector",)"
            R"("connector.class":"org.apache.kafka.connect.mirror.MirrorSourceConnector",)"
            R"("source.cluster.alias":"A","target.cluster.alias":"B"},)"
            R"("tasks":[{"connector":"MirrorSourceConnector","task":0}],"type":"source"})");
  EXPECT_EQ(connector_tasks_json(Connector::kSource, name, f),
            R"([{"id":{"connector":"MirrorSourceConnector","task":0},)"
            R"("config":{"name":"MirrorSourceConnector",)"
            R"("connector.class":"org.apache.kafka.connect.mirror.MirrorSourceConnector",)"
            R"("source.cluster.alias":"A","target.cluster.alias":"B"}}])");
  EXPECT_EQ(connector_topics_json(Connector::kSource, name, f),
            R"({"MirrorSourceConnector":{"topics":["A.orders"]}})");
  EXPECT_EQ(
      connector_offsets_json(Connector::kSource, std::span(f)),
      R"({"offsets":[)"
      R"({"partition":{"cluster":"A","partition":0,"topic":"orders"},"offset":{"offset":41}},)"
      R"({"partition":{"cluster":"A","partition":1,"topic":"orders"},"offset":{"offset":41}}]})");
}

TEST_F(ConnectApi, KnowsBothSpellings) {
  EXPECT_EQ(connector_of("MirrorCheckpointConnector"), Connector::kCheckpoint);
  EXPECT_EQ(connector_of("mirror-source-connector"), Connector::kSource);
  EXPECT_EQ(connector_of("other"), std::nullopt);
}

}  // namespace
}  // namespace ottla::observe
