// A flow between two fake clusters while everything goes wrong at random: lost and late requests,
// cut connections, leaders that move, brokers that go down, producers that are forgotten, kills,
// compaction, a journal that can't be written. Whatever happens: each record stands on the target
// exactly once, in order, and the map says where.
//
// OTTLA_SEED=n runs seeds from n on, e.g. to repeat one: OTTLA_SEED=17 engine_test
// --gtest_filter='*FlowSimulation*/0'.

#include <cstdlib>
#include <random>
#include <set>

#include "flow/engine/engine_testing.h"

namespace ottla::flow {
namespace {

using namespace testing;
using fake::FaultKind;
using kafka::ApiKey;
using kafka::ErrorCode;

constexpr std::int32_t kBrokers = 3;
constexpr int kSteps = 40;

class FlowSimulation : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const char* base = std::getenv("OTTLA_SEED");
    seed = static_cast<unsigned>((base != nullptr ? std::atoi(base) : 0) + GetParam());
    random.seed(seed);
    mirror.request_timeout = 500ms;
    mirror.source().create_topic("t", 2);
    mirror.source().create_topic("c", 1, {{"cleanup.policy", "compact"}});
  }

  int pick(int low, int high) {  // [low, high)
    return std::uniform_int_distribution<int>(low, high - 1)(random);
  }
  template <class T>
  T one_of(std::initializer_list<T> all) {
    return all.begin()[pick(0, static_cast<int>(all.size()))];
  }
  TopicPartition any_partition() { return pick(0, 3) == 0 ? c : tp("t", pick(0, 2)); }
  BrokerId any_broker() { return BrokerId(pick(1, kBrokers + 1)); }
  fake::FakeCluster& any_cluster() { return pick(0, 2) == 0 ? mirror.source() : mirror.target(); }

  void produce() {
    const TopicPartition partition = any_partition();
    if (partition.topic == "t" && pick(0, 4) == 0) {
      return mirror.transaction(partition, pick(1, 4), pick(0, 2) == 0);
    }
    fake::BatchSpec like;
    like.codec = static_cast<kafka::records::Codec>(pick(0, 5));
    like.log_append_time = pick(0, 8) == 0;
    mirror.produce(partition, pick(1, 6), like);
  }

  void break_produce() {
    fake::Fault fault{.api = ApiKey::kProduce};
    fault.kind = one_of({FaultKind::kCutBefore, FaultKind::kLoseRequest, FaultKind::kLoseReply,
                         FaultKind::kCutMid, FaultKind::kCutAfter, FaultKind::kDelayRequest,
                         FaultKind::kDelayReply, FaultKind::kZombie, FaultKind::kZombie,
                         FaultKind::kAnswerError, FaultKind::kAnswerError});
    fault.error = one_of({ErrorCode::kNotLeaderOrFollower, ErrorCode::kNotEnoughReplicas,
                          ErrorCode::kRequestTimedOut, ErrorCode::kOutOfOrderSequenceNumber,
                          ErrorCode::kInvalidProducerEpoch, ErrorCode::kKafkaStorageError});
    fault.skip = pick(0, 4);
    fault.delay = net::Duration(pick(0, 3) * 20);
    mirror.target().fault(fault);
  }

  void break_reading() {
    fake::Fault fault{.api = one_of({ApiKey::kFetch, ApiKey::kFetch, ApiKey::kListOffsets,
                                     ApiKey::kMetadata, ApiKey::kDescribeProducers})};
    fault.kind = one_of({FaultKind::kCutBefore, FaultKind::kLoseReply, FaultKind::kCutMid,
                         FaultKind::kDelayReply, FaultKind::kGarbageBody, FaultKind::kAnswerError});
    fault.error = one_of({ErrorCode::kNotLeaderOrFollower, ErrorCode::kFencedLeaderEpoch,
                          ErrorCode::kUnknownLeaderEpoch, ErrorCode::kKafkaStorageError});
    fault.skip = pick(0, 3);
    fault.delay = 20ms;
    any_cluster().fault(fault);
  }

