#include "flow/config/layers.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

const FlowName kFlow{.source = "A", .target = "B"};

Settings file(std::initializer_list<std::pair<std::string, std::string>> pairs) {
  Settings out;
  for (const auto& [key, value] : pairs) out.emplace(key, Setting{value, key, 1});
  return out;
}

std::string get(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "(none)" : found->second.value;
}

TEST(ClusterLayer, TakesTheClustersOwnSettings) {
  const auto f = file({{"A.bootstrap.servers", "a:1"}, {"B.bootstrap.servers", "b:1"}});
  EXPECT_EQ(get(cluster_layer(f, "A"), "bootstrap.servers"), "a:1");
  EXPECT_EQ(get(cluster_layer(f, "A"), "consumer.bootstrap.servers"), "a:1");
}

TEST(ClusterLayer, LetsTopLevelFillInSecurity) {
  const auto f = file({{"ssl.key.password", "top"},
                       {"security.protocol", "SSL"},
                       {"A.security.protocol", "PLAINTEXT"},
                       {"A.producer.ssl.key.password", "mine"}});
  const Settings a = cluster_layer(f, "A");
  EXPECT_EQ(get(a, "security.protocol"), "PLAINTEXT");
  EXPECT_EQ(get(a, "admin.security.protocol"), "PLAINTEXT");
  EXPECT_EQ(get(a, "ssl.key.password"), "top");
  EXPECT_EQ(get(a, "producer.ssl.key.password"), "mine");
  EXPECT_EQ(get(a, "consumer.ssl.key.password"), "top");
  EXPECT_EQ(get(cluster_layer(f, "B"), "security.protocol"), "SSL");
}

TEST(WorkerLayer, LetsTopLevelStorageBeatTheCluster) {
  const auto f = file({{"offset.storage.replication.factor", "1"},
                       {"B.offset.storage.replication.factor", "5"},
                       {"B.offset.flush.interval.ms", "7"},
                       {"A->B.offset.flush.interval.ms", "9"},
                       {"offset.flush.interval.ms", "11"}});
  const Settings w = worker_layer(f, kFlow);
  EXPECT_EQ(get(w, "offset.storage.replication.factor"), "1");
  EXPECT_EQ(get(w, "offset.flush.interval.ms"), "7");
}

TEST(ConnectorLayer, LetsTheFlowBeatTopLevel) {
  const auto f = file({{"topics", "top"}, {"A->B.topics", "flow"}, {"groups", "top"}});
  const Settings c = connector_layer(f, kFlow);
  EXPECT_EQ(get(c, "topics"), "flow");
  EXPECT_EQ(get(c, "groups"), "top");
}

TEST(ConnectorLayer, DropsTopLevelNamesThatNoConnectorDefines) {
  const auto f = file({{"use.defaults.from", "source"},
                       {"consumer.fetch.max.bytes", "1"},
                       {"producer.override.acks", "1"},
                       {"nonsense", "1"},
                       {"replication.policy.custom", "kept"},
                       {"consumer.poll.timeout.ms", "5"}});
  const Settings c = connector_layer(f, kFlow);
  EXPECT_EQ(get(c, "use.defaults.from"), "(none)");
  EXPECT_EQ(get(c, "consumer.fetch.max.bytes"), "(none)");
  EXPECT_EQ(get(c, "producer.override.acks"), "(none)");
  EXPECT_EQ(get(c, "nonsense"), "(none)");
  EXPECT_EQ(get(c, "replication.policy.custom"), "kept");
  EXPECT_EQ(get(c, "consumer.poll.timeout.ms"), "5");
}

