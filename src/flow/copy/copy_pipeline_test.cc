#include "flow/copy/copy_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/copy/copy_testing.h"

namespace ottla::flow {
namespace {

using namespace testing;
using fake::make_batch;
using fake::make_simple_batch;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kAny = 1U << 20;

class CopyPipelineTest : public ::testing::Test {
 protected:
  // Everything that stands in the source log from `from` on, in one chunk.
  Status feed(Offset from = Offset(0)) {
    const fake::ByteVector bytes = log.read(from, log.end(), kAny, true);
    buffer = in_buffer(bytes);
    const auto aborted = aborted_of(log, from);
    return pipeline.take(buffer.bytes(), buffer, aborted);
  }
  Offset append(const fake::ByteVector& batch, std::optional<Offset> at = std::nullopt) {
    return log.append(batch, epoch, at);
  }
  std::optional<CopyPipeline::Outgoing> next(std::size_t bytes_max = kAny) {
    auto sent = pipeline.next(bytes_max);
    EXPECT_TRUE(sent.has_value()) << sent.error().to_string();
    return *std::move(sent);
  }
  // Sends and acknowledges all; what was sent, batch by batch.
  std::vector<std::vector<std::string>> send_all() {
    std::vector<std::vector<std::string>> sent;
    while (auto batch = next()) {
      sent.push_back(values_of(batch->bytes));
      copied.push_back(pipeline.acknowledged());
    }
    return sent;
  }
  OffsetRuns runs(std::initializer_list<OffsetRun> list) { return {list.begin(), list.end()}; }

  fake::PartitionLog log;
  LeaderEpoch epoch{3};
  BufferPool pool{4U << 20};
  CopyTools tools{pool};
  CopyPipeline pipeline{tools, {}};
  BufferRef buffer;
  std::vector<Copied> copied;
  const PipelineStart start{
      .position = Offset(0), .producer_id = ProducerId(77), .producer_epoch = ProducerEpoch(2)};
};

fake::BatchSpec spec_of(std::initializer_list<std::string> values) {
  fake::BatchSpec spec;
  for (const std::string& value : values) spec.records.push_back({"k", value, 1000, {}, {}});
  return spec;
}

fake::BatchSpec in_transaction(std::initializer_list<std::string> values, ProducerId id) {
  fake::BatchSpec spec = spec_of(values);
  spec.producer_id = id;
  spec.producer_epoch = ProducerEpoch(0);
  spec.base_sequence = 0;
  spec.transactional = true;
  return spec;
}

TEST_F(CopyPipelineTest, PassesABatchThroughInItsBufferWithANewHeader) {
  append(make_simple_batch("x", 0, 4));
  append(make_simple_batch("a", 0, 3));
  pipeline.start({.position = Offset(4),
                  .next_ordinal = 10,
                  .producer_id = ProducerId(77),
                  .producer_epoch = ProducerEpoch(2),
                  .generation_first_ordinal = 4});
  ASSERT_TRUE(feed(Offset(4)));
  const fake::ByteVector before = log.read(Offset(4), log.end(), kAny, true);
  const auto sent = next();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->bytes.data(), buffer.bytes().data());
  const records::BatchView batch = view_of(sent->bytes);
  EXPECT_TRUE(batch.valid_crc());
  EXPECT_EQ(batch.base_offset(), Offset(0));
  EXPECT_EQ(batch.partition_leader_epoch(), LeaderEpoch(-1));
  EXPECT_EQ(batch.producer_id(), ProducerId(77));
  EXPECT_EQ(batch.producer_epoch(), ProducerEpoch(2));
  EXPECT_EQ(batch.base_sequence(), 6);
  EXPECT_TRUE(std::ranges::equal(batch.payload(), view_of(before).payload()));
  EXPECT_EQ(pipeline.last_path(), CopyPath::kPassThrough);
  const Copied done = pipeline.acknowledged();
  EXPECT_EQ(done.runs, runs({{Offset(4), 3}}));
  EXPECT_EQ(done.ordinal, 10);
  EXPECT_EQ(done.count, 3);
  EXPECT_EQ(done.upstream_next, Offset(7));
  EXPECT_EQ(done.leader_epoch, LeaderEpoch(3));
}

TEST_F(CopyPipelineTest, KeepsTheCodecOfABatchThatPassesThrough) {
  fake::BatchSpec spec = spec_of({"v"});
  spec.codec = records::Codec::kZstd;
  append(make_batch(spec));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(view_of(next()->bytes).codec().value(), records::Codec::kZstd);
}

TEST_F(CopyPipelineTest, MergesWhatWaitsTogether) {
  for (int i = 0; i < 5; ++i) append(make_simple_batch("a", i, 1));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 0, 5)));
  EXPECT_EQ(pipeline.last_path(), CopyPath::kCoalesce);
  EXPECT_EQ(copied[0].runs, runs({{Offset(0), 5}}));
  EXPECT_EQ(copied[0].upstream_next, Offset(5));
}

