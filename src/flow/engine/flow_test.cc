// One flow between two fake clusters, a scenario at a time: whatever goes wrong, the target holds
// every record exactly once and in order, and the ledger names what was lost.

#include "flow/engine/flow.h"

#include "base/wall_clock.h"
#include "flow/engine/engine_testing.h"

namespace ottla::flow {
namespace {

using namespace testing;
using fake::FaultKind;
using kafka::ApiKey;
using kafka::ErrorCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FlowTest : public EngineTest {
 protected:
  // A topic with one partition, some records, and a flow that has copied them.
  void begin_copying(std::map<std::string, std::string> configs = {}) {
    mirror.source().create_topic("t", 1, std::move(configs));
    mirror.produce(t, 5);
    mirror.start();
    ASSERT_TRUE(mirror.run_until_copied());
  }
  void produce_some(int batches) {
    for (int i = 0; i < batches; ++i) mirror.produce(t, 3);
  }
  // Everything copied so far is in the map's topic.
  void wait_for_map() {
    const Offset end = mirror.source().log_end(t);
    ASSERT_TRUE(mirror.run_until([&] {
      const auto maps = mirror.maps();
      const auto found = maps.find({"A", "t", PartitionId(0)});
      return found != maps.end() && found->second && found->second->map.upstream_position() == end;
    }));
  }
  const TopicPartition t = tp("t");
};

TEST_F(FlowTest, CopiesAllPartitionsOfAllTopics) {
  mirror.source().create_topic("t", 3);
  mirror.source().create_topic("u", 1);
  for (int i = 0; i < 20; ++i) mirror.produce(tp("t", i % 3), 4);
  mirror.produce(tp("u"), 7);
  mirror.start();
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, CopiesCommittedTransactionsOnly) {
  mirror.source().create_topic("t", 1);
  mirror.transaction(t, 3, true);
  mirror.transaction(t, 2, false);
  mirror.produce(t, 1);
  mirror.transaction(t, 2, false);
  mirror.start();
  copy_all();
}

TEST_F(FlowTest, CopiesEveryKindOfBatch) {
  mirror.source().create_topic("t", 1);
  for (int codec = 0; codec < 5; ++codec) {
    fake::BatchSpec packed;
    packed.codec = static_cast<kafka::records::Codec>(codec);
    mirror.produce(t, 3, packed);
  }
  fake::BatchSpec old;
  old.magic = 1;
  mirror.produce(t, 2, old);
  fake::BatchSpec stamped;
  stamped.log_append_time = true;
  mirror.produce(t, 2, stamped);
  mirror.start();
  copy_all();
}

TEST_F(FlowTest, GoesOnWhereItStopped) {
  begin_copying();
  mirror.stop();
  produce_some(3);
  mirror.start();
  copy_all();
}

TEST_F(FlowTest, GoesOnAfterAKillThatLeavesAnOldMap) {
  mirror.more_settings = "";
  begin_copying();
  for (int round = 0; round < 3; ++round) {
    produce_some(4);
    ASSERT_TRUE(mirror.run_until_copied());
    mirror.kill();
    mirror.start();
  }
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, CopiesTopicsThatAppearAndGrow) {
  begin_copying();
  mirror.source().create_topic("late", 1);
  mirror.produce(tp("late"), 3);
  copy_all();
}

// Finds what a request that was lost, cut or executed late has left on the target.
class ProduceFault : public FlowTest, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(ProduceFault, LeavesNothingOutAndNothingTwice) {
  begin_copying();
  for (int round = 0; round < 3; ++round) {
    fake::Fault fault;
    fault.kind = GetParam();
    fault.api = ApiKey::kProduce;
    fault.when = produces_to(mirror.target(), "A.t");
    fault.skip = round;
    fault.delay = 30ms;
    mirror.target().fault(fault);
    for (int i = 0; i < 4; ++i) {
      mirror.produce(t, 2);
      mirror.run_for(5ms);
    }
    ASSERT_TRUE(mirror.run_until_copied());
  }
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, ProduceFault,
                         ::testing::Values(FaultKind::kCutBefore, FaultKind::kLoseRequest,
                                           FaultKind::kLoseReply, FaultKind::kCutMid,
                                           FaultKind::kCutAfter, FaultKind::kHang,
                                           FaultKind::kDelayRequest, FaultKind::kDelayReply,
                                           FaultKind::kZombie, FaultKind::kGarbage,
                                           FaultKind::kGarbageBody, FaultKind::kHugeLength,
                                           FaultKind::kWrongCorrelation, FaultKind::kSkipReply));

class FetchFault : public FlowTest, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(FetchFault, LeavesNothingOutAndNothingTwice) {
  begin_copying();
  for (int round = 0; round < 3; ++round) {
    mirror.source().fault(
        {.kind = GetParam(), .api = ApiKey::kFetch, .skip = round, .delay = 30ms});
    for (int i = 0; i < 3; ++i) {
      mirror.produce(t, 2);
      mirror.run_for(5ms);
    }
    ASSERT_TRUE(mirror.run_until_copied());
  }
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, FetchFault,
                         ::testing::Values(FaultKind::kCutBefore, FaultKind::kLoseReply,
                                           FaultKind::kCutMid, FaultKind::kHang,
                                           FaultKind::kDelayReply, FaultKind::kGarbage,
                                           FaultKind::kGarbageBody, FaultKind::kHugeLength,
                                           FaultKind::kWrongCorrelation));

class ProduceError : public FlowTest, public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(ProduceError, IsSettledAgainstTheLog) {
  begin_copying();
  fake::Fault fault{.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce};
  fault.when = produces_to(mirror.target(), "A.t");
  fault.times = 2;
  fault.error = GetParam();
  mirror.target().fault(fault);
  produce_some(4);
  copy_all();
  EXPECT_EQ(mirror.target().faults_left(), 0U);
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Codes, ProduceError,
    ::testing::Values(ErrorCode::kNotLeaderOrFollower, ErrorCode::kNotEnoughReplicas,
                      ErrorCode::kNotEnoughReplicasAfterAppend, ErrorCode::kRequestTimedOut,
                      ErrorCode::kOutOfOrderSequenceNumber, ErrorCode::kInvalidProducerEpoch,
                      ErrorCode::kUnknownTopicOrPartition, ErrorCode::kUnknownTopicId,
                      ErrorCode::kKafkaStorageError, ErrorCode::kLeaderNotAvailable,
                      ErrorCode::kUnknownServerError, ErrorCode::kThrottlingQuotaExceeded));

class FetchError : public FlowTest, public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(FetchError, IsOvercome) {
  begin_copying();
  mirror.source().fault(
      {.kind = FaultKind::kAnswerError, .api = ApiKey::kFetch, .times = 2, .error = GetParam()});
  produce_some(4);
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Codes, FetchError,
    ::testing::Values(ErrorCode::kNotLeaderOrFollower, ErrorCode::kOffsetOutOfRange,
                      ErrorCode::kUnknownTopicOrPartition, ErrorCode::kUnknownTopicId,
                      ErrorCode::kFencedLeaderEpoch, ErrorCode::kUnknownLeaderEpoch,
                      ErrorCode::kOffsetNotAvailable, ErrorCode::kKafkaStorageError,
                      ErrorCode::kFetchSessionIdNotFound, ErrorCode::kInvalidFetchSessionEpoch,
                      ErrorCode::kUnknownServerError));

TEST_F(FlowTest, AsksLessOftenWhileTheTargetRefuses) {
  begin_copying();
  fake::Fault refused{.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce};
  refused.when = produces_to(mirror.target(), "A.t");
  refused.times = -1;
  refused.error = ErrorCode::kNotEnoughReplicas;
  mirror.target().fault(refused);
  const std::size_t before = mirror.target().requests(ApiKey::kDescribeProducers);
  produce_some(1);
  mirror.run_for(1500ms);
  EXPECT_LT(mirror.target().requests(ApiKey::kDescribeProducers) - before, 12U);
  mirror.target().clear_faults();
  copy_all();
}

TEST_F(FlowTest, FollowsLeaders) {
  begin_copying();
  for (int i = 0; i < 4; ++i) {
    mirror.source().move_leader(t, BrokerId(i % 2 + 1));
    mirror.produce(t, 2);
    mirror.target().move_leader(copy_of(t), BrokerId((i + 1) % 2 + 1));
    mirror.produce(t, 2);
    ASSERT_TRUE(mirror.run_until_copied());
  }
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, SurvivesRestartsOfBrokers) {
  begin_copying();
  for (std::int32_t id : {1, 2}) {
    for (auto* cluster : {&mirror.source(), &mirror.target()}) {
      cluster->broker_down(BrokerId(id));
      produce_some(2);
      mirror.run_for(30ms);
      cluster->broker_up(BrokerId(id));
      ASSERT_TRUE(mirror.run_until_copied());
    }
  }
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, DoesNotTakeAMarkerOfANewLeaderForATruncation) {
  begin_copying();
  fake::BatchSpec open;
  open.records.push_back({"k", "in transaction", wall_clock_ms(), {}, {}});
  open.producer_id = ProducerId(5);
  open.producer_epoch = ProducerEpoch(0);
  open.base_sequence = 0;
  open.transactional = true;
  mirror.source().append(t, fake::make_batch(open));
  mirror.expected(t).push_back("in transaction");
  mirror.source().move_leader(t, BrokerId(2));
  mirror.source().append_marker(t, ProducerId(5), ProducerEpoch(0), true);
  ASSERT_TRUE(mirror.run_until_copied());
  wait_for_map();
  mirror.stop();
  mirror.start();
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, GoesOnWhenTheTargetForgetsTheProducer) {
  begin_copying();
  mirror.target().forget_producers(copy_of(t));
  produce_some(2);
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.target().forget_producers(copy_of(t));
  mirror.kill();
  produce_some(2);
  mirror.start();
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, RefusesARequestOfAKilledProcessThatRunsLate) {
  begin_copying();
  wait_for_map();
  fake::Fault zombie{.kind = FaultKind::kZombie, .api = ApiKey::kProduce};
  zombie.when = produces_to(mirror.target(), "A.t");
  mirror.target().fault(zombie);
  produce_some(1);
  ASSERT_TRUE(mirror.run_until([&] { return mirror.target().faults_left() == 0; }));
  mirror.kill();
  mirror.start();
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.target().release_zombies();
  mirror.run_for(50ms);
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, RefusesALateRequestWhereTheProducerWasForgotten) {
  begin_copying();
  wait_for_map();
  fake::Fault zombie{.kind = FaultKind::kZombie, .api = ApiKey::kProduce};
  zombie.when = produces_to(mirror.target(), "A.t");
  mirror.target().fault(zombie);
  produce_some(1);
  ASSERT_TRUE(mirror.run_until([&] { return mirror.target().faults_left() == 0; }));
  mirror.kill();
  mirror.target().forget_producers(copy_of(t));
  mirror.start();
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.target().release_zombies();
  mirror.run_for(50ms);
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, CopiesAgainWhatTheTargetLost) {
  begin_copying();
  produce_some(4);
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.target().truncate(copy_of(t), Offset(7));
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kTargetTruncated));
}

