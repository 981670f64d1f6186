#include "kafka/records/coalesce.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::build;
using testing::ByteVector;
using testing::OwnedRecord;
using testing::read_all;
using testing::view_of;

class Merging {
 public:
  std::vector<ByteVector> sources;
  std::vector<OwnedRecord> records;

  void add(const std::vector<OwnedRecord>& more, Codec codec) {
    sources.push_back(build(more, {.codec = codec}));
    records.insert(records.end(), more.begin(), more.end());
  }

  // Batches of random records whose offsets follow each other.
  void add_random(Codec codec, std::size_t batches) {
    for (std::size_t i = 0; i < batches; ++i) {
      const std::int64_t next = records.empty() ? 0 : records.back().offset + 1;
      add(testing::random_records(next, 8), codec);
    }
  }

  Result<Coalesced> run(const CoalesceOptions& options = {}) {
    std::vector<BatchView> views;
    for (const ByteVector& source : sources) views.push_back(view_of(source));
    return coalescer_.coalesce(views, pool_, options);
  }

 private:
  BufferPool pool_{1 << 20};
  Compressor compressor_;
  Decompressor decompressor_;
  Coalescer coalescer_{compressor_, decompressor_};
};

OwnedRecord record_at(std::int64_t offset, std::size_t value_size) {
  return {.offset = offset, .timestamp_ms = 1000 + offset, .value = std::string(value_size, 'v')};
}

BatchView view_of(const Coalesced& merged) {
  return MutableBatch(merged.batch.bytes()).view();
}

RC_GTEST_PROP(Coalesce, EqualsTheConcatenation, ()) {
  Merging merging;
  const auto count = *rc::gen::inRange<std::size_t>(1, 10);
  const Codec codec = testing::random_codec();
  merging.add_random(codec, count);
  const auto merged = merging.run().value();
  const BatchView batch = view_of(merged);
  RC_ASSERT(merged.batch_count == count);
  RC_ASSERT(merged.record_count == static_cast<std::int32_t>(merging.records.size()));
  RC_ASSERT(batch.valid_crc());
  RC_ASSERT(batch.codec().value() == codec);
  RC_ASSERT(batch.base_offset() == Offset(0));
  RC_ASSERT(!batch.has_gaps());
  RC_ASSERT(read_all(batch).value() == merging.records);
}

// Merging writes what building all at once would have written, byte for byte.
RC_GTEST_PROP(Coalesce, WritesWhatTheBuilderWrites, ()) {
  Merging merging;
  merging.add_random(Codec::kNone, *rc::gen::inRange<std::size_t>(2, 6));
  const auto merged = merging.run().value();
  RC_ASSERT(testing::copy_of(merged.batch.bytes()) == build(merging.records));
}

RC_GTEST_PROP(Coalesce, HoldsTheSizeLimit, ()) {
  Merging merging;
  merging.add_random(testing::random_codec(), 12);
  const std::size_t first = merging.sources.front().size();
  const auto limit = *rc::gen::inRange<std::size_t>(first, first + 4000);
  const auto merged = merging.run({.batch_bytes_max = limit}).value();
  RC_ASSERT(merged.batch.size() <= limit);
  RC_ASSERT(merged.batch_count >= 1U);
  const auto records = read_all(view_of(merged)).value();
  RC_ASSERT(records.size() == static_cast<std::size_t>(merged.record_count));
  RC_ASSERT(std::equal(records.begin(), records.end(), merging.records.begin()));
}

TEST(Coalesce, FillsTheLimitToTheByte) {
  Merging merging;
  merging.add({record_at(0, 100)}, Codec::kNone);
  merging.add({record_at(1, 100)}, Codec::kNone);
  const std::size_t both = build(merging.records).size();
  EXPECT_EQ(merging.run({.batch_bytes_max = both}).value().batch_count, 2U);
  EXPECT_EQ(merging.run({.batch_bytes_max = both - 1}).value().batch_count, 1U);
}

TEST(Coalesce, StopsAtTheRecordLimit) {
  Merging merging;
  for (std::int64_t i = 0; i < 5; ++i) merging.add({record_at(i, 10)}, Codec::kNone);
  EXPECT_EQ(merging.run({.records_max = 3}).value().batch_count, 3U);
}

TEST(Coalesce, StopsAtAnotherCodec) {
  Merging merging;
  merging.add({record_at(0, 10)}, Codec::kLz4);
  merging.add({record_at(1, 10)}, Codec::kLz4);
  merging.add({record_at(2, 10)}, Codec::kZstd);
  EXPECT_EQ(merging.run().value().batch_count, 2U);
}

TEST(Coalesce, StopsBeforeACorruptBatchAndThenNamesIt) {
  for (const Codec codec : {Codec::kNone, Codec::kSnappy}) {
    Merging merging;
    for (std::int64_t i = 0; i < 3; ++i) merging.add({record_at(i, 10)}, codec);
    merging.sources[2].back() ^= std::byte{1};
    EXPECT_EQ(merging.run().value().batch_count, 2U);
    merging.sources.erase(merging.sources.begin(), merging.sources.begin() + 2);
    const auto error = merging.run().error();
    EXPECT_EQ(error.code, BaseErrc::kCorrupt);
    EXPECT_NE(error.context.find("offset 2"), std::string::npos);
  }
}

TEST(Coalesce, StopsAtTheLimitOfDecompressedBytes) {
  Merging merging;
  for (std::int64_t i = 0; i < 4; ++i) merging.add({record_at(i, 10'000)}, Codec::kZstd);
  EXPECT_EQ(merging.run({.decompressed_bytes_max = 25'000}).value().batch_count, 2U);
}

TEST(Coalesce, RefusesBatchesThatMustBeReencoded) {
  Merging merging;
  merging.add({record_at(0, 10)}, Codec::kNone);
  MutableBatch batch(merging.sources[0]);
  batch.set_last_offset_delta(4);
  batch.update_crc();
  EXPECT_EQ(merging.run().error().code, BaseErrc::kInvalidInput);
}

TEST(Coalesce, SurvivesAHugeRecordCount) {
  Merging merging;
  merging.add({record_at(0, 10)}, Codec::kNone);
  merging.add({record_at(1, 10)}, Codec::kNone);
  MutableBatch batch(merging.sources[1]);
  batch.set_record_count(2'000'000'000);
  batch.set_last_offset_delta(1'999'999'999);
  batch.update_crc();
  EXPECT_EQ(merging.run({.records_max = 2'100'000'000}).value().batch_count, 1U);
}

RC_GTEST_PROP(Coalesce, SurvivesGarbageWithAValidChecksum, (const std::string& garbage)) {
  Merging merging;
  merging.add_random(testing::random_codec(), 3);
  ByteVector& bytes = merging.sources[1];
  const auto at = *rc::gen::inRange<std::size_t>(kBatchHeaderSize, bytes.size());
  for (std::size_t i = 0; i < garbage.size() && at + i < bytes.size(); ++i) {
    bytes[at + i] = static_cast<std::byte>(garbage[i]);
  }
  MutableBatch(bytes).update_crc();
  RC_ASSERT(merging.run().has_value());
}

}  // namespace
}  // namespace ottla::kafka::records