TEST_F(CopyPipelineTest, KeepsTheRunsOfMergedBatchesApartWhereOffsetsAreMissing) {
  append(make_simple_batch("a", 0, 2));
  append(make_simple_batch("a", 2, 2), Offset(10));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 0, 4)));
  EXPECT_EQ(copied[0].runs, runs({{Offset(0), 2}, {Offset(10), 2}}));
}

TEST_F(CopyPipelineTest, NeverMergesAcrossCodecs) {
  fake::BatchSpec packed = spec_of({"b"});
  packed.codec = records::Codec::kLz4;
  append(make_batch(spec_of({"a"})));
  append(make_batch(packed));
  append(make_batch(spec_of({"c"})));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(send_all().size(), 3U);
}

TEST_F(CopyPipelineTest, LeavesGzipAndLargeBatchesUnmerged) {
  fake::BatchSpec packed = spec_of({"b"});
  packed.codec = records::Codec::kGzip;
  append(make_batch(packed));
  append(make_batch(packed));
  append(make_simple_batch("l", 0, 1, 70'000));
  append(make_simple_batch("l", 1, 1, 70'000));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(send_all().size(), 4U);
}

TEST_F(CopyPipelineTest, MergesPackedBatchesOnlyWhereTheyAreTiny) {
  for (const std::size_t size : {100U, 100U, 6000U, 6000U}) {
    fake::BatchSpec packed = spec_of({filler(size, 1)});
    packed.codec = records::Codec::kZstd;
    append(make_batch(packed));
  }
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(send_all().size(), 3U);
}

TEST_F(CopyPipelineTest, MergesNoMoreThanAsked) {
  for (int i = 0; i < 4; ++i) append(make_simple_batch("a", i, 1, 400));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(values_of(next(1100)->bytes).size(), 2U);
}

TEST_F(CopyPipelineTest, MergesNothingWhenTold) {
  pipeline.set_options({.coalesce = false});
  for (int i = 0; i < 3; ++i) append(make_simple_batch("a", i, 1));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_EQ(send_all().size(), 3U);
}

TEST_F(CopyPipelineTest, DropsAbortedAndControlBatchesAndMovesOn) {
  append(make_batch(in_transaction({"gone"}, ProducerId(1))));
  append(make_batch(spec_of({"kept"})));
  log.append_marker(ProducerId(1), ProducerEpoch(0), false, epoch, 0);
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("kept")));
  EXPECT_EQ(copied[0].runs, runs({{Offset(1), 1}}));
  EXPECT_EQ(copied[0].upstream_next, Offset(3));
  EXPECT_EQ(pipeline.dropped_records(), 1);
}

TEST_F(CopyPipelineTest, ReportsProgressWithoutRecords) {
  append(make_batch(in_transaction({"gone"}, ProducerId(1))));
  log.append_marker(ProducerId(1), ProducerEpoch(0), false, epoch, 0);
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_FALSE(next());
  const auto decided = pipeline.take_decided();
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->count, 0);
  EXPECT_EQ(decided->upstream_next, Offset(2));
  EXPECT_EQ(decided->leader_epoch, epoch);
  EXPECT_FALSE(pipeline.take_decided());
}

TEST_F(CopyPipelineTest, CopiesCommittedTransactionsWithoutTheTransactionalBit) {
  append(make_batch(in_transaction({"kept"}, ProducerId(1))));
  log.append_marker(ProducerId(1), ProducerEpoch(0), true, epoch, 0);
  pipeline.start(start);
  ASSERT_TRUE(feed());
  const auto sent = next();
  EXPECT_FALSE(view_of(sent->bytes).is_transactional());
  EXPECT_TRUE(view_of(sent->bytes).valid_crc());
  EXPECT_EQ(pipeline.acknowledged().upstream_next, Offset(2));
}

TEST_F(CopyPipelineTest, CopiesAbortedRecordsWhenReadingUncommitted) {
  pipeline.set_options({.read_committed = false});
  append(make_batch(in_transaction({"aborted"}, ProducerId(1))));
  log.append_marker(ProducerId(1), ProducerEpoch(0), false, epoch, 0);
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("aborted")));
}

