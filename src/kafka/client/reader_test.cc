#include "kafka/client/reader.h"

#include <random>

#include "kafka/client/client_testing.h"
#include "kafka/records/aborted.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using fake::FaultKind;

// Takes all that comes, checks that offsets follow each other, and keeps the records.
struct Taker final : FetchSubscriber {
  std::size_t fetch_credit() const override { return credit; }
  void on_log_ends(const LogEnds& e) override { ends = e; }
  void on_arriving(std::size_t bytes) override { arriving += bytes; }
  void on_fetched(FetchedChunk chunk) override {
    arrived += chunk.records.size();
    Bytes rest = chunk.records;
    while (const auto batch = records::next_batch(rest).value_or(std::nullopt)) {
      if (batch->last_offset() < next) {
        ADD_FAILURE() << "offset " << batch->base_offset().value() << " comes twice";
      }
      if (!holes_allowed && batch->base_offset() > next) {
        ADD_FAILURE() << "nothing between " << next.value() << " and "
                      << batch->base_offset().value();
      }
      next = batch->last_offset() + 1;
    }
    EXPECT_TRUE(rest.empty());
    const auto read = fake::read_records(chunk.records);
    EXPECT_TRUE(read);
    for (const auto& record : *read) records.push_back(record);
    ++chunks;
    if (keep_buffers) kept.push_back(std::move(chunk.buffer));
    if (on_chunk) on_chunk();
  }
  void on_fetch_problem(FetchProblem p) override { problems.push_back(std::move(p)); }
  void on_reachability(const std::string& t) override { trouble = t; }

  std::size_t credit = 1 << 20;
  Offset next{0};
  bool holes_allowed = false;
  bool keep_buffers = false;
  std::vector<fake::StoredRecord> records;
  std::vector<BufferRef> kept;
  std::vector<FetchProblem> problems;
  std::size_t arriving = 0;
  std::size_t arrived = 0;
  int chunks = 0;
  LogEnds ends;
  std::string trouble = "?";
  std::function<void()> on_chunk;
};

class ReaderTest : public ClientTest {
 protected:
  void stop_users() override {
    if (!reader) return;
    net::testing::run_to_end(context, reader->stop());
    for (auto& [partition, subscription] : subscriptions) reader->remove(subscription);
    subscriptions.clear();
    takers.clear();
    reader.reset();
  }

  void read_with(ReaderSettings settings = {}) {
    settings.tail_wait = net::Duration(50);
    settings.bulk_wait = net::Duration(20);
    reader = std::make_unique<Reader>(cluster(), settings);
  }
  Taker& subscribe(const std::string& topic, std::int32_t partition, Offset from = Offset(0),
                   bool by_id = true) {
    if (!reader) read_with();
    auto& taker = takers[tp(topic, partition)];
    taker = std::make_unique<Taker>();
    taker->next = from;
    Subscription* subscription = reader->add(topic, by_id ? brokers().topic_id(topic) : TopicId{},
                                             PartitionId(partition), taker.get());
    subscriptions[tp(topic, partition)] = subscription;
    reader->seek(subscription, from, LeaderEpoch(-1));
    return *taker;
  }
  void fill(const std::string& topic, std::int32_t partition, int batches, int records = 3,
            std::size_t value_bytes = 0) {
    for (int i = 0; i < batches; ++i) {
      const Offset end = brokers().log_end(tp(topic, partition));
      brokers().append(tp(topic, partition),
                       fake::make_simple_batch("k", end.value(), records, value_bytes));
    }
  }
  bool has_all(const TopicPartition& partition) {
    return takers.at(partition)->next == brokers().log_end(partition);
  }
  bool have_all() {
    return std::ranges::all_of(takers, [this](const auto& t) { return has_all(t.first); });
  }
  void expect_same(const TopicPartition& partition) {
    EXPECT_EQ(takers.at(partition)->records, brokers().records(partition)) << partition.to_string();
    EXPECT_TRUE(takers.at(partition)->problems.empty());
  }