TEST_F(FlowTest, CopiesAgainWhatTheTargetLostWhileItWasDown) {
  begin_copying();
  produce_some(4);
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.stop();
  mirror.target().truncate(copy_of(t), Offset(7));
  mirror.start();
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kTargetTruncated));
}

TEST_F(FlowTest, KeepsWhatTheSourceLostAndSaysSo) {
  begin_copying();
  produce_some(2);
  ASSERT_TRUE(mirror.run_until_copied());
  mirror.source().truncate(t, Offset(8));
  produce_some(2);
  copy_all();
  const auto ledger = mirror.ledger();
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].kind, LossKind::kUpstreamTruncated);
  EXPECT_EQ(ledger[0].from, Offset(8));
  EXPECT_EQ(ledger[0].to, Offset(11));
}

TEST_F(FlowTest, StandsStillAfterATruncationWhenToldTo) {
  mirror.more_settings = "ottla.on.truncation = stop";
  begin_copying();
  mirror.source().truncate(t, Offset(0));
  mirror.produce(t, 2);
  ASSERT_TRUE(mirror.run_until([&] {
    const auto status = mirror.status();
    return !status.partitions.empty() && status.partitions[0].state == PartitionState::kQuarantined;
  }));
  EXPECT_EQ(mirror.copied(t).size(), 5U);
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kUpstreamTruncated));
}