  void bounce_a_broker() {
    fake::FakeCluster& cluster = any_cluster();
    const BrokerId broker = any_broker();
    cluster.broker_down(broker);
    mirror.run_for(net::Duration(pick(0, 30)));
    cluster.broker_up(broker);
  }

  void forget_producers() {
    const TopicPartition copy = copy_of(any_partition());
    if (mirror.has_topic(copy.topic)) mirror.target().forget_producers(copy);
  }

  void move_a_leader() {
    const TopicPartition partition = any_partition();
    if (pick(0, 2) == 0) return mirror.source().move_leader(partition, any_broker());
    if (mirror.has_topic(copy_of(partition).topic)) {
      mirror.target().move_leader(copy_of(partition), any_broker());
    }
  }

  // What the copy has not read yet may be gone before it does.
  void compact() {
    mirror.source().compact(c, mirror.source().log_end(c), [this](const fake::StoredRecord& r) {
      if (pick(0, 3) > 0) return true;
      compacted.insert(r.value.value_or(""));
      return false;
    });
  }

  void block_the_journal() {
    if (!mirror.has_topic(std::string(kOffsetMapTopic))) return;
    fake::Fault fault{.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce};
    fault.when = produces_to(mirror.target(), std::string(kOffsetMapTopic));
    fault.times = pick(1, 5);
    fault.error = ErrorCode::kNotEnoughReplicas;
    mirror.target().fault(fault);
  }

  void restart() {
    if (pick(0, 3) == 0) {
      mirror.stop();
    } else {
      mirror.kill();
    }
    mirror.start();
  }

  void step() {
    switch (pick(0, 20)) {
      case 0:
      case 1:
        return restart();
      case 2:
      case 3:
        return break_produce();
      case 4:
        return break_reading();
      case 5:
        return bounce_a_broker();
      case 6:
        return forget_producers();
      case 7:
        return move_a_leader();
      case 8:
        return compact();
      case 9:
        return block_the_journal();
      case 10:
        return any_cluster().cut_connections(any_broker());
      case 11:
        return mirror.target().release_zombies();
      case 12:
        return mirror.source().forget_fetch_sessions();
      default:
        return produce();
    }
  }

  void calm_down() {
    mirror.source().clear_faults();
    mirror.target().clear_faults();
    mirror.target().release_zombies();
  }

  // Compaction may have removed a record before it was read, or after: both are right.
  void settle_compacted() {
    const Values found = mirror.copied(c);
    const std::set<std::string> there(found.begin(), found.end());
    std::erase_if(mirror.expected(c), [&](const std::string& value) {
      return compacted.contains(value) && !there.contains(value);
    });
  }

  bool all_copied() {
    for (const TopicPartition& partition : {tp("t", 0), tp("t", 1), c}) {
      const Values found = mirror.copied(partition);
      const std::set<std::string> there(found.begin(), found.end());
      for (const std::string& value : mirror.expected(partition)) {
        if (!there.contains(value) && !compacted.contains(value)) return false;
      }
    }
    return true;
  }

  unsigned seed = 0;
  std::mt19937 random;
  Mirror mirror{kBrokers};
  const TopicPartition c = tp("c");
  std::set<std::string> compacted;
};

TEST_P(FlowSimulation, CopiesEachRecordOnceAndInOrder) {
  SCOPED_TRACE("OTTLA_SEED=" + std::to_string(seed));
  mirror.start();
  for (int i = 0; i < kSteps; ++i) {
    step();
    mirror.run_for(net::Duration(pick(0, 20)));
  }
  calm_down();
  ASSERT_TRUE(mirror.run_until([this] { return all_copied(); }))
      << "not everything was copied: " << mirror.trouble();
  mirror.stop();
  settle_compacted();
  mirror.check();
  EXPECT_THAT(mirror.loss_kinds(), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, FlowSimulation, ::testing::Range(0, 20));

}  // namespace
}  // namespace ottla::flow
