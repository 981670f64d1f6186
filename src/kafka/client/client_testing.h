#pragma once
// For tests only: a fake cluster and the client under test on one io_context, driven step by step.

#include <gtest/gtest.h>

#include "kafka/client/cluster.h"
#include "kafka/fake/fake_cluster.h"
#include "net/testing.h"

namespace ottla::kafka::testing {

using namespace std::chrono_literals;

inline TopicPartition tp(const std::string& topic, std::int32_t partition) {
  return {topic, PartitionId(partition)};
}

template <class T>
net::Task<void> store_result(net::Task<T> task, std::optional<T>& out) {
  out = co_await std::move(task);
}

// Runs one coroutine to its end and gives its result.
template <class T>
T await(net::IoContext& context, net::Task<T> task) {
  std::optional<T> result;
  net::testing::run_to_end(context, store_result(std::move(task), result));
  return *std::move(result);
}

// Runs the context until the condition holds; the test fails when it does not in time.
template <class Condition>
bool run_until(net::IoContext& context, Condition condition, net::Duration limit = 20s) {
  const net::Deadline deadline = net::Clock::now() + limit;
  context.restart();
  while (!condition() && net::Clock::now() < deadline) {
    context.run_one_until(std::min(deadline, net::Clock::now() + net::Duration(20)));
    context.restart();
  }
  return condition();
}
#define RUN_UNTIL(condition) \
  ASSERT_TRUE(run_until(context, [&] { return (condition); })) << #condition

inline ClusterSettings settings_for(const fake::FakeCluster& brokers) {
  ClusterSettings settings;
  settings.connection.alias = "fake";
  settings.connection.client_id = "test";
  settings.connection.connect_timeout = 3s;
  settings.connection.request_timeout = 5s;
  settings.bootstrap = brokers.bootstrap();
  settings.reconnect_backoff = net::Duration(5);
  settings.reconnect_backoff_max = net::Duration(50);
  return settings;
}

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override { finish(); }

  void start(fake::FakeClusterOptions options) {
    finish();
    brokers_owned = std::make_unique<fake::FakeCluster>(context, std::move(options));
    connect(settings_for(*brokers_owned));
  }
  // A client with other settings on the same brokers.
  void connect(ClusterSettings settings) {
    stop_client();
    cluster_owned = std::make_unique<Cluster>(context, pool, std::move(settings));
  }
  // Readers and writers of the test end here.
  virtual void stop_users() {}
  void stop_client() {
    stop_users();
    if (!cluster_owned) return;
    net::testing::run_to_end(context, cluster_owned->stop());
    net::testing::run_ready(context);
    cluster_owned.reset();
  }
  void finish() {
    stop_client();
    if (!brokers_owned) return;
    net::testing::run_to_end(context, brokers_owned->stop());
    net::testing::run_ready(context);
    brokers_owned.reset();
  }

  fake::FakeCluster& brokers() { return *brokers_owned; }
  Cluster& cluster() { return *cluster_owned; }
  template <class T>
  T wait_for(net::Task<T> task) {
    return await(context, std::move(task));
  }

  net::IoContext context{1};
  BufferPool pool{32U << 20};
  std::unique_ptr<fake::FakeCluster> brokers_owned;
  std::unique_ptr<Cluster> cluster_owned;
};

}  // namespace ottla::kafka::testing