TEST_F(FlowTest, SkipsWhatRetentionDeletedAndSaysSo) {
  begin_copying();
  mirror.stop();
  produce_some(3);
  mirror.source().delete_before(t, Offset(11));
  mirror.expected(t).erase(mirror.expected(t).begin() + 5, mirror.expected(t).begin() + 11);
  mirror.start();
  copy_all();
  const auto ledger = mirror.ledger();
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].kind, LossKind::kRetentionOvertook);
  EXPECT_EQ(ledger[0].from, Offset(5));
  EXPECT_EQ(ledger[0].to, Offset(11));
}

TEST_F(FlowTest, SkipsWhatRetentionDeletedAcrossLeadersEpochs) {
  begin_copying();
  mirror.stop();
  mirror.source().move_leader(t, BrokerId(2));
  produce_some(3);
  mirror.source().delete_before(t, Offset(11));
  mirror.expected(t).erase(mirror.expected(t).begin() + 5, mirror.expected(t).begin() + 11);
  mirror.start();
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kRetentionOvertook));
}

TEST_F(FlowTest, CopiesARecreatedSourceTopicBehindTheOldRecords) {
  begin_copying();
  mirror.source().recreate_topic("t");
  produce_some(2);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kUpstreamRecreated));
}

TEST_F(FlowTest, CopiesARecreatedSourceTopicFoundAtStart) {
  begin_copying();
  mirror.stop();
  mirror.source().recreate_topic("t");
  produce_some(2);
  mirror.start();
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kUpstreamRecreated));
}

