#include "flow/offsets/reconcile.h"

#include <gtest/gtest.h>

#include "flow/offsets/sequence.h"

namespace ottla::flow {
namespace {

using Step = ReconcileDecision::Step;
constexpr std::int64_t kNow = 1'000'000'000;

TEST(Sequence, WrapsAtTwoToTheThirtyOne) {
  EXPECT_EQ(sequence_of(2147483647, 0), 2147483647);
  EXPECT_EQ(sequence_of(2147483648, 0), 0);
  EXPECT_EQ(sequence_of(2147483650, 10), 2147483640);
  for (const std::int64_t ordinal :
       {0LL, 1LL, 2147483647LL, 2147483648LL, 4294967300LL, 9000000000000LL}) {
    for (const std::int64_t off : {-1000000LL, -1LL, 0LL, 1LL, 1000000LL}) {
      const std::int64_t first = 3;
      EXPECT_EQ(resolve_sequence(sequence_of(ordinal + first, first), first, ordinal + first + off),
                ordinal + first);
    }
  }
}

// A partition that has copied ordinals 0..99 to downstream 0..99 from upstream 0, 2, 4, ...
struct Case {
  OffsetMap map;
  std::vector<Generation> generations{{ProducerId(7), ProducerEpoch(1), 0, Offset(0)}};
  std::optional<ProducerEntry> producer{{ProducerId(7), ProducerEpoch(1), 99, kNow - 1000}};
  Offset log_end{100};
  std::optional<Tail> tail;
  bool fenced = false;
  bool recreated = false;
  bool exclusive = true;
  bool recount_safe = true;
  const IntentRecord* intents = nullptr;

  Case() {
    for (std::int64_t i = 0; i < 100; ++i) EXPECT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  }
  [[nodiscard]] ReconcileDecision decide() const {
    return reconcile({.map = map,
                      .generations = generations,
                      .producer = producer,
                      .log_start = Offset(0),
                      .log_end = log_end,
                      .tail = tail,
                      .fenced = fenced,
                      .target_recreated = recreated,
                      .is_exclusive = exclusive,
                      .recount_safe = recount_safe,
                      .intents = intents,
                      .now_ms = kNow});
  }
};

TailBatch ours(std::int64_t base, std::int64_t count, std::int32_t sequence,
               std::int16_t epoch = 1) {
  return {Offset(base), Offset(base + count - 1), ProducerId(7), ProducerEpoch(epoch), sequence,
          false};
}
TailBatch foreign(std::int64_t base, std::int64_t count) {
  return {Offset(base), Offset(base + count - 1), ProducerId(-1), ProducerEpoch(-1), -1, false};
}
TailBatch marker(std::int64_t base) {
  return {Offset(base), Offset(base), ProducerId(7), ProducerEpoch(2), -1, true};
}

TEST(Reconcile, GoesOnWhereMapAndBrokerAgree) {
  const auto d = Case().decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, 100);
  EXPECT_EQ(d.upstream_position, Offset(199));
  EXPECT_EQ(d.skip, 0);
  EXPECT_FALSE(d.new_generation);
  EXPECT_FALSE(d.first_batch_alone);
}

TEST(Reconcile, SkipsWhatTheBrokerHasAndTheMapDoesNotKnow) {
  Case c;
  c.producer->last_sequence = 109;
  c.log_end = Offset(110);
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, 110);
  EXPECT_EQ(d.skip, 10);
  EXPECT_EQ(d.discovered, (std::vector<ReconcileDecision::Discovered>{{100, Offset(100), 10}}));
}

