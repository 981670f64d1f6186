#include "kafka/records/aborted.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::build;
using testing::ByteVector;
using testing::view_of;

// A log written batch by batch, one record each.
class Log {
 public:
  void data(std::int64_t producer_id, bool transactional = true) {
    ByteVector bytes = build({{.offset = next_++, .value = "v"}});
    stamp(bytes, producer_id, transactional ? attribute::kTransactional : std::uint16_t{0});
  }
  void commit(std::int64_t producer_id) { marker(producer_id, '\1'); }
  void abort(std::int64_t producer_id) { marker(producer_id, '\0'); }

  std::vector<Visibility> read(std::span<const AbortedTransaction> aborted) const {
    AbortedFilter filter;
    filter.reset(aborted);
    std::vector<Visibility> seen;
    for (const ByteVector& batch : batches_) seen.push_back(filter.see(view_of(batch)));
    return seen;
  }

 private:
  void marker(std::int64_t producer_id, char type) {
    const std::string key{0, 0, 0, type};
    ByteVector bytes = build({{.offset = next_++, .key = key, .value = std::string(6, '\0')}});
    stamp(bytes, producer_id, attribute::kTransactional | attribute::kControl);
  }
  void stamp(ByteVector& bytes, std::int64_t producer_id, std::uint16_t attributes) {
    MutableBatch batch(bytes);
    batch.set_producer_id(ProducerId(producer_id));
    batch.set_attributes(attributes);
    batch.update_crc();
    batches_.push_back(std::move(bytes));
  }

  std::int64_t next_ = 0;
  std::vector<ByteVector> batches_;
};

using enum Visibility;

TEST(AbortedFilter, HidesAnAbortedTransactionUntilItsMarker) {
  Log log;
  log.data(36);
  log.abort(36);
  log.data(36);
  log.commit(36);
  const std::vector<AbortedTransaction> aborted = {{ProducerId(36), Offset(0)}};
  EXPECT_EQ(log.read(aborted), (std::vector{kAborted, kControl, kData, kControl}));
}

TEST(AbortedFilter, TellsInterleavedProducersApart) {
  Log log;
  log.data(1);
  log.data(2);
  log.data(3, false);
  log.commit(1);
  log.data(2);
  log.abort(2);
  const std::vector<AbortedTransaction> aborted = {{ProducerId(2), Offset(1)}};
  EXPECT_EQ(log.read(aborted), (std::vector{kData, kAborted, kData, kControl, kAborted, kControl}));
}

TEST(AbortedFilter, TakesTheListInAnyOrderAndEveryTransactionOfOneProducer) {
  Log log;
  log.data(5);
  log.abort(5);
  log.data(5);
  log.commit(5);
  log.data(5);
  log.abort(5);
  const std::vector<AbortedTransaction> aborted = {{ProducerId(5), Offset(4)},
                                                   {ProducerId(5), Offset(0)}};
  EXPECT_EQ(log.read(aborted),
            (std::vector{kAborted, kControl, kData, kControl, kAborted, kControl}));
}

TEST(AbortedFilter, LeavesNonTransactionalBatchesOfTheProducerAlone) {
  Log log;
  log.data(5, false);
  log.data(5);
  const std::vector<AbortedTransaction> aborted = {{ProducerId(5), Offset(0)}};
  EXPECT_EQ(log.read(aborted), (std::vector{kData, kAborted}));
}

TEST(AbortedFilter, ForgetsTheLastResponse) {
  AbortedFilter filter;
  const std::vector<AbortedTransaction> aborted = {{ProducerId(5), Offset(0)}};
  filter.reset(aborted);
  filter.reset({});
  ByteVector bytes = build({{.offset = 0, .value = "v"}});
  MutableBatch batch(bytes);
  batch.set_producer_id(ProducerId(5));
  batch.set_attributes(attribute::kTransactional);
  EXPECT_EQ(filter.see(batch.view()), kData);
}

TEST(ControlType, IsUnknownForAnEmptiedControlBatch) {
  ByteVector bytes = build({{.offset = 0}});
  bytes.resize(kBatchHeaderSize);
  MutableBatch batch(bytes);
  batch.set_attributes(attribute::kControl);
  batch.set_record_count(0);
  EXPECT_EQ(control_type(batch.view()), std::nullopt);
}

// Against a plain model: random logs of a few producers with transactions that end either way.
RC_GTEST_PROP(AbortedFilter, HidesExactlyTheAbortedData, ()) {
  struct Open {
    std::int64_t first;
    std::vector<std::size_t> at;
  };
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
  Log log;
  std::vector<Visibility> expected;
  std::vector<AbortedTransaction> aborted;
  std::array<std::optional<Open>, 3> open;
  for (const int step : steps) {
    const auto producer = static_cast<std::size_t>(step % 3);
    const auto here = static_cast<std::int64_t>(expected.size());
    auto& transaction = open[producer];
    if (step < 6 || !transaction) {
      if (!transaction) transaction = Open{here, {}};
      log.data(static_cast<std::int64_t>(producer));
      transaction->at.push_back(expected.size());
      expected.push_back(kData);
      continue;
    }
    const bool commit = step < 9;
    if (commit) {
      log.commit(static_cast<std::int64_t>(producer));
    } else {
      log.abort(static_cast<std::int64_t>(producer));
      aborted.push_back(
          {ProducerId(static_cast<std::int64_t>(producer)), Offset(transaction->first)});
      for (const std::size_t at : transaction->at) expected[at] = kAborted;
    }
    expected.push_back(kControl);
    transaction.reset();
  }
  RC_ASSERT(log.read(aborted) == expected);
}

}  // namespace
}  // namespace ottla::kafka::records