// A marker after a leader's change: position and epoch go together, or the source would answer that
// its log was truncated.
TEST_F(CopyPipelineTest, CarriesTheEpochOfADroppedBatchWithThePosition) {
  append(make_batch(in_transaction({"kept"}, ProducerId(1))));
  log.append_marker(ProducerId(1), ProducerEpoch(0), true, LeaderEpoch(4), 0);
  pipeline.start(start);
  ASSERT_TRUE(feed());
  ASSERT_TRUE(next());
  EXPECT_EQ(pipeline.oldest_in_flight().leader_epoch, LeaderEpoch(4));
  append(make_batch(spec_of({"later"})));
  log.append_marker(ProducerId(1), ProducerEpoch(0), true, LeaderEpoch(5), 0);
  ASSERT_TRUE(feed(Offset(2)));
  ASSERT_TRUE(next());
  log.append_marker(ProducerId(1), ProducerEpoch(0), true, LeaderEpoch(6), 0);
  ASSERT_TRUE(feed(Offset(4)));
  pipeline.acknowledged();
  const Copied done = pipeline.acknowledged();
  EXPECT_EQ(done.upstream_next, Offset(5));
  EXPECT_EQ(done.leader_epoch, LeaderEpoch(6));
}

TEST_F(CopyPipelineTest, ReencodesGapsWithExactRuns) {
  fake::BatchSpec spec = spec_of({"a", "b", "c"});
  spec.records[1].offset_delta = 4;
  spec.records[2].offset_delta = 5;
  spec.last_offset_delta = 9;
  append(make_batch(spec));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("a", "b", "c")));
  EXPECT_EQ(pipeline.last_path(), CopyPath::kReencode);
  EXPECT_EQ(copied[0].runs, runs({{Offset(0), 1}, {Offset(4), 2}}));
  EXPECT_EQ(copied[0].upstream_next, Offset(10));
}

TEST_F(CopyPipelineTest, ReencodesLogAppendTimeWithItsTime) {
  fake::BatchSpec spec = spec_of({"a", "b"});
  spec.log_append_time = true;
  spec.records[1].timestamp_ms = 5000;
  append(make_batch(spec));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  const auto sent = next();
  EXPECT_EQ(view_of(sent->bytes).timestamp_type(), records::TimestampType::kCreateTime);
  for (const auto& record : fake::read_records(sent->bytes).value()) {
    EXPECT_EQ(record.timestamp_ms, 5000);
  }
}

TEST_F(CopyPipelineTest, ReencodesOldMessages) {
  fake::BatchSpec spec = spec_of({"a", "b"});
  spec.magic = 1;
  append(make_batch(spec));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("a", "b")));
  EXPECT_EQ(copied[0].runs, runs({{Offset(0), 2}}));
  EXPECT_EQ(copied[0].upstream_next, Offset(2));
}