TEST(Reconcile, SaysThatCountingIsUnsafeOnCompactedTopicsUnlessIntentsKnow) {
  Case c;
  c.producer->last_sequence = 101;
  c.log_end = Offset(102);
  c.recount_safe = false;
  EXPECT_TRUE(c.decide().counting_unsafe);
  const IntentRecord intents{
      .lineage = 0,
      .ordinal_begin = 100,
      .upstream_begin = Offset(199),
      .entries = {{102, Offset(230), {{Offset(205), 2}}}, {103, Offset(231), {{Offset(230), 1}}}}};
  c.intents = &intents;
  const auto d = c.decide();
  EXPECT_FALSE(d.counting_unsafe);
  EXPECT_EQ(d.skip, 0);
  EXPECT_EQ(d.upstream_position, Offset(230));
  EXPECT_EQ(d.discovered_upstream->front(), (IntentRecord::UpstreamRun{Offset(205), 2}));
}

TEST(Reconcile, ReadsTheTailWhereOthersWroteAndReportsThem) {
  Case c;
  c.producer->last_sequence = 104;
  c.log_end = Offset(112);
  auto d = c.decide();
  EXPECT_EQ(d.step, Step::kReadTail);
  EXPECT_EQ(d.read_from, Offset(100));
  c.tail = Tail{Offset(100), Offset(112), {foreign(100, 4), ours(104, 5, 100), foreign(109, 3)}};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, 105);
  EXPECT_EQ(d.downstream_end, Offset(112));
  EXPECT_EQ(d.discovered, (std::vector<ReconcileDecision::Discovered>{{100, Offset(104), 5}}));
  EXPECT_EQ(d.foreign, (std::vector<ReconcileDecision::Range>{{Offset(100), 4}, {Offset(109), 3}}));
}

TEST(Reconcile, ExpectsOthersInASameNameTopic) {
  Case c;
  c.exclusive = false;
  c.log_end = Offset(112);
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_TRUE(d.foreign.empty());
}

TEST(Reconcile, FencesWhereTheBrokerHasNoState) {
  Case c;
  c.producer.reset();
  auto d = c.decide();
  EXPECT_EQ(d.step, Step::kFence);
  c.fenced = true;
  c.log_end = Offset(104);
  c.producer = ProducerEntry{ProducerId(7), ProducerEpoch(2), -1, kNow};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kReadTail);
  EXPECT_EQ(d.read_from, Offset(99));
  c.tail = Tail{Offset(99), Offset(104), {ours(90, 10, 90), ours(100, 3, 100), marker(103)}};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, 103);
  EXPECT_EQ(d.skip, 3);
  EXPECT_TRUE(d.new_generation);
  EXPECT_EQ(d.epoch_min, ProducerEpoch(2));
  EXPECT_TRUE(d.foreign.empty());  // a fence marker is not foreign
}

TEST(Reconcile, SeesALossThatTheFenceMarkerHides) {
  Case c;  // the last record was lost, and the marker stands in its place
  c.fenced = true;
  c.tail = Tail{Offset(99), Offset(100), {marker(99)}};
  auto d = c.decide();
  ASSERT_EQ(d.step, Step::kReadTail);
  EXPECT_EQ(d.read_from, Offset(0));
  c.tail = Tail{Offset(0), Offset(100), {ours(0, 99, 0), marker(99)}};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.truncate_to, Offset(99));
  EXPECT_EQ(d.resume_ordinal, 99);
  EXPECT_EQ(d.downstream_end, Offset(100));
}

TEST(Reconcile, FencesWhereTheStateIsAboutToExpire) {
  Case c;
  c.producer->last_timestamp_ms = kNow - 86'400'000 / 10 * 9;
  EXPECT_EQ(c.decide().step, Step::kFence);
}

TEST(Reconcile, FencesWhereTheNewestGenerationHasNotWrittenYet) {
  Case c;
  c.generations.push_back({ProducerId(7), ProducerEpoch(2), 100, Offset(199)});
  EXPECT_EQ(c.decide().step, Step::kFence);
}

