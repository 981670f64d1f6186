#include "kafka/session/fetch_response_walk.h"

#include <gtest/gtest.h>

#include <random>

#include "kafka/protocol/generated/fetch.h"

namespace ottla::kafka::session {
namespace {

// Owns the bytes that a random response's views point into.
struct RandomResponse {
  FetchResponse message;
  std::vector<std::vector<std::byte>> records;
};

class Randomness {
 public:
  explicit Randomness(unsigned seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(engine_);
  }
  std::int64_t any() { return static_cast<std::int64_t>(engine_()); }
  wire::UnknownTags tags() {
    wire::UnknownTags tags;
    std::uint32_t number = 20;
    for (std::int64_t n = below(4) == 0 ? below(3) : 0; n > 0; --n) {
      tags.push_back({number++, std::vector<std::byte>(static_cast<std::size_t>(below(5)))});
    }
    return tags;
  }

 private:
  std::mt19937_64 engine_;
};

FetchResponse::Partition random_partition(Randomness& random, std::int16_t version,
                                          std::vector<std::byte>& records) {
  FetchResponse::Partition p;
  p.partition_index = PartitionId(static_cast<std::int32_t>(random.any()));
  p.error_code = static_cast<ErrorCode>(random.below(120));
  p.high_watermark = Offset(random.any());
  p.last_stable_offset = Offset(random.any());
  p.log_start_offset = version >= 5 ? Offset(random.any()) : Offset(-1);
  p.preferred_read_replica = BrokerId(-1);
  p.aborted_transactions.reset();
  if (random.below(2) == 0) {
    p.aborted_transactions.emplace(static_cast<std::size_t>(random.below(4)));
    for (auto& a : *p.aborted_transactions) {
      a.producer_id = ProducerId(random.any());
      a.first_offset = Offset(random.any());
      if (version >= 12) a.unknown_tags = random.tags();
    }
  }
  records.resize(static_cast<std::size_t>(random.below(200)));
  for (std::byte& b : records) b = static_cast<std::byte>(random.any());
  if (random.below(5) != 0) p.records = Bytes(records);
  if (version >= 12) {
    if (random.below(4) == 0) {
      p.diverging_epoch.epoch = LeaderEpoch(static_cast<std::int32_t>(random.below(100)));
      p.diverging_epoch.end_offset = Offset(random.below(1'000'000));
    }
    if (random.below(4) == 0) p.current_leader.leader_id = BrokerId(3);
    p.unknown_tags = random.tags();
  }
  return p;
}

RandomResponse random_response(Randomness& random, std::int16_t version) {
  RandomResponse response;
  FetchResponse& message = response.message;
  message.throttle_time_ms = static_cast<std::int32_t>(random.below(1000));
  if (version >= 7) {
    message.error_code = static_cast<ErrorCode>(random.below(100));
    message.session_id = static_cast<std::int32_t>(random.any());
  }
  message.responses.resize(static_cast<std::size_t>(random.below(5)));
  response.records.resize(100);
  std::size_t used = 0;
  for (auto& topic : message.responses) {
    if (version >= 13) {
      topic.topic_id.bytes[3] = static_cast<std::uint8_t>(random.below(256));
    } else {
      topic.topic = std::string(static_cast<std::size_t>(random.below(20)), 't');
    }
    const std::int64_t count = random.below(5);
    for (std::int64_t i = 0; i < count; ++i) {
      topic.partitions.push_back(random_partition(random, version, response.records[used++]));
    }
    if (version >= 12) topic.unknown_tags = random.tags();
  }
  if (version >= 16 && random.below(2) == 0) {
    auto& node = message.node_endpoints.emplace_back();
    node.host = "broker";
  }
  if (version >= 12) message.unknown_tags = random.tags();
  return response;
}

std::vector<std::byte> encode(const FetchResponse& message, std::int16_t version) {
  wire::Writer out;
  message.encode(out, version);
  EXPECT_TRUE(out.ok());
  const Bytes bytes = std::as_const(out).bytes();
  return {bytes.begin(), bytes.end()};
}

void expect_same(const FetchedPartition& walked, const FetchResponse::Topic& topic,
                 const FetchResponse::Partition& decoded) {
  EXPECT_EQ(walked.topic, topic.topic);
  EXPECT_EQ(walked.topic_id, topic.topic_id);
  EXPECT_EQ(walked.partition, decoded.partition_index);
  EXPECT_EQ(walked.error, decoded.error_code);
  EXPECT_EQ(walked.high_watermark, decoded.high_watermark);
  EXPECT_EQ(walked.last_stable_offset, decoded.last_stable_offset);
  EXPECT_EQ(walked.log_start_offset, decoded.log_start_offset);
  EXPECT_EQ(walked.diverging.has_value(), decoded.diverging_epoch.end_offset.value() >= 0);
  if (walked.diverging) {
    EXPECT_EQ(walked.diverging->first, decoded.diverging_epoch.epoch);
    EXPECT_EQ(walked.diverging->second, decoded.diverging_epoch.end_offset);
  }
  const Bytes records = decoded.records.value_or(Bytes{});
  EXPECT_EQ(walked.records.size(), records.size());
  if (!records.empty()) EXPECT_EQ(walked.records.data(), records.data());
  const std::size_t aborted =
      decoded.aborted_transactions ? decoded.aborted_transactions->size() : 0;
  ASSERT_EQ(walked.aborted.size(), aborted);
  for (std::size_t i = 0; i < aborted; ++i) {
    EXPECT_EQ(walked.aborted[i].producer_id, (*decoded.aborted_transactions)[i].producer_id);
    EXPECT_EQ(walked.aborted[i].first_offset, (*decoded.aborted_transactions)[i].first_offset);
  }
}

class FetchResponseWalkTest : public ::testing::TestWithParam<std::int16_t> {};

TEST_P(FetchResponseWalkTest, AgreesWithTheGeneratedDecoder) {
  const std::int16_t version = GetParam();
  Randomness random(static_cast<unsigned>(version) * 977U);
  for (int round = 0; round < 200; ++round) {
    const RandomResponse response = random_response(random, version);
    std::vector<std::byte> bytes = encode(response.message, version);
    FetchResponse decoded;
    wire::Reader reader(bytes);
    ASSERT_TRUE(decoded.decode(reader, version));
    FetchResponseWalk walk(bytes, version);
    ASSERT_TRUE(walk.ok());
    EXPECT_EQ(walk.error(), decoded.error_code);
    EXPECT_EQ(walk.session_id(), decoded.session_id);
    EXPECT_EQ(walk.throttle_time_ms(), decoded.throttle_time_ms);
    FetchedPartition partition;
    for (const auto& topic : decoded.responses) {
      for (const auto& expected : topic.partitions) {
        ASSERT_TRUE(walk.next(partition).value());
        expect_same(partition, topic, expected);
      }
    }
    EXPECT_FALSE(walk.next(partition).value());
    EXPECT_FALSE(walk.next(partition).value());
  }
}

// What is left of a response is never taken for a whole one.
TEST_P(FetchResponseWalkTest, FailsCleanlyWhereverTheResponseIsCutOff) {
  const std::int16_t version = GetParam();
  Randomness random(static_cast<unsigned>(version));
  for (int round = 0; round < 6; ++round) {
    const RandomResponse response = random_response(random, version);
    const std::vector<std::byte> whole = encode(response.message, version);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A copy of exactly that size, so that a sanitizer sees a read beyond.
      std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      FetchResponseWalk walk(cut, version);
      FetchedPartition partition;
      Result<bool> more = true;
      for (int steps = 0; walk.ok() && more && *more && steps < 1000; ++steps) {
        more = walk.next(partition);
      }
      EXPECT_TRUE(!walk.ok() || !more) << "cut to " << size << " of " << whole.size();
    }
  }
}

TEST_P(FetchResponseWalkTest, TakesAnyBytes) {
  const std::int16_t version = GetParam();
  Randomness random(static_cast<unsigned>(version) + 5000U);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::byte> bytes = encode(random_response(random, version).message, version);
    for (std::int64_t n = random.below(8); n >= 0 && !bytes.empty(); --n) {
      const auto at = random.below(static_cast<std::int64_t>(bytes.size()));
      bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(random.any());
    }
    FetchResponseWalk walk(bytes, version);
    FetchedPartition partition;
    std::size_t steps = 0;
    for (Result<bool> more = walk.ok(); more && *more; more = walk.next(partition)) {
      ASSERT_LE(++steps, bytes.size() + 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, FetchResponseWalkTest,
                         ::testing::Range(std::int16_t{4}, std::int16_t{19}));

}  // namespace
}  // namespace ottla::kafka::session