TEST_F(CopyPipelineTest, SplitsWhatIsTooLargeForTheTarget) {
  pipeline.set_options({.batch_bytes_max = 1000});
  append(make_simple_batch("a", 0, 6, 300));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  std::int64_t ordinal = 0;
  while (const auto sent = next()) {
    EXPECT_LE(sent->bytes.size(), 1000U);
    EXPECT_EQ(view_of(sent->bytes).base_sequence(), ordinal);
    const Copied done = pipeline.acknowledged();
    EXPECT_EQ(done.ordinal, ordinal);
    EXPECT_EQ(done.runs, runs({{Offset(ordinal), done.count}}));
    EXPECT_EQ(done.upstream_next, Offset(ordinal + done.count));
    ordinal += done.count;
  }
  EXPECT_EQ(ordinal, 6);
}

TEST_F(CopyPipelineTest, RefusesARecordThatIsTooLargeAlone) {
  pipeline.set_options({.batch_bytes_max = 1000});
  append(make_simple_batch("a", 0, 1, 2000));
  pipeline.start(start);
  const Status taken = feed();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, make_error_code(BaseErrc::kLimitExceeded));
}

TEST_F(CopyPipelineTest, TakesWhatComesBeforeARecordThatIsTooLargeAndNothingBehindIt) {
  pipeline.set_options({.batch_bytes_max = 1000});
  append(make_simple_batch("a", 0, 1, 100));
  append(make_simple_batch("b", 0, 1, 2000));
  append(make_simple_batch("c", 0, 1, 100));
  pipeline.start(start);
  ASSERT_FALSE(feed());
  EXPECT_EQ(pipeline.oversized(), Offset(1));
  ASSERT_EQ(send_all().size(), 1U);
  EXPECT_EQ(copied[0].runs, runs({{Offset(0), 1}}));
  PipelineStart behind = start;
  behind.position = Offset(2);
  behind.next_ordinal = 1;
  pipeline.start(behind);
  ASSERT_TRUE(feed(Offset(2)));
  ASSERT_EQ(send_all().size(), 1U);
  EXPECT_EQ(copied.back().ordinal, 1);
}

TEST_F(CopyPipelineTest, StartsInTheMiddleOfABatch) {
  append(make_simple_batch("a", 0, 5));
  pipeline.start({.position = Offset(3), .producer_id = ProducerId(77)});
  ASSERT_TRUE(feed(Offset(3)));
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("a3", "a4")));
  EXPECT_EQ(copied[0].runs, runs({{Offset(3), 2}}));
}

TEST_F(CopyPipelineTest, ReportsRecordsThatArePresentAndSendsTheRest) {
  append(make_simple_batch("a", 0, 2));
  append(make_simple_batch("a", 2, 4));
  pipeline.start({.position = Offset(0),
                  .next_ordinal = 10,
                  .present_records = 3,
                  .generation_first_ordinal = 10});
  ASSERT_TRUE(feed());
  EXPECT_FALSE(next()) << "present records are reported first";
  std::int64_t present = 0;
  while (const auto found = pipeline.take_present()) {
    EXPECT_EQ(found->ordinal, 10 + present);
    EXPECT_EQ(found->runs, runs({{Offset(present), found->count}}));
    present += found->count;
    EXPECT_EQ(found->upstream_next, Offset(present));
  }
  EXPECT_EQ(present, 3);
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 3, 3)));
  EXPECT_EQ(copied[0].ordinal, 13);
  EXPECT_EQ(copied[0].upstream_next, Offset(6));
}

TEST_F(CopyPipelineTest, HoldsBackWhatIsNotAnnounced) {
  PipelineStart announcing = start;
  announcing.announce_first = true;
  append(make_simple_batch("a", 0, 2));
  append(make_simple_batch("a", 2, 2), Offset(5));
  append(make_simple_batch("a", 4, 1));
  pipeline.start(announcing);
  ASSERT_TRUE(feed());
  EXPECT_FALSE(next());
  const auto waiting = pipeline.unannounced();
  ASSERT_EQ(waiting.size(), 3U);
  EXPECT_EQ(waiting[1].ordinal_end, 4);
  EXPECT_EQ(waiting[1].upstream_next, Offset(7));
  EXPECT_EQ(waiting[1].runs, runs({{Offset(5), 2}}));
  pipeline.announced_until(4);
  EXPECT_EQ(pipeline.unannounced().size(), 1U);
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 0, 4))) << "not merged with the unannounced";
  pipeline.announced_until(5);
  EXPECT_THAT(send_all(), ElementsAre(ElementsAre("a4")));
  EXPECT_THAT(pipeline.unannounced(), IsEmpty());
}

