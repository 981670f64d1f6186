#include "kafka/client/writer.h"

#include <random>

#include "kafka/client/client_testing.h"
#include "kafka/client/produce_lane.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using fake::FaultKind;

constexpr ProducerId kProducer{77};

// Offers idempotent batches in order. After an error it waits for the rest of what is under way,
// looks at the log as a real source does, and goes on behind what is there.
struct Source final : BatchSource {
  Source(fake::FakeCluster& b, TopicPartition p, std::int32_t n)
      : brokers(b), partition(std::move(p)), total(n) {}

  std::optional<OutgoingBatch> next_batch(std::size_t bytes_max) override {
    ++asked;
    if (troubled || next >= total || (alone && !in_flight.empty())) return std::nullopt;
    fake::BatchSpec spec;
    spec.records.push_back({.key = std::to_string(next), .value = std::string(value_bytes, 'v')});
    spec.producer_id = kProducer;
    spec.producer_epoch = ProducerEpoch(0);
    spec.base_sequence = next;
    const fake::ByteVector bytes = fake::make_batch(spec);
    BufferRef buffer = BufferRef::allocate(bytes.size());
    std::ranges::copy(bytes, buffer.bytes().begin());
    in_flight.push_back(next++);
    bytes_asked = bytes_max;
    most_in_flight = std::max(most_in_flight, in_flight.size());
    return OutgoingBatch{buffer.bytes(), buffer};
  }

  void on_produced(ProduceOutcome outcome) override {
    ASSERT_FALSE(in_flight.empty()) << "an outcome for no batch";
    ++outcomes;
    const std::int32_t number = in_flight.front();
    in_flight.pop_front();
    alone = false;
    const bool good = outcome.error == ErrorCode::kNone && !outcome.unanswered;
    if (good) {
      EXPECT_EQ(outcome.base_offset, Offset(number));
    } else {
      ++failures;
      last = outcome;
      troubled = true;
    }
    if (on_outcome) on_outcome();
    if (troubled && in_flight.empty() && heal) reconcile();
    if (!troubled && publication != nullptr) writer->ready(publication);
  }
  void on_reachability(const std::string& t) override { trouble = t; }

  void reconcile() {
    troubled = false;
    const auto known = brokers.producers(partition);
    const auto it = known.find(kProducer);
    next = it == known.end() ? 0 : it->second.last_sequence + 1;
    alone = true;
    writer->reroute(publication);
    writer->ready(publication);
  }

  fake::FakeCluster& brokers;
  TopicPartition partition;
  std::int32_t total;
  Writer* writer = nullptr;
  Publication* publication = nullptr;
  std::int32_t next = 0;
  std::size_t value_bytes = 20;
  std::deque<std::int32_t> in_flight;
  std::size_t most_in_flight = 0;
  std::size_t bytes_asked = 0;
  std::size_t asked = 0;
  bool alone = true;  // the first of a producer that the broker does not know
  bool troubled = false;
  bool heal = true;
  int outcomes = 0;
  int failures = 0;
  ProduceOutcome last;
  std::string trouble = "?";
  std::function<void()> on_outcome;
};