TEST(Reconcile, StartsWithoutFenceWhereTheFlowNeverWrote) {
  Case c;
  c.generations.clear();
  c.producer.reset();
  c.map = OffsetMap();
  c.log_end = Offset(5);
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_TRUE(d.new_generation);
  EXPECT_TRUE(d.first_batch_alone);
  EXPECT_EQ(d.downstream_end, Offset(5));
  EXPECT_EQ(d.foreign, (std::vector<ReconcileDecision::Range>{{Offset(0), 5}}));
}

TEST(Reconcile, CopiesAgainWhatTheTargetLost) {
  Case c;
  c.producer->last_sequence = 89;
  c.log_end = Offset(90);
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.truncate_to, Offset(90));
  EXPECT_EQ(d.lost_records, 10);
  EXPECT_EQ(d.resume_ordinal, 90);
  EXPECT_EQ(d.upstream_position, Offset(180));
  EXPECT_EQ(d.skip, 0);
  EXPECT_FALSE(d.new_generation);
}

TEST(Reconcile, SeesALossThatOthersHaveWrittenOver) {
  Case c;
  c.producer->last_sequence = 89;
  c.log_end = Offset(105);
  auto d = c.decide();
  EXPECT_EQ(d.step, Step::kReadTail);
  EXPECT_EQ(d.read_from, Offset(90));
  c.tail = Tail{Offset(90), Offset(105), {foreign(90, 15)}};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.truncate_to, Offset(90));
  EXPECT_EQ(d.resume_ordinal, 90);
  EXPECT_EQ(d.foreign, (std::vector<ReconcileDecision::Range>{{Offset(90), 15}}));
}

TEST(Reconcile, SeesALossThatAFormerOwnerHasRefilledElsewhere) {
  Case c;  // truncated to 90, 5 foreign, then a former owner repeated 90..101
  c.producer->last_sequence = 101;
  c.log_end = Offset(107);
  auto d = c.decide();
  ASSERT_EQ(d.step, Step::kReadTail);
  c.tail = Tail{Offset(100), Offset(107), {ours(95, 12, 90)}};
  d = c.decide();
  ASSERT_EQ(d.step, Step::kReadTail);
  EXPECT_EQ(d.read_from, Offset(0));
  c.tail = Tail{Offset(0), Offset(107), {ours(0, 90, 0), foreign(90, 5), ours(95, 12, 90)}};
  d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.truncate_to, Offset(90));
  EXPECT_EQ(d.resume_ordinal, 102);
  EXPECT_EQ(d.discovered, (std::vector<ReconcileDecision::Discovered>{{90, Offset(95), 12}}));
  EXPECT_EQ(d.skip, 12);
}

TEST(Reconcile, FencesWhereTheLossReachesIntoAnOlderGeneration) {
  Case c;
  c.generations = {{ProducerId(7), ProducerEpoch(0), 0, Offset(0)},
                   {ProducerId(7), ProducerEpoch(1), 95, Offset(190)}};
  c.producer->last_sequence = -1;
  c.log_end = Offset(90);
  EXPECT_EQ(c.decide().step, Step::kFence);
}

TEST(Reconcile, ReportsASecondCopyAfterExpiry) {
  Case c;
  c.fenced = true;
  c.log_end = Offset(111);
  c.tail = Tail{Offset(90), Offset(111), {ours(90, 10, 90), ours(100, 10, 90), marker(110)}};
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, 100);
  EXPECT_EQ(d.duplicates, (std::vector<ReconcileDecision::Range>{{Offset(100), 10}}));
  EXPECT_FALSE(d.truncate_to);
}

TEST(Reconcile, CopiesAgainWhatStandsAheadOfMissingRecords) {
  Case c;
  c.fenced = true;
  c.log_end = Offset(106);
  c.tail = Tail{Offset(99), Offset(106), {ours(90, 10, 90), ours(100, 5, 110), marker(105)}};
  const auto d = c.decide();
  EXPECT_EQ(d.resume_ordinal, 100);
  EXPECT_EQ(d.out_of_order, (std::vector<ReconcileDecision::Range>{{Offset(100), 5}}));
}