TEST_F(FlowTest, CopiesASourceTopicThatWasGoneForAWhile) {
  begin_copying();
  mirror.source().delete_topic("t");
  ASSERT_TRUE(mirror.run_until([&] {
    const auto status = mirror.status();
    return ::testing::Matches(Contains("t is gone from A"))(status.reasons);
  }));
  mirror.source().create_topic("t", 1);
  produce_some(2);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kUpstreamRecreated));
}

TEST_F(FlowTest, FillsARecreatedTargetTopicAgain) {
  begin_copying();
  mirror.target().recreate_topic("A.t");
  produce_some(2);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kTargetRecreated));
}

TEST_F(FlowTest, FillsATargetTopicThatWasDeletedAgain) {
  begin_copying();
  mirror.target().delete_topic("A.t");
  produce_some(2);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kTargetRecreated));
}

TEST_F(FlowTest, WaitsForADecisionWhenTheTargetTopicWasDeleted) {
  mirror.more_settings = "ottla.on.recreate = stop";
  begin_copying();
  mirror.target().delete_topic("A.t");
  produce_some(2);
  ASSERT_TRUE(mirror.run_until([&] {
    const auto status = mirror.status();
    return !status.partitions.empty() && status.partitions[0].state == PartitionState::kQuarantined;
  }));
  EXPECT_THAT(mirror.copied(t), IsEmpty());
}

TEST_F(FlowTest, NamesForeignWrites) {
  begin_copying();
  mirror.target().append(copy_of(t), fake::make_simple_batch("foreign", 0, 2));
  produce_some(1);
  Values with_foreign = mirror.expected(t);
  with_foreign.insert(with_foreign.begin() + 5, {"foreign0", "foreign1"});
  ASSERT_TRUE(mirror.run_until([&] { return mirror.copied(t) == with_foreign; }));
  ASSERT_TRUE(mirror.run_until([&] { return !mirror.ledger().empty(); }));
  mirror.stop();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kForeignWrites));
}