  std::unique_ptr<Reader> reader;
  std::map<TopicPartition, std::unique_ptr<Taker>> takers;
  std::map<TopicPartition, Subscription*> subscriptions;
};

TEST_F(ReaderTest, DeliversEveryPartitionInOrder) {
  start({.brokers = 3});
  brokers().create_topic("orders", 20);
  for (int p = 0; p < 20; ++p) {
    fill("orders", p, 1 + p * 7);
    subscribe("orders", p);
  }
  RUN_UNTIL(have_all());
  for (int p = 0; p < 20; ++p) {
    expect_same(tp("orders", p));
    EXPECT_EQ(takers.at(tp("orders", p))->trouble, "");
    EXPECT_EQ(takers.at(tp("orders", p))->ends.high_watermark, brokers().log_end(tp("orders", p)));
  }
}

TEST_F(ReaderTest, GoesByNameWhereTheBrokerKnowsNoIds) {
  brokers().offer(ApiKey::kFetch, {4, 11});
  brokers().offer(ApiKey::kMetadata, {0, 8});
  brokers().create_topic("orders", 2);
  fill("orders", 0, 10);
  fill("orders", 1, 10);
  subscribe("orders", 0, Offset(0), false);
  subscribe("orders", 1, Offset(0), false);
  RUN_UNTIL(have_all());
  expect_same(tp("orders", 0));
}

// Whether ids are known was looked at only when the connection was made.
TEST_F(ReaderTest, TopicsWithAndWithoutIdsMayMeet) {
  brokers().create_topic("a", 1);
  brokers().create_topic("b", 1);
  fill("a", 0, 3);
  fill("b", 0, 3);
  subscribe("a", 0);
  RUN_UNTIL(have_all());
  subscribe("b", 0, Offset(0), false);
  RUN_UNTIL(have_all());
  fill("a", 0, 3);
  fill("b", 0, 3);
  RUN_UNTIL(have_all());
  reader->remove(subscriptions.at(tp("b", 0)));
  subscriptions.erase(tp("b", 0));
  takers.erase(tp("b", 0));
  fill("a", 0, 3);
  RUN_UNTIL(have_all());
  expect_same(tp("a", 0));
}

TEST_F(ReaderTest, NewRecordsArriveOnTheTailLoop) {
  brokers().create_topic("orders", 1);
  Taker& taker = subscribe("orders", 0);
  fill("orders", 0, 1);
  RUN_UNTIL(has_all(tp("orders", 0)));
  RUN_UNTIL(!subscriptions.at(tp("orders", 0))->bulk);
  for (int i = 0; i < 20; ++i) {
    fill("orders", 0, 1);
    RUN_UNTIL(has_all(tp("orders", 0)));
  }
  expect_same(tp("orders", 0));
  EXPECT_EQ(taker.arriving, taker.arrived);
}

TEST_F(ReaderTest, MovesBetweenBulkAndTailWithoutLoss) {
  brokers().create_topic("orders", 3);
  ReaderSettings settings;
  settings.bulk_fetch_bytes = 200'000;
  settings.tail_fetch_bytes = 100'000;
  settings.partition_bytes_min = 70'000;
  read_with(settings);
  for (int p = 0; p < 3; ++p) subscribe("orders", p);
  for (int round = 0; round < 6; ++round) {
    fill("orders", round % 3, 30, 10, 2000);  // far behind: bulk
    for (int p = 0; p < 3; ++p) fill("orders", p, 1);
    RUN_UNTIL(have_all());
    RUN_UNTIL(std::ranges::none_of(subscriptions, [](auto& s) { return s.second->bulk; }));
  }
  for (int p = 0; p < 3; ++p) expect_same(tp("orders", p));
}

