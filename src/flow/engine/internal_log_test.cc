#include "flow/engine/internal_log.h"

#include <gmock/gmock.h>

#include "flow/engine/map_journal.h"
#include "kafka/client/client_testing.h"

namespace ottla::flow {
namespace {

using namespace std::chrono_literals;
using kafka::ApiKey;
using kafka::ErrorCode;
using kafka::testing::run_until;
using kafka::testing::tp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
namespace fake = kafka::fake;

using Read = std::vector<std::pair<std::string, std::optional<std::string>>>;

class InternalLogTest : public kafka::testing::ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    brokers().create_topic("log", 2);
    writer = std::make_unique<kafka::Writer>(cluster(), kafka::WriterSettings{.lanes = 1});
    log = std::make_unique<InternalLog>(cluster(), *writer, "log");
  }
  void stop_users() override {
    log.reset();
    if (writer) net::testing::run_to_end(context, writer->stop());
    writer.reset();
  }
  Status append(std::vector<LogRecord> records, net::Duration limit = 20s) {
    return wait_for(log->append(PartitionId(1), std::move(records), net::Clock::now() + limit));
  }
  Read read() {
    Read found;
    const Status done = wait_for(
        log->read(PartitionId(1), [&](std::string_view key, std::optional<std::string_view> value) {
          found.emplace_back(std::string(key),
                             value ? std::optional(std::string(*value)) : std::nullopt);
        }));
    EXPECT_TRUE(done.has_value());
    return found;
  }
  std::unique_ptr<kafka::Writer> writer;
  std::unique_ptr<InternalLog> log;
};

TEST_F(InternalLogTest, ReadsWhatWasAppendedInOrder) {
  ASSERT_TRUE(append({{"a", "1"}, {"b", std::nullopt}}));
  ASSERT_TRUE(append({{"a", "2"}}));
  EXPECT_THAT(read(), ElementsAre(Pair("a", "1"), Pair("b", std::nullopt), Pair("a", "2")));
  EXPECT_THAT(brokers().records(tp("log", 0)), IsEmpty());
}

TEST_F(InternalLogTest, ReadsAnEmptyPartition) {
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(InternalLogTest, SplitsManyRecordsAndTakesALargeOneAlone) {
  std::vector<LogRecord> records;
  for (int i = 0; i < 30; ++i) records.push_back({std::to_string(i), std::string(50'000, 'x')});
  records.push_back({"large", std::string(700'000, 'y')});
  records.push_back({"last", "z"});
  ASSERT_TRUE(append(std::move(records)));
  const Read found = read();
  ASSERT_EQ(found.size(), 32U);
  EXPECT_EQ(found[29].first, "29");
  EXPECT_EQ(found[30].second->size(), 700'000U);
  EXPECT_EQ(found[31].first, "last");
}

TEST_F(InternalLogTest, ReadsPastMarkersAndHoles) {
  ASSERT_TRUE(append({{"a", "1"}}));
  brokers().append_marker(tp("log", 1), ProducerId(5), ProducerEpoch(0), false);
  ASSERT_TRUE(append({{"b", "2"}}));
  brokers().compact(tp("log", 1), Offset(1), [](const fake::StoredRecord&) { return false; });
  EXPECT_THAT(read(), ElementsAre(Pair("b", "2")));
}

TEST_F(InternalLogTest, RepeatsWhatMayPass) {
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .times = 2,
                   .error = ErrorCode::kNotEnoughReplicas});
  ASSERT_TRUE(append({{"a", "1"}}));
  EXPECT_THAT(read(), ElementsAre(Pair("a", "1")));
}

TEST_F(InternalLogTest, RepeatsALostReply) {
  brokers().fault({.kind = fake::FaultKind::kLoseReply, .api = ApiKey::kProduce});
  ASSERT_TRUE(append({{"a", "1"}}));
  EXPECT_THAT(read(), ElementsAre(Pair("a", "1"), Pair("a", "1")));
}

TEST_F(InternalLogTest, GivesUpAtTheDeadline) {
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .times = -1,
                   .error = ErrorCode::kNotEnoughReplicas});
  const Status done = append({{"a", "1"}}, 200ms);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, make_error_code(ErrorCode::kNotEnoughReplicas));
}

TEST_F(InternalLogTest, FailsAtOnceWhatCannotPass) {
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .error = ErrorCode::kTopicAuthorizationFailed});
  const Status done = append({{"a", "1"}});
  ASSERT_FALSE(done);
  EXPECT_EQ(brokers().requests(ApiKey::kProduce), 1U);
}

TEST_F(InternalLogTest, CreatesATopicOnceAndCompacted) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(wait_for(ensure_internal_topic(cluster(), "mine", 3, 1, net::Clock::now() + 20s)));
  }
  EXPECT_EQ(brokers().requests(ApiKey::kCreateTopics), 1U);
  EXPECT_EQ(brokers().log_end(tp("mine", 2)), Offset(0));
}

// --- MapJournal ---

constexpr std::int32_t kPartitions = 2;

// Plans one record a flush, with a number that grows.
class Client final : public JournalClient {
 public:
  explicit Client(std::string topic) : key_{"A", std::move(topic), PartitionId(0)} {}
  [[nodiscard]] const PartitionKey& journal_key() const override { return key_; }
  std::vector<MapRecord> plan() override {
    if (value == planned) return {};
    planned = value;
    return {{key_.topic, std::to_string(value)}};
  }
  void committed() override { durable = planned; }
  int value = 0;
  int planned = 0;
  int durable = 0;