TEST_F(CopyPipelineTest, SendsTheFirstBatchAloneUntilItIsAcknowledged) {
  PipelineStart alone = start;
  alone.alone_until_acknowledged = true;
  pipeline.set_options({.coalesce = false});
  for (int i = 0; i < 3; ++i) append(make_simple_batch("a", i, 1));
  pipeline.start(alone);
  ASSERT_TRUE(feed());
  ASSERT_TRUE(next());
  EXPECT_FALSE(next());
  pipeline.acknowledged();
  EXPECT_TRUE(next());
  EXPECT_TRUE(next());
}

TEST_F(CopyPipelineTest, WrapsSequencesAtTwoToThe31) {
  constexpr std::int64_t kModulus = std::int64_t{1} << 31;
  append(make_simple_batch("a", 0, 3));
  append(make_simple_batch("a", 3, 1));
  pipeline.set_options({.coalesce = false});
  PipelineStart late = start;
  late.generation_first_ordinal = 5;
  late.next_ordinal = 5 + kModulus - 2;
  pipeline.start(late);
  ASSERT_TRUE(feed());
  EXPECT_EQ(view_of(next()->bytes).base_sequence(), kModulus - 2);
  EXPECT_EQ(view_of(next()->bytes).base_sequence(), 1);
}

TEST_F(CopyPipelineTest, RefusesCorruptBytes) {
  fake::BatchSpec spec = spec_of({"a", "b"});
  spec.log_append_time = true;  // is read record by record
  fake::ByteVector batch = make_batch(spec);
  batch.back() ^= std::byte{1};
  BufferRef damaged = in_buffer(batch);
  pipeline.start(start);
  const Status taken = pipeline.take(damaged.bytes(), damaged, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, make_error_code(BaseErrc::kCorrupt));
}

TEST_F(CopyPipelineTest, IgnoresACutOffBatchAndWhatIsBehind) {
  append(make_simple_batch("a", 0, 1));
  append(make_simple_batch("a", 1, 1));
  fake::ByteVector bytes = log.all_bytes();
  bytes.resize(bytes.size() - 10);
  BufferRef part = in_buffer(bytes);
  pipeline.start(start);
  ASSERT_TRUE(pipeline.take(part.bytes(), part, {}));
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 0, 2)));
}

TEST_F(CopyPipelineTest, CountsWhatItHolds) {
  append(make_simple_batch("a", 0, 2));
  pipeline.start(start);
  EXPECT_EQ(pipeline.oldest_timestamp_ms(), -1);
  ASSERT_TRUE(feed());
  EXPECT_EQ(pipeline.bytes_outstanding(), log.all_bytes().size());
  EXPECT_EQ(pipeline.oldest_timestamp_ms(), 1'700'000'000'001);
  ASSERT_TRUE(next());
  EXPECT_EQ(pipeline.bytes_outstanding(), log.all_bytes().size());
  EXPECT_EQ(pipeline.in_flight(), 1U);
  pipeline.acknowledged();
  EXPECT_EQ(pipeline.bytes_outstanding(), 0U);
}

TEST_F(CopyPipelineTest, ForgetsEverythingAtStart) {
  append(make_simple_batch("a", 0, 2));
  pipeline.start(start);
  ASSERT_TRUE(feed());
  ASSERT_TRUE(next());
  pipeline.start(start);
  EXPECT_EQ(pipeline.bytes_outstanding(), 0U);
  EXPECT_FALSE(pipeline.has_pending());
  ASSERT_TRUE(feed());
  EXPECT_THAT(send_all(), ElementsAre(numbered("a", 0, 2)));
}

}  // namespace
}  // namespace ottla::flow