class WriterTest : public ClientTest {
 protected:
  void stop_users() override {
    if (!writer) return;
    net::testing::run_to_end(context, writer->stop());
    for (auto& source : sources) {
      EXPECT_TRUE(source->in_flight.empty()) << "batches without an outcome after stop()";
      if (source->publication != nullptr) writer->remove(source->publication);
    }
    sources.clear();
    writer.reset();
  }
  void write_with(WriterSettings settings) {
    settings.timeout_ms = 2000;
    writer = std::make_unique<Writer>(cluster(), settings);
  }
  Source& publish(const std::string& topic, std::int32_t partition, std::int32_t total,
                  bool by_id = true) {
    if (!writer) write_with({});
    sources.push_back(std::make_unique<Source>(brokers(), tp(topic, partition), total));
    Source& source = *sources.back();
    source.writer = writer.get();
    source.publication = writer->add(topic, by_id ? brokers().topic_id(topic) : TopicId{},
                                     PartitionId(partition), &source);
    return source;
  }
  static bool done(const Source& source) {
    return source.next == source.total && source.in_flight.empty() && !source.troubled;
  }
  bool all_done() {
    return std::ranges::all_of(sources, [](const auto& source) { return done(*source); });
  }
  // Every record once, in order.
  void expect_exact(const Source& source) {
    const auto records = brokers().records(source.partition);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(source.total))
        << source.partition.to_string();
    for (std::int32_t i = 0; i < source.total; ++i) {
      ASSERT_EQ(records[static_cast<std::size_t>(i)].key, std::to_string(i));
    }
  }

  std::unique_ptr<Writer> writer;
  std::vector<std::unique_ptr<Source>> sources;
};

TEST_F(WriterTest, KeepsTheOrderOfEveryPartition) {
  start({.brokers = 3});
  brokers().create_topic("orders", 12);
  for (int p = 0; p < 12; ++p) publish("orders", p, 200);
  RUN_UNTIL(all_done());
  for (const auto& source : sources) {
    expect_exact(*source);
    EXPECT_EQ(source->failures, 0);
    EXPECT_EQ(source->trouble, "");
  }
}

TEST_F(WriterTest, GoesByNameWhereTheBrokerKnowsNoIds) {
  brokers().offer(ApiKey::kProduce, {3, 8});
  brokers().create_topic("orders", 2);
  publish("orders", 0, 20, false);
  publish("orders", 1, 20, false);
  RUN_UNTIL(all_done());
  expect_exact(*sources[0]);
}

TEST_F(WriterTest, PipelinesRequests) {
  brokers().create_topic("orders", 1);
  brokers().fault({.kind = FaultKind::kDelayReply,
                   .api = ApiKey::kProduce,
                   .skip = 1,
                   .delay = net::Duration(50)});
  Source& source = publish("orders", 0, 40);
  RUN_UNTIL(all_done());
  EXPECT_GT(source.most_in_flight, 10U);
  expect_exact(source);
}

TEST_F(WriterTest, StaysWithinItsWindow) {
  brokers().create_topic("orders", 1);
  write_with({.lanes = 1, .window_requests = 3});
  Source& source = publish("orders", 0, 40);
  RUN_UNTIL(all_done());
  EXPECT_EQ(source.most_in_flight, 3U);
}

TEST_F(WriterTest, StaysWithinItsWindowOfBytes) {
  brokers().create_topic("orders", 1);
  write_with({.lanes = 1, .request_bytes_max = 50'000, .window_bytes = 100'000});
  Source& source = publish("orders", 0, 40);
  source.value_bytes = 40'000;
  RUN_UNTIL(all_done());
  EXPECT_EQ(source.most_in_flight, 3U);
}

TEST_F(WriterTest, ARequestTakesManyPartitionsAndOneBatchOfEach) {
  brokers().create_topic("orders", 50);
  write_with({.lanes = 1});
  for (int p = 0; p < 50; ++p) publish("orders", p, 10);
  RUN_UNTIL(all_done());
  EXPECT_LE(brokers().requests(ApiKey::kProduce), 40U);
  for (const auto& source : sources) expect_exact(*source);
}

// Two publications of one partition shared a request, which has room for one batch of it.
TEST_F(WriterTest, TwoPublicationsOfOnePartitionTakeTurns) {
  brokers().create_topic("orders", 1);
  if (!writer) write_with({.lanes = 1});
  std::vector<std::optional<Result<Offset>>> got(20);
  net::TaskGroup group(context);
  for (auto& slot : got) {
    const fake::ByteVector bytes = fake::make_simple_batch("k", 0, 2);
    BufferRef buffer = BufferRef::allocate(bytes.size());
    std::ranges::copy(bytes, buffer.bytes().begin());
    group.spawn("append", store_result(writer->append("orders", PartitionId(0), buffer), slot));
  }
  net::testing::run_until_empty(group);
  std::set<Offset> offsets;
  for (const auto& slot : got) {
    ASSERT_TRUE(slot && *slot) << (*slot).error().to_string();
    offsets.insert(**slot);
  }
  EXPECT_EQ(offsets.size(), 20U);
  EXPECT_EQ(brokers().log_end(tp("orders", 0)), Offset(40));
}