TEST_F(ReaderTest, FollowsALeaderThatMoves) {
  start({.brokers = 3});
  brokers().create_topic("orders", 6);
  for (int p = 0; p < 6; ++p) subscribe("orders", p);
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    for (int p = 0; p < 6; ++p) fill("orders", p, 1 + static_cast<int>(random() % 3));
    const int moved = static_cast<int>(random() % 6);
    brokers().move_leader(tp("orders", moved), BrokerId(1 + static_cast<int>(random() % 3)));
    cluster().request_refresh();
    for (unsigned turns = random() % 40; turns > 0; --turns) context.poll_one();
  }
  RUN_UNTIL(have_all());
  for (int p = 0; p < 6; ++p) expect_same(tp("orders", p));
}

// A change of leaders that came to be known between a response and its delivery dropped what the
// response had brought, although the position had moved past it.
TEST_F(ReaderTest, KeepsWhatIsInHandWhenALeaderChangeIsSeen) {
  start({.brokers = 2});
  brokers().create_topic("orders", 2);
  for (int p = 0; p < 2; ++p) subscribe("orders", p);
  RUN_UNTIL(cluster().metadata() && subscriptions.at(tp("orders", 0))->loop != nullptr);
  for (int round = 0; round < 300; ++round) {
    fill("orders", 0, 1);
    brokers().move_leader(tp("orders", 1), BrokerId(1 + round % 2));
    brokers().move_leader(tp("orders", 0), BrokerId(1 + round % 2));
    cluster().request_refresh();
    for (int turns = round % 50; turns > 0; --turns) context.poll_one();
    if (round % 10 == 0) RUN_UNTIL(have_all());
  }
  RUN_UNTIL(have_all());
  expect_same(tp("orders", 0));
}

class BadFetch : public ReaderTest, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(BadFetch, LosesNothingAndRepeatsNothing) {
  start({.brokers = 2});
  brokers().create_topic("orders", 4);
  for (int p = 0; p < 4; ++p) {
    fill("orders", p, 50);
    subscribe("orders", p);
  }
  for (int skip = 1; skip < 12; skip += 2) {
    brokers().fault({.kind = GetParam(), .api = ApiKey::kFetch, .skip = skip});
  }
  for (int round = 0; round < 30; ++round) {
    for (int p = 0; p < 4; ++p) fill("orders", p, 2);
    RUN_UNTIL(have_all());
  }
  RUN_UNTIL(brokers().faults_left() == 0);
  fill("orders", 0, 1);
  RUN_UNTIL(have_all());
  for (int p = 0; p < 4; ++p) expect_same(tp("orders", p));
}

INSTANTIATE_TEST_SUITE_P(Faults, BadFetch,
                         ::testing::Values(FaultKind::kCutBefore, FaultKind::kCutMid,
                                           FaultKind::kCutAfter, FaultKind::kLoseReply,
                                           FaultKind::kGarbageBody, FaultKind::kHugeLength),
                         [](const auto& info) {
                           return "Kind" + std::to_string(static_cast<int>(info.param));
                         });

class FetchError : public ReaderTest, public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(FetchError, IsGotOverWithoutLoss) {
  brokers().create_topic("orders", 4);
  for (int p = 0; p < 4; ++p) {
    fill("orders", p, 20);
    subscribe("orders", p);
  }
  for (int skip = 0; skip < 6; skip += 2) {
    brokers().fault({.kind = FaultKind::kAnswerError,
                     .api = ApiKey::kFetch,
                     .skip = skip,
                     .error = GetParam()});
  }
  for (int round = 0; round < 5; ++round) {
    RUN_UNTIL(have_all());
    for (int p = 0; p < 4; ++p) fill("orders", p, 2);
  }
  RUN_UNTIL(have_all() && brokers().faults_left() == 0);
  for (int p = 0; p < 4; ++p) expect_same(tp("orders", p));
}