TEST_F(FlowTest, CopiesACompactedTopicOnceWhenItIsCompactedBetweenTwoReads) {
  begin_copying({{"cleanup.policy", "compact"}});
  wait_for_map();
  // Written, unanswered, and then the source holds less than what was sent.
  fake::Fault lost{.kind = FaultKind::kLoseReply, .api = ApiKey::kProduce};
  lost.when = produces_to(mirror.target(), "A.t");
  mirror.target().fault(lost);
  const Values sent = mirror.produce(t, 4);
  ASSERT_TRUE(mirror.run_until([&] { return mirror.copied(t).size() == 9U; }));
  mirror.kill();
  mirror.source().compact(t, mirror.source().log_end(t), [&](const fake::StoredRecord& record) {
    return record.value != sent[1] && record.value != sent[2];
  });
  mirror.produce(t, 2);
  mirror.start();
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

TEST_F(FlowTest, WaitsForTheMapTopic) {
  begin_copying();
  wait_for_map();
  fake::Fault refused{.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce};
  refused.when = produces_to(mirror.target(), std::string(kOffsetMapTopic));
  refused.times = -1;
  refused.error = ErrorCode::kNotEnoughReplicas;
  mirror.target().fault(refused);
  produce_some(2);
  ASSERT_TRUE(mirror.run_until_copied()) << "copying does not wait for the map";
  mirror.kill();
  mirror.start();
  produce_some(2);
  mirror.run_for(200ms);
  mirror.target().clear_faults();
  copy_all();
  EXPECT_THAT(mirror.ledger(), IsEmpty());
}

// What stands at an ordinal must not depend on a limit that changes: nothing behind a record that
// was left out is sent before the position past it is durable.
TEST_F(FlowTest, SendsNothingBehindALossThatIsNotInTheLedger) {
  mirror.more_settings = "sync.topic.configs.enabled = false\n";
  mirror.target().create_topic("A.t", 1, {{"max.message.bytes", "1000"}});
  begin_copying();
  fake::Fault refused{.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce};
  refused.when = produces_to(mirror.target(), std::string(kLossLedgerTopic));
  refused.times = -1;
  refused.error = ErrorCode::kNotEnoughReplicas;
  mirror.target().fault(refused);
  mirror.source().append(t, fake::make_simple_batch("large", 0, 1, 2000));
  produce_some(1);
  mirror.run_for(500ms);
  mirror.kill();
  mirror.target().clear_faults();
  mirror.start();
  produce_some(1);
  copy_all();
  EXPECT_THAT(mirror.loss_kinds(), ElementsAre(LossKind::kRecordTooLarge));
}

TEST_F(FlowTest, LeavesOutWhatIsTooLargeAndSaysSo) {
  mirror.more_settings = "sync.topic.configs.enabled = false\n";
  mirror.target().create_topic("A.t", 1, {{"max.message.bytes", "1000"}});
  begin_copying();
  mirror.source().append(t, fake::make_simple_batch("large", 0, 1, 2000));
  produce_some(2);
  copy_all();
  const auto ledger = mirror.ledger();
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].kind, LossKind::kRecordTooLarge);
  EXPECT_EQ(ledger[0].from, Offset(5));
}

TEST_F(FlowTest, CopiesNothingWhilePaused) {
  begin_copying();
  mirror.flow().pause(true);
  ASSERT_TRUE(mirror.run_until([&] {
    const auto status = mirror.status();
    return status.partitions.size() == 1 && status.partitions[0].state == PartitionState::kPaused;
  }));
  produce_some(1);
  mirror.run_for(100ms);
  EXPECT_EQ(mirror.copied(t).size(), 5U);
  mirror.flow().pause(false);
  copy_all();
}

}  // namespace
}  // namespace ottla::flow