class BadProduce : public WriterTest, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(BadProduce, EndsEveryBatchOnceAndTheLogIsExact) {
  start({.brokers = 2});
  brokers().create_topic("orders", 6);
  for (int skip = 3; skip < 60; skip += 9) {
    brokers().fault(
        {.kind = GetParam(), .api = ApiKey::kProduce, .skip = skip, .delay = net::Duration(1)});
  }
  for (int p = 0; p < 6; ++p) publish("orders", p, 150);
  RUN_UNTIL(all_done());
  int failures = 0;
  for (const auto& source : sources) {
    expect_exact(*source);
    failures += source->failures;
  }
  EXPECT_GT(failures, 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, BadProduce,
                         ::testing::Values(FaultKind::kCutBefore, FaultKind::kCutMid,
                                           FaultKind::kCutAfter, FaultKind::kLoseReply,
                                           FaultKind::kGarbageBody, FaultKind::kHugeLength,
                                           FaultKind::kSkipReply),
                         [](const auto& info) {
                           return "Kind" + std::to_string(static_cast<int>(info.param));
                         });

class ProduceError : public WriterTest, public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(ProduceError, IsTheSourcesToDecide) {
  brokers().create_topic("orders", 1);
  brokers().fault(
      {.kind = FaultKind::kAnswerError, .api = ApiKey::kProduce, .skip = 2, .error = GetParam()});
  Source& source = publish("orders", 0, 30);
  RUN_UNTIL(all_done());
  EXPECT_GT(source.failures, 0);
  expect_exact(source);
}

INSTANTIATE_TEST_SUITE_P(Errors, ProduceError,
                         ::testing::Values(ErrorCode::kNotLeaderOrFollower,
                                           ErrorCode::kNotEnoughReplicas,
                                           ErrorCode::kRequestTimedOut,
                                           ErrorCode::kTopicAuthorizationFailed),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_F(WriterTest, ASilentBrokerTimesOut) {
  ClusterSettings settings = settings_for(brokers());
  settings.connection.request_timeout = net::Duration(50);
  connect(settings);
  brokers().create_topic("orders", 1);
  writer = std::make_unique<Writer>(cluster(), WriterSettings{.timeout_ms = 50});
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kProduce, .skip = 2});
  Source& source = publish("orders", 0, 30);
  RUN_UNTIL(all_done());
  EXPECT_GT(source.failures, 0);
  ASSERT_TRUE(source.last.unanswered);
  expect_exact(source);
}

TEST_F(WriterTest, FollowsALeaderThatMoves) {
  start({.brokers = 3});
  brokers().create_topic("orders", 6);
  for (int p = 0; p < 6; ++p) publish("orders", p, 300);
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    brokers().move_leader(tp("orders", static_cast<int>(random() % 6)),
                          BrokerId(1 + static_cast<int>(random() % 3)));
    for (unsigned turns = random() % 60; turns > 0; --turns) context.poll_one();
  }
  RUN_UNTIL(all_done());
  for (const auto& source : sources) expect_exact(*source);
}

// The number of the lane's next request was compared with one from another lane: when they were
// equal, the lane looked for a batch for ever.
TEST_F(WriterTest, APublicationThatComesFromAnotherLaneIsServed) {
  start({.brokers = 2});
  brokers().create_topic("orders", 2);
  write_with({.lanes = 1});
  Source& first = publish("orders", 0, 1);
  Source& second = publish("orders", 1, 1);
  RUN_UNTIL(all_done());
  for (int round = 0; round < 6; ++round) {
    brokers().move_leader(tp("orders", 0), BrokerId(2 - round % 2));
    ASSERT_TRUE(wait_for(cluster().refresh()));
    writer->reroute(first.publication);
    ++first.total;
    ++second.total;
    writer->ready(first.publication);
    writer->ready(second.publication);
    RUN_UNTIL(all_done());
  }
  expect_exact(first);
  expect_exact(second);
}

