#include "kafka/protocol/api.h"

#include <gtest/gtest.h>

#include "kafka/protocol/testing/hex.h"

namespace ottla::kafka {
namespace {

using testing::from_hex;
using testing::to_hex;

TEST(Negotiate, TakesTheHighestCommonVersion) {
  EXPECT_EQ(negotiate({4, 18}, {0, 11}), 11);
  EXPECT_EQ(negotiate({4, 18}, {4, 25}), 18);
  EXPECT_EQ(negotiate({3, 3}, {3, 3}), 3);
}

TEST(Negotiate, FindsNothingWhereRangesDoNotMeet) {
  EXPECT_EQ(negotiate({4, 18}, {0, 3}), std::nullopt);
  EXPECT_EQ(negotiate({4, 18}, {19, 20}), std::nullopt);
  EXPECT_EQ(negotiate({4, 18}, VersionRange{}), std::nullopt);
}

TEST(ApiTable, SpeaksToBrokersFrom24On) {
  // The highest versions of Kafka 2.4.
  const std::pair<ApiKey, std::int16_t> kKafka24[] = {
      {ApiKey::kProduce, 8},
      {ApiKey::kFetch, 11},
      {ApiKey::kListOffsets, 5},
      {ApiKey::kMetadata, 9},
      {ApiKey::kOffsetCommit, 8},
      {ApiKey::kOffsetFetch, 6},
      {ApiKey::kFindCoordinator, 3},
      {ApiKey::kJoinGroup, 6},
      {ApiKey::kCreateTopics, 5},
      {ApiKey::kDeleteTopics, 4},
      {ApiKey::kDeleteRecords, 1},
      {ApiKey::kInitProducerId, 2},
      {ApiKey::kWriteTxnMarkers, 0},
      {ApiKey::kOffsetForLeaderEpoch, 3},
      {ApiKey::kDescribeAcls, 1},
      {ApiKey::kCreateAcls, 1},
      {ApiKey::kDeleteAcls, 1},
      {ApiKey::kDescribeConfigs, 2},
      {ApiKey::kDescribeLogDirs, 1},
      {ApiKey::kCreatePartitions, 1},
      {ApiKey::kIncrementalAlterConfigs, 1},
  };
  for (const auto& [key, max] : kKafka24) EXPECT_TRUE(versions(key).contains(max)) << name(key);
}

TEST(ApiTable, KnowsNothingAboutOtherNumbers) {
  const auto key = static_cast<ApiKey>(999);
  EXPECT_EQ(api(key), nullptr);
  EXPECT_EQ(name(key), "unknown API");
  EXPECT_TRUE(versions(key).empty());
}

TEST(Header, HasTheVersionThatFitsTheApi) {
  EXPECT_EQ(request_header_version(ApiKey::kFetch, 11), 1);
  EXPECT_EQ(request_header_version(ApiKey::kFetch, 12), 2);
  EXPECT_EQ(response_header_version(ApiKey::kFetch, 11), 0);
  EXPECT_EQ(response_header_version(ApiKey::kFetch, 12), 1);
  EXPECT_EQ(request_header_version(ApiKey::kApiVersions, 3), 2);
  EXPECT_EQ(response_header_version(ApiKey::kApiVersions, 3), 0);
  EXPECT_EQ(request_header_version(ApiKey::kSaslHandshake, 1), 1);
}

TEST(Header, IsWrittenAndReadBack) {
  wire::Writer w;
  encode_request_header(w, ApiKey::kFetch, 12, CorrelationId(5), "ab");
  EXPECT_EQ(to_hex(w.bytes()),
            "0001000c0000000500026162"
            "00");
  wire::Reader r(w.bytes());
  const auto header = decode_request_header(r);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->request_api_key, ApiKey::kFetch);
  EXPECT_EQ(header->request_api_version, 12);
  EXPECT_EQ(header->client_id, "ab");
  EXPECT_EQ(r.remaining(), 0U);

  w.clear();
  encode_response_header(w, ApiKey::kFetch, 12, CorrelationId(5));
  EXPECT_EQ(to_hex(w.bytes()), "0000000500");
  wire::Reader answer(w.bytes());
  EXPECT_EQ(decode_response_header(answer, ApiKey::kFetch, 12), CorrelationId(5));
}

TEST(Header, OfAnUnknownApiIsRefused) {
  const auto bytes = from_hex("03e7 0000 00000005 0000");
  wire::Reader r(bytes);
  const auto header = decode_request_header(r);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, BaseErrc::kUnsupported);
}

TEST(Header, CutOffIsCorrupt) {
  const auto bytes = from_hex("0001 00");
  wire::Reader r(bytes);
  EXPECT_EQ(decode_request_header(r).error().code, BaseErrc::kCorrupt);
}

TEST(ApiVersions, FallsBackToV0WhenTheBrokerIsOlder) {
  const auto bytes = from_hex("0023 00000001 0012 0000 0002");
  wire::Reader r(bytes);
  const auto response = decode_api_versions(r, 4);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(offered(*response, ApiKey::kApiVersions), (VersionRange{0, 2}));
  EXPECT_TRUE(offered(*response, ApiKey::kFetch).empty());
}

TEST(ApiVersions, AreReadInTheAskedVersionOtherwise) {
  const auto bytes = from_hex("0000 02 0012 0000 0004 00 00000000 00");
  wire::Reader r(bytes);
  const auto response = decode_api_versions(r, 4);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(offered(*response, ApiKey::kApiVersions), (VersionRange{0, 4}));
}

}  // namespace
}  // namespace ottla::kafka