 private:
  PartitionKey key_;
};

class MapJournalTest : public InternalLogTest {
 protected:
  void SetUp() override {
    InternalLogTest::SetUp();
    group = std::make_unique<net::TaskGroup>(context);
  }
  MapJournal& begin(net::Duration interval = 1h) {
    journal = std::make_unique<MapJournal>(*group, *log, kPartitions, interval);
    return *journal;
  }
  void stop_users() override {
    if (group) {
      group->cancel();
      net::testing::run_until_empty(*group);
    }
    group.reset();
    journal.reset();
    InternalLogTest::stop_users();
  }
  Status flush(net::Duration limit = 20s) {
    return wait_for(journal->flush(net::Clock::now() + limit));
  }
  Read everything() {
    Read all;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      for (const auto& record : brokers().records(tp("log", p))) {
        all.emplace_back(record.key.value_or(""), record.value);
      }
    }
    return all;
  }
  std::unique_ptr<net::TaskGroup> group;
  std::unique_ptr<MapJournal> journal;
};

TEST_F(MapJournalTest, FlushesWhatChanged) {
  Client one("one");
  Client two("two");
  begin().enlist(&one);
  journal->enlist(&two);
  one.value = 1;
  ASSERT_TRUE(flush());
  EXPECT_EQ(one.durable, 1);
  EXPECT_THAT(everything(), ElementsAre(Pair("one", "1")));
  journal->delist(&one);
  one.value = 2;
  ASSERT_TRUE(flush());
  EXPECT_EQ(one.durable, 1);
}

TEST_F(MapJournalTest, FlushesByItself) {
  Client one("one");
  begin(net::Duration(5)).enlist(&one);
  one.value = 1;
  RUN_UNTIL(one.durable == 1);
}

TEST_F(MapJournalTest, WritesAPartitionsPlansInTheirOrder) {
  Client one("one");
  begin().enlist(&one);
  for (one.value = 1; one.value < 5; ++one.value) ASSERT_TRUE(flush());
  EXPECT_THAT(everything(),
              ElementsAre(Pair("one", "1"), Pair("one", "2"), Pair("one", "3"), Pair("one", "4")));
}

TEST_F(MapJournalTest, AFlushCoversWhatChangedWhileAnotherWasUnderWay) {
  Client one("one");
  begin().enlist(&one);
  brokers().fault({.kind = fake::FaultKind::kDelayReply, .api = ApiKey::kProduce, .delay = 50ms});
  one.value = 1;
  net::TaskGroup first(context);
  std::optional<Status> first_done;
  first.spawn("first",
              kafka::testing::store_result(journal->flush(net::Clock::now() + 20s), first_done));
  RUN_UNTIL(one.planned == 1);
  one.value = 2;
  ASSERT_TRUE(flush());
  EXPECT_EQ(one.durable, 2);
  net::testing::run_until_empty(first);
  EXPECT_TRUE(first_done.value().has_value());
}

TEST_F(MapJournalTest, SaysWhyItFailsAndGoesOn) {
  Client one("one");
  begin().enlist(&one);
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .times = 1,
                   .error = ErrorCode::kTopicAuthorizationFailed});
  one.value = 1;
  net::TaskGroup waiting(context);
  std::optional<Status> done;
  waiting.spawn("flush",
                kafka::testing::store_result(journal->flush(net::Clock::now() + 20s), done));
  RUN_UNTIL(!journal->trouble().empty());
  EXPECT_EQ(one.durable, 0);
  one.value = 2;  // the next plan covers the one that failed
  net::testing::run_until_empty(waiting);
  EXPECT_TRUE(done.value().has_value());
  EXPECT_EQ(one.durable, 2);
  EXPECT_EQ(journal->trouble(), "");
}

TEST_F(MapJournalTest, AFlushTimesOutWhileTheTopicCannotBeWritten) {
  Client one("one");
  begin().enlist(&one);
  brokers().fault({.kind = fake::FaultKind::kAnswerError,
                   .api = ApiKey::kProduce,
                   .times = -1,
                   .error = ErrorCode::kNotEnoughReplicas});
  one.value = 1;
  const Status done = flush(100ms);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST_F(MapJournalTest, LoadsWhatOnePartitionWrote) {
  const PartitionKey key{"A", "orders", PartitionId(3)};
  begin();
  EXPECT_FALSE(wait_for(journal->load(key)).value().has_value());
  CopyState state;
  state.target_topic = "A.orders";
  state.begin_generation({ProducerId(7), ProducerEpoch(1), 0, Offset(0)});
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(4), Offset(0), 3));
  MapLog records(key);
  for (MapRecord& record : records.plan(state, map)) {
    ASSERT_TRUE(wait_for(journal->write(key, std::move(record))));
  }
  const auto loaded = wait_for(journal->load(key));
  ASSERT_TRUE(loaded.has_value() && loaded->has_value());
  EXPECT_TRUE((*loaded)->map.same_mapping(map));
  EXPECT_EQ((*loaded)->state, state);
  EXPECT_FALSE(wait_for(journal->load({"A", "orders", PartitionId(4)})).value().has_value());
}

}  // namespace
}  // namespace ottla::flow
