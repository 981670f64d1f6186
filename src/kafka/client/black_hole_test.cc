// The bench mode of the fake cluster through the real reader and writer.

#include "kafka/client/client_testing.h"
#include "kafka/client/reader.h"
#include "kafka/client/writer.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder

struct Counter final : FetchSubscriber {
  std::size_t fetch_credit() const override { return 1 << 20; }
  void on_log_ends(const LogEnds&) override {}
  void on_arriving(std::size_t) override {}
  void on_fetched(FetchedChunk chunk) override {
    const auto found = fake::read_records(chunk.records);
    ASSERT_TRUE(found);
    for (const auto& record : *found) {
      EXPECT_EQ(record.offset, next);
      next += 1;
    }
  }
  void on_fetch_problem(FetchProblem p) override { ADD_FAILURE() << p.detail; }
  void on_reachability(const std::string&) override {}
  Offset next{0};
};

class BlackHoleTest : public ClientTest {};

TEST_F(BlackHoleTest, AnswersFetchesFromOneSetOfBatches) {
  fake::ByteVector batches = fake::make_simple_batch("a", 0, 3);
  const fake::ByteVector more = fake::make_simple_batch("b", 0, 5);
  batches.insert(batches.end(), more.begin(), more.end());
  fake::BlackHole hole(batches, Offset(4000));
  start({.black_hole = &hole});
  brokers().create_topic("orders", 2);
  Reader reader(cluster(), {});
  Counter counters[2];
  Subscription* subscriptions[2];
  for (std::int32_t i = 0; i < 2; ++i) {
    subscriptions[i] =
        reader.add("orders", brokers().topic_id("orders"), PartitionId(i), &counters[i]);
    reader.seek(subscriptions[i], Offset(0), LeaderEpoch(-1));
  }
  RUN_UNTIL(counters[0].next == Offset(4000) && counters[1].next == Offset(4000));
  net::testing::run_to_end(context, reader.stop());
  for (Subscription* subscription : subscriptions) reader.remove(subscription);
  EXPECT_GT(hole.fetched_bytes(), 8000U);
  stop_client();
}

TEST_F(BlackHoleTest, TakesBatchesAndCountsThem) {
  fake::BlackHole hole(fake::make_simple_batch("a", 0, 3));
  start({.black_hole = &hole});
  brokers().create_topic("orders", 1);
  Writer writer(cluster(), {});
  const fake::ByteVector bytes = fake::make_simple_batch("k", 0, 7);
  for (int i = 0; i < 3; ++i) {
    BufferRef buffer = BufferRef::allocate(bytes.size());
    std::ranges::copy(bytes, buffer.bytes().begin());
    EXPECT_EQ(wait_for(writer.append("orders", PartitionId(0), buffer)).value(), Offset(7 * i));
  }
  EXPECT_EQ(hole.produced_records(), 21U);
  EXPECT_EQ(hole.produced_bytes(), 3 * bytes.size());
  net::testing::run_to_end(context, writer.stop());
  finish();
}

}  // namespace
}  // namespace ottla::kafka