TEST_F(WriterTest, ASourceMayRemoveOthersWhileItIsCalled) {
  brokers().create_topic("orders", 3);
  write_with({.lanes = 1});
  for (int p = 0; p < 3; ++p) publish("orders", p, 100);
  for (auto& source : sources) source->heal = false;
  brokers().fault({.kind = FaultKind::kCutBefore, .api = ApiKey::kProduce, .skip = 3});
  bool removed = false;
  const auto remove_others = [&] {
    for (std::size_t i = 0; i < 3; ++i) {
      if (removed || !sources[i]->troubled) continue;
      removed = true;
      for (std::size_t other = 0; other < 3; ++other) {
        if (other == i) continue;
        writer->remove(sources[other]->publication);
        sources[other]->publication = nullptr;
        sources[other]->in_flight.clear();
      }
    }
  };
  for (auto& source : sources) source->on_outcome = remove_others;
  RUN_UNTIL(removed);
  net::testing::run_ready(context);
}

TEST_F(WriterTest, StopEndsEveryBatchThatIsUnderWay) {
  brokers().create_topic("orders", 2);
  brokers().fault({.kind = FaultKind::kHang, .api = ApiKey::kProduce, .skip = 2});
  Source& source = publish("orders", 0, 100);
  source.heal = false;
  RUN_UNTIL(source.in_flight.size() > 5);
  stop_users();
  EXPECT_EQ(pool.used_bytes(), 0U);
}

TEST_F(WriterTest, AReCreatedTopicRefusesInsteadOfBeingFilled) {
  brokers().create_topic("orders", 1);
  Source& source = publish("orders", 0, 5);
  RUN_UNTIL(all_done());
  source.heal = false;
  brokers().recreate_topic("orders");
  ++source.total;
  writer->ready(source.publication);
  RUN_UNTIL(source.failures == 1);
  EXPECT_EQ(source.last.error, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(brokers().log_end(tp("orders", 0)), Offset(0));
}

TEST_F(WriterTest, AppendsABatchOfOttlasOwn) {
  start({.brokers = 2});
  brokers().create_topic("own", 2);
  write_with({});
  const fake::ByteVector bytes = fake::make_simple_batch("k", 0, 3);
  for (int i = 0; i < 3; ++i) {
    BufferRef buffer = BufferRef::allocate(bytes.size());
    std::ranges::copy(bytes, buffer.bytes().begin());
    const auto offset = wait_for(writer->append("own", PartitionId(1), buffer));
    ASSERT_TRUE(offset) << offset.error().to_string();
    EXPECT_EQ(*offset, Offset(3 * i));
  }
  brokers().fault({.kind = FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .error = ErrorCode::kTopicAuthorizationFailed});
  BufferRef buffer = BufferRef::allocate(bytes.size());
  std::ranges::copy(bytes, buffer.bytes().begin());
  const auto refused = wait_for(writer->append("own", PartitionId(1), buffer));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("own-1"), std::string::npos);
}

// What a dead connection had brought is still executed: nothing may come twice, nor out of order.
TEST_F(WriterTest, ZombieRequestsDoNoHarm) {
  brokers().create_topic("orders", 1);
  brokers().fault({.kind = FaultKind::kZombie, .api = ApiKey::kProduce, .skip = 3});
  Source& source = publish("orders", 0, 60);
  RUN_UNTIL(all_done());
  brokers().release_zombies();
  net::testing::run_ready(context);
  expect_exact(source);
}

}  // namespace
}  // namespace ottla::kafka