TEST(ConnectorLayer, SortsClusterSettingsBySide) {
  const auto f = file({{"A.bootstrap.servers", "a:1"},
                       {"B.bootstrap.servers", "b:1"},
                       {"A.consumer.fetch.max.bytes", "1"},
                       {"B.producer.linger.ms", "2"}});
  const Settings c = connector_layer(f, kFlow);
  EXPECT_EQ(get(c, "source.cluster.bootstrap.servers"), "a:1");
  EXPECT_EQ(get(c, "target.cluster.bootstrap.servers"), "b:1");
  EXPECT_EQ(get(c, "source.consumer.fetch.max.bytes"), "1");
  EXPECT_EQ(get(c, "target.producer.linger.ms"), "2");
}

TEST(ClientLayer, LetsTheClustersConsumerBeatTheFlows) {
  const auto f = file({{"A.bootstrap.servers", "a:1"},
                       {"A.consumer.fetch.max.bytes", "cluster"},
                       {"A->B.consumer.fetch.max.bytes", "flow"},
                       {"A->B.consumer.max.partition.fetch.bytes", "flow"}});
  const Settings reader =
      client_layer(connector_layer(f, kFlow), ClientSide::kSource, ClientKind::kConsumer);
  EXPECT_EQ(get(reader, "bootstrap.servers"), "a:1");
  EXPECT_EQ(get(reader, "fetch.max.bytes"), "cluster");
  EXPECT_EQ(get(reader, "max.partition.fetch.bytes"), "flow");
}

TEST(ClientLayer, LetsTheFlowsSourceConsumerBeatAll) {
  const auto f = file({{"A.consumer.fetch.max.bytes", "cluster"},
                       {"A->B.source.consumer.fetch.max.bytes", "flow"}});
  const Settings reader =
      client_layer(connector_layer(f, kFlow), ClientSide::kSource, ClientKind::kConsumer);
  EXPECT_EQ(get(reader, "fetch.max.bytes"), "flow");
}

TEST(ClientLayer, PassesOnlyClientNamesFromClusterLevel) {
  const auto f = file({{"A.fetch.max.bytes", "1"}, {"A.ssl.key.password", "p"}});
  const Settings reader =
      client_layer(connector_layer(f, kFlow), ClientSide::kSource, ClientKind::kConsumer);
  EXPECT_EQ(get(reader, "fetch.max.bytes"), "(none)");
  EXPECT_EQ(get(reader, "ssl.key.password"), "p");
}

TEST(DataProducer, IsTunedByTheTargetClusterAndByTheFlowsOverride) {
  const auto f = file({{"B.bootstrap.servers", "b:1"},
                       {"B.security.protocol", "SSL"},
                       {"B.producer.linger.ms", "5"},
                       {"B.producer.batch.size", "1"},
                       {"A->B.producer.linger.ms", "never"},
                       {"A->B.producer.override.batch.size", "2"}});
  const Settings writer = data_producer_layer(worker_layer(f, kFlow), connector_layer(f, kFlow));
  EXPECT_EQ(get(writer, "bootstrap.servers"), "b:1");
  EXPECT_EQ(get(writer, "security.protocol"), "SSL");
  EXPECT_EQ(get(writer, "linger.ms"), "5");
  EXPECT_EQ(get(writer, "batch.size"), "2");
}

TEST(OwnSetting, GoesFromFlowToTargetToSourceToTop) {
  auto f = file({{"ottla.coalesce", "top"}});
  EXPECT_EQ(own_setting(f, kFlow, "ottla.coalesce")->value, "top");
  f.emplace("A.ottla.coalesce", Setting{"source", "", 1});
  EXPECT_EQ(own_setting(f, kFlow, "ottla.coalesce")->value, "source");
  f.emplace("B.ottla.coalesce", Setting{"target", "", 1});
  EXPECT_EQ(own_setting(f, kFlow, "ottla.coalesce")->value, "target");
  f.emplace("A->B.ottla.coalesce", Setting{"flow", "", 1});
  EXPECT_EQ(own_setting(f, kFlow, "ottla.coalesce")->value, "flow");
  EXPECT_EQ(own_setting(f, kFlow, "ottla.cores"), nullptr);
}

}  // namespace
}  // namespace ottla::flow