INSTANTIATE_TEST_SUITE_P(
    Errors, FetchError,
    ::testing::Values(ErrorCode::kFetchSessionIdNotFound, ErrorCode::kInvalidFetchSessionEpoch,
                      ErrorCode::kFetchSessionTopicIdError, ErrorCode::kNotLeaderOrFollower,
                      ErrorCode::kKafkaStorageError, ErrorCode::kFencedLeaderEpoch,
                      ErrorCode::kUnknownLeaderEpoch, ErrorCode::kLeaderNotAvailable),
    [](const auto& info) { return std::string(name(info.param)); });

TEST_F(ReaderTest, ReadsWithoutSessionsWhenTheBrokerIsFull) {
  start({.brokers = 1, .fetch_sessions_max = 0});
  brokers().create_topic("orders", 5);
  for (int p = 0; p < 5; ++p) subscribe("orders", p);
  for (int round = 0; round < 10; ++round) {
    for (int p = 0; p < 5; ++p) fill("orders", p, 3);
    RUN_UNTIL(have_all());
  }
  for (int p = 0; p < 5; ++p) expect_same(tp("orders", p));
}

TEST_F(ReaderTest, OpensASessionAgainWhenTheBrokerForgotIt) {
  brokers().create_topic("orders", 2);
  for (int p = 0; p < 2; ++p) subscribe("orders", p);
  for (int round = 0; round < 10; ++round) {
    fill("orders", round % 2, 3);
    RUN_UNTIL(have_all());
    brokers().forget_fetch_sessions();
  }
  for (int p = 0; p < 2; ++p) expect_same(tp("orders", p));
}

TEST_F(ReaderTest, CreditZeroRestsUntilResume) {
  brokers().create_topic("orders", 2);
  Taker& slow = subscribe("orders", 0);
  subscribe("orders", 1);
  RUN_UNTIL(cluster().metadata() && slow.ends.high_watermark == Offset(0));
  slow.on_chunk = [&slow] { slow.credit = 0; };
  fill("orders", 0, 1);
  RUN_UNTIL(slow.chunks == 1);
  for (int round = 0; round < 5; ++round) {
    fill("orders", 0, 1);
    fill("orders", 1, 1);
    RUN_UNTIL(has_all(tp("orders", 1)));
  }
  EXPECT_LE(slow.chunks, 2);  // one may have been on its way
  slow.on_chunk = nullptr;
  slow.credit = 1;
  reader->resume(subscriptions.at(tp("orders", 0)));
  RUN_UNTIL(have_all());
  expect_same(tp("orders", 0));
}

// Each pause opened another session, and brokers have room for a thousand.
TEST_F(ReaderTest, PausesDoNotUseUpTheBrokersSessions) {
  brokers().create_topic("orders", 1);
  Taker& taker = subscribe("orders", 0);
  taker.on_chunk = [&taker] { taker.credit = 0; };
  for (int round = 0; round < 30; ++round) {
    fill("orders", 0, 1);
    taker.credit = 1;
    reader->resume(subscriptions.at(tp("orders", 0)));
    RUN_UNTIL(have_all());
  }
  expect_same(tp("orders", 0));
  EXPECT_LE(brokers().fetch_sessions(), 2U);
  EXPECT_LE(brokers().fetch_sessions_opened(), 4U);
}