TEST(Reconcile, BatchesThatTheTargetCompactedAwayWereThere) {
  Case c;
  c.producer->last_sequence = 119;
  c.log_end = Offset(121);
  c.tail = Tail{Offset(100), Offset(121), {ours(100, 5, 100), ours(110, 10, 110), foreign(120, 1)}};
  const auto d = c.decide();
  EXPECT_EQ(d.resume_ordinal, 120);
  EXPECT_EQ(d.discovered, (std::vector<ReconcileDecision::Discovered>{{100, Offset(100), 20}}));
}

TEST(Reconcile, StepsDownForANewerGeneration) {
  Case c;
  c.producer->epoch = ProducerEpoch(2);
  EXPECT_EQ(c.decide().step, Step::kStepDown);
  c.fenced = true;
  c.producer->last_sequence = -1;
  c.log_end = Offset(103);
  c.tail = Tail{Offset(99), Offset(103), {ours(90, 10, 90), ours(100, 3, 0, 5)}};
  EXPECT_EQ(c.decide().step, Step::kStepDown);
}

TEST(Reconcile, AsksAgainWhereAnswersRaced) {
  Case c;
  c.producer->last_sequence = 109;
  c.log_end = Offset(105);
  EXPECT_EQ(c.decide().step, Step::kReadTail);
  c.tail = Tail{Offset(100), Offset(105), {ours(100, 5, 100)}};
  EXPECT_EQ(c.decide().step, Step::kAskAgain);
}

TEST(Reconcile, WrapsSequences) {
  Case c;
  c.map = OffsetMap({.ordinal = kSequenceModulus - 5, .upstream = {}, .downstream = {}});
  ASSERT_TRUE(c.map.append(Offset(0), Offset(0), 4));
  c.producer->last_sequence = 3;  // ordinals 2^31 - 1 .. 2^31 + 3 are there
  c.log_end = Offset(9);
  const auto d = c.decide();
  EXPECT_EQ(d.step, Step::kResume);
  EXPECT_EQ(d.resume_ordinal, kSequenceModulus + 4);
  EXPECT_EQ(d.skip, 5);
}

TEST(Reconcile, TakesANewProducerIdWhenEpochsAreUsedUp) {
  Case c;
  c.generations.back().epoch = ProducerEpoch(32767);
  c.producer.reset();
  c.fenced = true;
  c.tail = Tail{Offset(90), Offset(100), {ours(90, 10, 90, 32767)}};
  EXPECT_TRUE(c.decide().new_producer_id);
}

TEST(Reconcile, SaysWhenTheTargetIsAnotherTopic) {
  Case c;
  c.recreated = true;
  EXPECT_EQ(c.decide().step, Step::kRecreated);
}

// A batch may reach over the place where the upstream log was cut: its records beyond it are
// forgotten, and are no sign of a loss at the target.
TEST(Reconcile, TakesRecordsForgottenAtAnUpstreamCutForWhatTheyAre) {
  for (const std::int64_t cut : {0L, 185L}) {
    Case c;
    c.map.truncate_upstream(Offset(cut));
    c.generations.push_back({ProducerId(7), ProducerEpoch(2), 100, Offset(cut)});
    EXPECT_EQ(c.decide().step, Step::kFence);
    c.fenced = true;
    c.log_end = Offset(101);
    c.tail = Tail{Offset(0), Offset(101), {ours(0, 80, 0), ours(80, 20, 80), marker(100)}};
    const auto d = c.decide();
    ASSERT_EQ(d.step, Step::kResume) << d.reason;
    EXPECT_FALSE(d.truncate_to.has_value());
    EXPECT_EQ(d.resume_ordinal, 100);
    EXPECT_EQ(d.skip, 0);
    EXPECT_EQ(d.upstream_position, Offset(cut));
    EXPECT_TRUE(d.duplicates.empty());
  }
}

}  // namespace
}  // namespace ottla::flow
