#include "kafka/client/client_testing.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder

class ClusterTest : public ClientTest {};

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

}  // namespace
}  // namespace ottla::kafka