TEST_F(ReaderTest, MemoryStaysWithinItsBound) {
  brokers().create_topic("orders", 8);
  ReaderSettings settings;
  settings.bulk_fetch_bytes = 100'000;
  settings.tail_fetch_bytes = 50'000;
  settings.partition_bytes_min = 10'000;
  settings.memory_bytes_max = 400'000;
  for (int p = 0; p < 8; ++p) fill("orders", p, 100, 10, 500);
  read_with(settings);
  for (int p = 0; p < 8; ++p) subscribe("orders", p).keep_buffers = true;
  RUN_UNTIL(pool.used_bytes() > 250'000);
  std::size_t most = 0;
  for (int i = 0; i < 2000 && !have_all(); ++i) {
    context.run_one_for(net::Duration(5));
    most = std::max(most, pool.used_bytes());
    if (i % 10 == 0) {
      for (auto& [partition, taker] : takers) taker->kept.clear();
      for (auto& [partition, subscription] : subscriptions) reader->resume(subscription);
    }
  }
  for (auto& [partition, taker] : takers) {
    taker->kept.clear();
    taker->keep_buffers = false;
  }
  RUN_UNTIL(have_all());
  EXPECT_LE(most, settings.memory_bytes_max * 3 / 2);  // blocks are rounded up
  for (int p = 0; p < 8; ++p) expect_same(tp("orders", p));
}

TEST_F(ReaderTest, ABatchLargerThanAnyLimitComesAllTheSame) {
  brokers().create_topic("orders", 2);
  ReaderSettings settings;
  settings.bulk_fetch_bytes = 10'000;
  settings.tail_fetch_bytes = 10'000;
  read_with(settings);
  fill("orders", 0, 3, 100, 1000);
  fill("orders", 1, 3, 100, 1000);
  subscribe("orders", 0);
  subscribe("orders", 1);
  RUN_UNTIL(have_all());
  expect_same(tp("orders", 0));
  expect_same(tp("orders", 1));
}

TEST_F(ReaderTest, OutOfRangeIsTheSubscribersToDecide) {
  brokers().create_topic("orders", 1);
  fill("orders", 0, 10);
  brokers().delete_before(tp("orders", 0), Offset(15));
  Taker& taker = subscribe("orders", 0);
  RUN_UNTIL(!taker.problems.empty());
  EXPECT_EQ(taker.problems[0].error, ErrorCode::kOffsetOutOfRange);
  taker.next = Offset(15);
  reader->seek(subscriptions.at(tp("orders", 0)), Offset(15), LeaderEpoch(-1));
  RUN_UNTIL(have_all());
  EXPECT_EQ(taker.problems.size(), 1U);
  EXPECT_EQ(taker.records, brokers().records(tp("orders", 0)));
}

TEST_F(ReaderTest, TellsThatTheLogWasTruncated) {
  brokers().create_topic("orders", 1);
  fill("orders", 0, 10);
  Taker& taker = subscribe("orders", 0);
  RUN_UNTIL(have_all());
  brokers().truncate(tp("orders", 0), Offset(18));
  brokers().append(tp("orders", 0), fake::make_simple_batch("other", 0, 40));
  RUN_UNTIL(!taker.problems.empty());
  ASSERT_TRUE(taker.problems[0].diverging);
  EXPECT_EQ(taker.problems[0].diverging->first, LeaderEpoch(0));
  EXPECT_EQ(taker.problems[0].diverging->second, Offset(18));
}

TEST_F(ReaderTest, TellsThatTheTopicIsGone) {
  brokers().create_topic("orders", 1);
  fill("orders", 0, 10);
  Taker& taker = subscribe("orders", 0);
  RUN_UNTIL(have_all());
  brokers().recreate_topic("orders");
  RUN_UNTIL(!taker.problems.empty());
  EXPECT_EQ(taker.problems[0].error, ErrorCode::kUnknownTopicId);
  EXPECT_TRUE(subscriptions.at(tp("orders", 0))->resting);
}

TEST_F(ReaderTest, ReadCommittedStopsAtAnOpenTransactionAndNamesTheAborted) {
  brokers().create_topic("orders", 1);
  const auto transactional = [&](std::int64_t id, std::int32_t sequence) {
    brokers().append(tp("orders", 0), fake::make_batch({.records = {{.value = "v"}, {.value = "w"}},
                                                        .producer_id = ProducerId(id),
                                                        .producer_epoch = ProducerEpoch(0),
                                                        .base_sequence = sequence,
                                                        .transactional = true}));
  };
  transactional(7, 0);
  fill("orders", 0, 1);
  Taker& taker = subscribe("orders", 0);
  RUN_UNTIL(taker.ends.high_watermark == Offset(5));
  EXPECT_EQ(taker.ends.last_stable_offset, Offset(0));
  EXPECT_EQ(taker.chunks, 0);
  brokers().append_marker(tp("orders", 0), ProducerId(7), ProducerEpoch(0), false);
  RUN_UNTIL(have_all());
  EXPECT_EQ(taker.records.size(), 6U);  // the aborted ones too: leaving them out is not its part
}

TEST_F(ReaderTest, ABrokerThatIsDownIsNamedAndFoundAgain) {
  brokers().create_topic("orders", 1);
  fill("orders", 0, 5);
  Taker& taker = subscribe("orders", 0);
  RUN_UNTIL(have_all() && taker.trouble.empty());
  brokers().broker_down(BrokerId(1));
  RUN_UNTIL(!taker.trouble.empty());
  EXPECT_NE(taker.trouble.find("fake"), std::string::npos) << taker.trouble;
  brokers().broker_up(BrokerId(1));
  fill("orders", 0, 5);
  RUN_UNTIL(have_all() && taker.trouble.empty());
  expect_same(tp("orders", 0));
}

TEST_F(ReaderTest, ASubscriberMaySeekAndRemoveWhileItIsCalled) {
  brokers().create_topic("orders", 3);
  for (int p = 0; p < 3; ++p) fill("orders", p, 20);
  Taker& again = subscribe("orders", 0);
  Taker& leaver = subscribe("orders", 1);
  subscribe("orders", 2);
  int rewinds = 3;
  again.on_chunk = [&] {
    if (rewinds-- <= 0) return;
    again.next = Offset(0);
    again.records.clear();
    reader->seek(subscriptions.at(tp("orders", 0)), Offset(0), LeaderEpoch(-1));
  };
  leaver.on_chunk = [&] {
    if (!subscriptions.contains(tp("orders", 1))) return;
    reader->remove(subscriptions.at(tp("orders", 1)));
    subscriptions.erase(tp("orders", 1));
  };
  RUN_UNTIL(has_all(tp("orders", 0)) && has_all(tp("orders", 2)) && rewinds < 0);
  fill("orders", 0, 5);
  fill("orders", 1, 5);
  RUN_UNTIL(has_all(tp("orders", 0)));
  expect_same(tp("orders", 0));
  EXPECT_EQ(leaver.chunks, 1);
}

TEST_F(ReaderTest, ReadsEveryFormOfBatch) {
  brokers().create_topic("orders", 1, {{"cleanup.policy", "compact"}});
  const TopicPartition p = tp("orders", 0);
  brokers().append(
      p, fake::make_batch({.records = {{.value = "old"}, {.value = "older"}}, .magic = 0}));
  brokers().append(p, fake::make_batch({.records = {{.value = "old1"}}, .magic = 1}));
  for (const auto codec : {records::Codec::kGzip, records::Codec::kSnappy, records::Codec::kLz4,
                           records::Codec::kZstd}) {
    brokers().append(
        p, fake::make_batch({.records = {{.value = "a"}, {.value = "b"}}, .codec = codec}));
  }
  fill("orders", 0, 3, 10);
  brokers().compact(p, Offset(100),
                    [](const fake::StoredRecord& r) { return r.offset.value() % 3 == 0; });
  brokers().append(p, fake::make_simple_batch("after a hole", 0, 2), Offset(60));
  Taker& taker = subscribe("orders", 0);
  taker.holes_allowed = true;
  RUN_UNTIL(have_all());
  EXPECT_EQ(taker.records, brokers().records(p));
}

TEST_F(ReaderTest, ManyPartitionsShareTwoConnectionsPerBroker) {
  start({.brokers = 2});
  brokers().create_topic("orders", 200);
  for (int p = 0; p < 200; ++p) subscribe("orders", p);
  for (int p = 0; p < 200; ++p) fill("orders", p, 1);
  RUN_UNTIL(have_all());
  EXPECT_LE(brokers().connections(), 2U * 2U + 3U);
  stop_client();
  EXPECT_EQ(pool.used_bytes(), 0U);
}

}  // namespace
}  // namespace ottla::kafka
