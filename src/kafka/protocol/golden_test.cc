// Messages written out by hand from the protocol's description, so that the generated encoder and
// decoder can't agree with each other in an error.

#include <gtest/gtest.h>

#include "kafka/protocol/generated/api_versions.h"
#include "kafka/protocol/generated/consumer_group_heartbeat.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/protocol/generated/metadata.h"
#include "kafka/protocol/generated/produce.h"
#include "kafka/protocol/testing/hex.h"

namespace ottla::kafka {
namespace {

using testing::from_hex;
using testing::to_hex;

template <class M>
std::string encoded(const M& m, std::int16_t version) {
  wire::Writer w;
  m.encode(w, version);
  EXPECT_TRUE(w.ok());
  return to_hex(w.bytes());
}

std::string plain(std::string_view hex) {
  return to_hex(from_hex(hex));
}

template <class M>
M decoded(const std::vector<std::byte>& bytes, std::int16_t version) {
  M m;
  wire::Reader r(bytes);
  const Status status = m.decode(r, version);
  EXPECT_TRUE(status) << status.error().to_string();
  EXPECT_EQ(r.remaining(), 0U);
  return m;
}

TEST(Golden, MetadataRequestForAllTopics) {
  MetadataRequest all;
  all.topics.reset();
  EXPECT_EQ(encoded(all, 1), plain("ffffffff"));
  EXPECT_EQ(encoded(all, 4), plain("ffffffff 01"));
  EXPECT_EQ(encoded(all, 9), plain("00 01 00 00 00"));
  EXPECT_EQ(encoded(all, 0), plain("00000000"));  // v0 has no null: an empty list is all topics
}

TEST(Golden, MetadataRequestForOneTopic) {
  MetadataRequest one;
  one.topics = {{.name = "ab"}};
  EXPECT_EQ(encoded(one, 0), plain("00000001 0002 6162"));
  EXPECT_EQ(encoded(one, 9), plain("02 03 6162 00  01 00 00 00"));
  EXPECT_EQ(encoded(one, 12), plain("02 00000000000000000000000000000000 03 6162 00  01 00 00"));
}

TEST(Golden, ApiVersionsRequest) {
  ApiVersionsRequest request;
  request.client_software_name = "ottla";
  request.client_software_version = "1";
  EXPECT_EQ(encoded(request, 0), "");
  EXPECT_EQ(encoded(request, 3), plain("06 6f74746c61 02 31 00"));
}

TEST(Golden, ApiVersionsResponseWithFeatures) {
  const auto bytes = from_hex(
      "0000"                         // no error
      "02 0001 0004 0012 00"         // one API: Fetch v4 to v18
      "00000005"                     // throttle time
      "03"                           // three tagged fields
      "00 08 02 02 78 0001 0002 00"  // 0: feature x, v1 to v2
      "01 08 0000000000000009"       // 1: epoch 9
      "07 02 abcd");                 // 7: unknown
  const auto response = decoded<ApiVersionsResponse>(bytes, 3);
  ASSERT_EQ(response.api_keys.size(), 1U);
  EXPECT_EQ(response.api_keys[0].api_key, ApiKey::kFetch);
  EXPECT_EQ(response.api_keys[0].max_version, 18);
  EXPECT_EQ(response.throttle_time_ms, 5);
  ASSERT_EQ(response.supported_features.size(), 1U);
  EXPECT_EQ(response.supported_features[0].name, "x");
  EXPECT_EQ(response.finalized_features_epoch, 9);
  ASSERT_EQ(response.unknown_tags.size(), 1U);
  EXPECT_EQ(response.unknown_tags[0].tag, 7U);
  EXPECT_EQ(encoded(response, 3), to_hex(bytes));
}

FetchRequest fetch_request() {
  FetchRequest request;
  request.max_wait_ms = 500;
  request.min_bytes = 1;
  request.max_bytes = 0x00100000;
  request.isolation_level = 1;
  request.session_id = 0x11;
  request.session_epoch = 2;
  FetchRequest::Partition partition;
  partition.partition = PartitionId(3);
  partition.current_leader_epoch = LeaderEpoch(7);
  partition.fetch_offset = Offset(0x0102030405060708);
  partition.last_fetched_epoch = LeaderEpoch(6);
  partition.partition_max_bytes = 0x1000;
  request.topics = {{.topic = "t", .partitions = {partition}}};
  request.topics[0].topic_id.bytes[15] = 0xAA;
  request.forgotten_topics_data = {{.topic = "u", .partitions = {PartitionId(9)}}};
  request.rack_id = "r";
  return request;
}

TEST(Golden, FetchRequestByName) {
  EXPECT_EQ(encoded(fetch_request(), 4),
            plain("ffffffff 000001f4 00000001 00100000 01"
                  "00000001 0001 74 00000001 00000003 0102030405060708 00001000"));
  EXPECT_EQ(encoded(fetch_request(), 11),
            plain("ffffffff 000001f4 00000001 00100000 01 00000011 00000002"
                  "00000001 0001 74 00000001"
                  "00000003 00000007 0102030405060708 ffffffffffffffff 00001000"
                  "00000001 0001 75 00000001 00000009"
                  "0001 72"));
}

TEST(Golden, FetchRequestById) {
  EXPECT_EQ(encoded(fetch_request(), 13),
            plain("ffffffff 000001f4 00000001 00100000 01 00000011 00000002"
                  "02 000000000000000000000000000000aa 02"
                  "00000003 00000007 0102030405060708 00000006 ffffffffffffffff 00001000 00"
                  "00"
                  "02 00000000000000000000000000000000 02 00000009 00"
                  "02 72 00"));
  // Since v15 the replica id is a tagged field, and left out for clients.
  EXPECT_EQ(encoded(fetch_request(), 15).substr(0, 8), "000001f4");
}

TEST(Golden, FetchRequestOfFollowerHasTaggedReplicaState) {
  FetchRequest request;
  request.cluster_id = "c";
  request.replica_state.replica_id = BrokerId(1);
  request.replica_state.replica_epoch = 2;
  EXPECT_EQ(encoded(request, 15), plain("00000000 00000000 7fffffff 00 00000000 ffffffff 01 01 01"
                                        "02  00 02 02 63  01 0d 00000001 0000000000000002 00"));
}

TEST(Golden, FetchResponseKeepsRecordsInPlace) {
  const auto bytes = from_hex(
      "00000000 0000 00000011"                           // throttle, error, session
      "02 000000000000000000000000000000aa 02"           // one topic, one partition
      "00000003 0000 0000000000000064 0000000000000063"  // index, error, HW, LSO
      "0000000000000001"                                 // log start
      "02 0000000000000005 0000000000000006 00"          // an aborted transaction
      "ffffffff 04 010203"                               // preferred replica, records
      "01 00 0d 00000002 0000000000000009 00"            // diverging epoch
      "00 00");
  const auto response = decoded<FetchResponse>(bytes, 13);
  const auto& partition = response.responses.at(0).partitions.at(0);
  EXPECT_EQ(partition.high_watermark, Offset(100));
  EXPECT_EQ(partition.last_stable_offset, Offset(99));
  ASSERT_TRUE(partition.aborted_transactions);
  EXPECT_EQ(partition.aborted_transactions->at(0).producer_id, ProducerId(5));
  EXPECT_EQ(partition.diverging_epoch.end_offset, Offset(9));
  EXPECT_EQ(partition.current_leader.leader_id, BrokerId(-1));
  ASSERT_TRUE(partition.records);
  EXPECT_EQ(to_hex(*partition.records), "010203");
  EXPECT_GE(partition.records->data(), bytes.data());
  EXPECT_LT(partition.records->data(), bytes.data() + bytes.size());
  EXPECT_EQ(encoded(response, 13), to_hex(bytes));
}

TEST(Golden, ProduceRequest) {
  const auto records = from_hex("beef");
  ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 30000;
  request.topic_data = {
      {.name = "t", .partition_data = {{.index = PartitionId(1), .records = records}}}};
  EXPECT_EQ(encoded(request, 8),
            plain("ffff ffff 00007530 00000001 0001 74 00000001 00000001 00000002 beef"));
  EXPECT_EQ(encoded(request, 9), plain("00 ffff 00007530 02 02 74 02 00000001 03 beef 00 00 00"));
}

TEST(Golden, ConsumerGroupHeartbeatResponseWithNullStruct) {
  ConsumerGroupHeartbeatResponse response;
  response.member_id = "m";
  EXPECT_EQ(encoded(response, 0), plain("00000000 0000 00 02 6d 00000000 00000000 ff 00"));
  response.assignment.emplace();
  EXPECT_EQ(encoded(response, 0), plain("00000000 0000 00 02 6d 00000000 00000000 01 01 00 00"));
}

TEST(Golden, NullIsRefusedWhereTheVersionHasNone) {
  MetadataRequest request;
  const auto null_topics = from_hex("ffffffff");
  wire::Reader r(null_topics);
  const Status status = request.decode(r, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, BaseErrc::kCorrupt);
  EXPECT_NE(status.error().context.find("MetadataRequest v0"), std::string::npos);
}

TEST(Golden, WriterFailsOnVersionsOutsideOfTheRange) {
  wire::Writer w;
  FetchRequest{}.encode(w, FetchRequest::kMaxVersion + 1);
  EXPECT_FALSE(w.ok());
  EXPECT_EQ(w.size(), 0U);
}

TEST(Golden, JsonShowsNoBytes) {
  const auto records = from_hex("beef");
  ProduceRequest request;
  request.topic_data = {{.name = "a\"b", .partition_data = {{.records = records}}}};
  EXPECT_EQ(request.to_json(),
            R"({"transactional_id":null,"acks":0,"timeout_ms":0,"topic_data":[{"name":"a\"b",)"
            R"("topic_id":"AAAAAAAAAAAAAAAAAAAAAA","partition_data":[{"index":0,)"
            R"("records":"2 bytes"}]}]})");
}

}  // namespace
}  // namespace ottla::kafka
