#include "kafka/records/batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::build;
using testing::ByteVector;
using testing::view_of;

ByteVector two_batches() {
  ByteVector all = build({{.offset = 5, .timestamp_ms = 10, .key = "a", .value = "1"}});
  const ByteVector second = build({{.offset = 6, .timestamp_ms = 11, .key = "b", .value = "2"}});
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

TEST(NextBatch, WalksCompleteBatches) {
  const ByteVector all = two_batches();
  Bytes rest(all);
  EXPECT_EQ(next_batch(rest).value()->base_offset(), Offset(5));
  EXPECT_EQ(next_batch(rest).value()->base_offset(), Offset(6));
  EXPECT_FALSE(next_batch(rest).value().has_value());
  EXPECT_TRUE(rest.empty());
}

TEST(NextBatch, StopsAtACutOffBatchWhereverTheCutIs) {
  const ByteVector all = two_batches();
  const std::size_t first_size = view_of(all).size();
  for (std::size_t size = first_size; size < all.size(); ++size) {
    Bytes rest = Bytes(all).first(size);
    ASSERT_TRUE(next_batch(rest).value().has_value());
    ASSERT_FALSE(next_batch(rest).value().has_value());
    ASSERT_EQ(rest.size(), size - first_size);
  }
}

TEST(NextBatch, RefusesLengthsThatNoBatchCanHave) {
  for (const std::int32_t length : {-1, 0, 48}) {
    ByteVector batch = two_batches();
    store_big_endian(batch.data() + field::kBatchLength, length);
    Bytes rest(batch);
    EXPECT_EQ(next_batch(rest).error().code, BaseErrc::kCorrupt);
  }
}

TEST(NextBatch, RefusesAnUnknownMagic) {
  ByteVector batch = two_batches();
  batch[field::kMagic] = std::byte{3};
  Bytes rest(batch);
  EXPECT_EQ(next_batch(rest).error().code, BaseErrc::kUnsupported);
}

RC_GTEST_PROP(NextBatch, NeverFailsOtherwiseOnGarbage, (const std::string& garbage)) {
  Bytes rest = as_bytes(garbage);
  while (true) {
    const auto batch = next_batch(rest);
    if (!batch || !*batch) break;
    (void)(*batch)->valid_crc();
    (void)(*batch)->last_offset();
  }
}

RC_GTEST_PROP(RewriteForProduce, EqualsRecomputingTheChecksum,
              (std::int64_t producer_id, std::int16_t epoch, std::int32_t sequence,
               std::uint16_t attributes)) {
  ByteVector bytes = build(testing::random_records(40));
  MutableBatch batch(bytes);
  batch.set_attributes(attributes);
  batch.set_base_offset(Offset(1234));
  batch.update_crc();

  rewrite_for_produce(batch, ProducerId(producer_id), ProducerEpoch(epoch), sequence);
  const BatchView view = batch.view();
  RC_ASSERT(view.valid_crc());
  RC_ASSERT(view.base_offset() == Offset(0));
  RC_ASSERT(view.partition_leader_epoch() == kNoLeaderEpoch);
  RC_ASSERT(view.attributes() == (attributes & 0xFFAF));
  RC_ASSERT(view.producer_id() == ProducerId(producer_id));
  RC_ASSERT(view.producer_epoch() == ProducerEpoch(epoch));
  RC_ASSERT(view.base_sequence() == sequence);

  rewrite_for_produce(batch, ProducerId(1), ProducerEpoch(0), 7);
  RC_ASSERT(batch.view().valid_crc());
}

RC_GTEST_PROP(RewriteForProduce, KeepsACorruptPayloadDetectable, (std::uint8_t bit)) {
  ByteVector bytes = build(testing::random_records(0));
  const auto at = *rc::gen::inRange<std::size_t>(kBatchHeaderSize, bytes.size());
  bytes[at] ^= static_cast<std::byte>(1U << (bit % 8U));
  rewrite_for_produce(MutableBatch(bytes), ProducerId(9), ProducerEpoch(1), 3);
  RC_ASSERT(!view_of(bytes).valid_crc());
}

}  // namespace
}  // namespace ottla::kafka::records
