#include "kafka/fake/partition_log.h"

#include <gtest/gtest.h>

namespace ottla::kafka::fake {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
constexpr LeaderEpoch kEpoch{0};

BatchSpec records(std::int32_t count) {
  BatchSpec spec;
  for (std::int32_t i = 0; i < count; ++i) {
    spec.records.push_back({.key = "k", .value = "v", .timestamp_ms = 1'700'000'000'000 + i});
  }
  return spec;
}

BatchSpec from(std::int64_t id, std::int16_t epoch, std::int32_t sequence, std::int32_t count) {
  BatchSpec spec = records(count);
  spec.producer_id = ProducerId(id);
  spec.producer_epoch = ProducerEpoch(epoch);
  spec.base_sequence = sequence;
  return spec;
}

class PartitionLogTest : public ::testing::Test {
 protected:
  Appended produce(const BatchSpec& spec) { return produce_bytes(make_batch(spec)); }
  Appended produce_bytes(const ByteVector& bytes) {
    return log.produce(bytes, rules, false, kEpoch, kNow);
  }
  PartitionLog log;
  LogRules rules;
};

TEST_F(PartitionLogTest, TakesExactlyTheNextSequence) {
  EXPECT_EQ(produce(from(1, 0, 0, 3)).base_offset, Offset(0));
  EXPECT_EQ(produce(from(1, 0, 3, 2)).base_offset, Offset(3));
  EXPECT_EQ(produce(from(1, 0, 6, 1)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(from(1, 0, 4, 1)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(log.end(), Offset(5));
}

TEST_F(PartitionLogTest, AnswersARepetitionOfTheLastFiveWithTheOldOffset) {
  for (std::int32_t i = 0; i < 6; ++i) produce(from(1, 0, i, 1));
  const Appended again = produce(from(1, 0, 1, 1));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, Offset(1));
  EXPECT_EQ(produce(from(1, 0, 0, 1)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(from(1, 0, 4, 2)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(log.end(), Offset(6));
}

TEST_F(PartitionLogTest, WithoutStateAnySequenceIsTaken) {
  EXPECT_EQ(produce(from(9, 7, 1234, 1)).error, ErrorCode::kNone);
  log.forget_producers();
  EXPECT_EQ(produce(from(9, 3, 777, 1)).base_offset, Offset(1));
}

TEST_F(PartitionLogTest, EpochsFenceAndBeginAtZero) {
  produce(from(1, 2, 0, 1));
  EXPECT_EQ(produce(from(1, 1, 1, 1)).error, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(produce(from(1, 3, 5, 1)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(from(1, 500, 0, 1)).error, ErrorCode::kNone);
}

TEST_F(PartitionLogTest, SequencesWrap) {
  EXPECT_EQ(produce(from(1, 0, INT32_MAX - 1, 3)).error, ErrorCode::kNone);
  EXPECT_EQ(produce(from(1, 0, 1, 1)).error, ErrorCode::kNone);
}

TEST_F(PartitionLogTest, AMarkerFencesAndOneOfTheSameEpochContinues) {
  produce(from(1, 0, 0, 3));
  EXPECT_EQ(log.append_marker(ProducerId(1), ProducerEpoch(0), false, kEpoch, kNow).base_offset,
            Offset(3));
  EXPECT_EQ(produce(from(1, 0, 3, 1)).error, ErrorCode::kNone);
  log.append_marker(ProducerId(1), ProducerEpoch(1), false, kEpoch, kNow);
  EXPECT_EQ(produce(from(1, 0, 4, 1)).error, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(produce(from(1, 1, 7, 1)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(from(1, 1, 0, 1)).error, ErrorCode::kNone);
}

TEST_F(PartitionLogTest, StateExpiresByTheRecordsTime) {
  produce(from(1, 0, 0, 1));
  log.expire_producers(1'600'000'000'000);
  EXPECT_EQ(log.producers().size(), 1U);
  log.expire_producers(kNow - 1000);
  EXPECT_TRUE(log.producers().empty());
}

TEST_F(PartitionLogTest, RefusesWhatBrokersRefuse) {
  const auto refused = [this](const ByteVector& bytes) { return produce_bytes(bytes).error; };
  ByteVector based = make_batch(records(2));
  records::MutableBatch(based).set_base_offset(Offset(50));
  EXPECT_EQ(refused(based), ErrorCode::kInvalidRecord);
  BatchSpec gaps = records(2);
  gaps.records[1].offset_delta = 4;
  EXPECT_EQ(refused(make_batch(gaps)), ErrorCode::kInvalidRecord);
  EXPECT_EQ(refused(make_batch(records(0))), ErrorCode::kInvalidRecord);
  ByteVector fewer = make_batch(records(2));
  records::MutableBatch lies(fewer);
  lies.set_record_count(10);
  lies.set_last_offset_delta(9);
  lies.update_crc();
  EXPECT_EQ(refused(fewer), ErrorCode::kInvalidRecord);
  EXPECT_EQ(refused(make_marker(ProducerId(1), ProducerEpoch(0), true, kNow)),
            ErrorCode::kTransactionalIdAuthorizationFailed);
  ByteVector corrupt = make_batch(records(2));
  corrupt.back() ^= std::byte{1};
  EXPECT_EQ(refused(corrupt), ErrorCode::kCorruptMessage);
  ByteVector two = make_batch(records(1));
  two.insert(two.end(), two.begin(), two.end());
  EXPECT_EQ(refused(two), ErrorCode::kInvalidRecord);
  BatchSpec legacy = records(1);
  legacy.magic = 1;
  EXPECT_EQ(refused(make_batch(legacy)), ErrorCode::kInvalidRecord);
  EXPECT_EQ(produce(from(1, 0, -1, 1)).error, ErrorCode::kInvalidRecord);
  BatchSpec future = records(1);
  future.records[0].timestamp_ms = kNow + 3'700'000;
  EXPECT_EQ(refused(make_batch(future)), ErrorCode::kInvalidTimestamp);
  rules.message_bytes_max = 70;
  EXPECT_EQ(refused(make_batch(records(3))), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(log.end(), Offset(0));
}

TEST_F(PartitionLogTest, CompactedTopicsRefuseNullKeys) {
  rules.compacted = true;
  BatchSpec spec = records(1);
  spec.records[0].key.reset();
  EXPECT_EQ(produce(spec).error, ErrorCode::kInvalidRecord);
}

TEST_F(PartitionLogTest, LogAppendTimeIsTheBrokersToSet) {
  rules.log_append_time = true;
  BatchSpec spec = records(2);
  spec.log_append_time = true;
  EXPECT_EQ(produce(spec).error, ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(produce(records(2)).log_append_time_ms, kNow);
  EXPECT_EQ(read_records(log.all_bytes()).value()[1].timestamp_ms, kNow);
}

TEST_F(PartitionLogTest, TruncationRollsProducersAndEpochsBack) {
  produce(from(1, 0, 0, 3));
  produce(from(1, 0, 3, 3));
  log.truncate(Offset(3));
  EXPECT_EQ(log.end(), Offset(3));
  EXPECT_EQ(log.producers().at(ProducerId(1)).last_sequence, 2);
  log.append(make_batch(records(2)), LeaderEpoch(4));
  EXPECT_EQ(log.end_of_epoch(LeaderEpoch(0), LeaderEpoch(4)), std::pair(LeaderEpoch(0), Offset(3)));
  EXPECT_EQ(log.end_of_epoch(LeaderEpoch(2), LeaderEpoch(4)), std::pair(LeaderEpoch(0), Offset(3)));
}

TEST_F(PartitionLogTest, ReadsWholeBatchesFromTheOneThatHoldsTheOffset) {
  produce(records(5));
  produce(records(5));
  const std::size_t size = make_batch(records(5)).size();
  EXPECT_EQ(log.read(Offset(2), Offset(10), 1, true).size(), size);
  EXPECT_EQ(log.read(Offset(2), Offset(10), 1, false).size(), 0U);
  EXPECT_EQ(log.read(Offset(2), Offset(10), size + 10, true).size(), size + 10);  // cut off
  EXPECT_EQ(log.read(Offset(5), Offset(10), 10'000, true).size(), size);
  EXPECT_EQ(log.read(Offset(0), Offset(5), 10'000, true).size(), size);
}

TEST_F(PartitionLogTest, CompactionLeavesHolesAndTheEnds) {
  produce(records(4));
  produce(records(4));
  log.compact(Offset(8), [](const StoredRecord& record) { return record.offset == Offset(5); });
  const auto left = read_records(log.all_bytes());
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front().offset, Offset(5));
  EXPECT_EQ(log.end(), Offset(8));
}

TEST_F(PartitionLogTest, AnOpenTransactionHoldsTheLastStableOffset) {
  BatchSpec spec = from(7, 0, 0, 2);
  spec.transactional = true;
  log.append(make_batch(spec), kEpoch);
  produce(records(1));
  EXPECT_EQ(log.last_stable_offset(), Offset(0));
  log.append_marker(ProducerId(7), ProducerEpoch(0), false, kEpoch, kNow);
  EXPECT_EQ(log.last_stable_offset(), Offset(4));
  const auto aborted = log.aborted_between(Offset(0), Offset(4));
  ASSERT_EQ(aborted.size(), 1U);
  EXPECT_EQ(aborted[0].first_offset, Offset(0));
  EXPECT_EQ(aborted[0].last_offset, Offset(3));
}

}  // namespace
}  // namespace ottla::kafka::fake
