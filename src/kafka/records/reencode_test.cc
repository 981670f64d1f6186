#include "kafka/records/reencode.h"

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

class Reencoding {
 public:
  BufferPool pool{1 << 20};
  Reencoded out;

  Status run(BatchView batch, const ReencodeOptions& options = {},
             const RecordFilter& filter = nullptr) {
    return reencoder_.reencode(batch, filter, pool, options, out);
  }

  // All records written, with the offsets they had at the source.
  std::vector<OwnedRecord> records() const {
    std::vector<OwnedRecord> all;
    for (const auto& batch : out.batches) {
      const BatchView view = MutableBatch(batch.bytes.bytes()).view();
      EXPECT_TRUE(view.valid_crc());
      EXPECT_EQ(classify(view, {.batch_bytes_max = 1 << 30}), Path{});
      EXPECT_EQ(view.record_count(), batch.record_count);
      for (auto& record : read_all(view).value()) all.push_back(std::move(record));
    }
    std::size_t at = 0;
    for (const OffsetRun& run : out.runs) {
      for (std::int32_t i = 0; i < run.count; ++i) all.at(at++).offset = run.first.value() + i;
    }
    EXPECT_EQ(at, all.size());
    return all;
  }

 private:
  Compressor compressor_;
  Decompressor decompressor_;
  Reencoder reencoder_{compressor_, decompressor_};
};

std::vector<OwnedRecord> records_of(std::size_t count, std::size_t value_size) {
  std::vector<OwnedRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back({.offset = static_cast<std::int64_t>(i),
                       .timestamp_ms = static_cast<std::int64_t>(1000 + i),
                       .key = fmt::format("key {}", i),
                       .value = std::string(value_size, static_cast<char>('a' + i % 26))});
  }
  return records;
}

// What compaction leaves of `records`: their deltas in place, holes between.
ByteVector compacted(const std::vector<OwnedRecord>& records, Codec codec,
                     const std::vector<bool>& kept) {
  ByteBuffer plain;
  std::int32_t count = 0;
  const ByteVector whole = build(records);
  Bytes rest = view_of(whole).payload();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Bytes before = rest;
    RawRecord raw;
    EXPECT_TRUE(take_raw_record(rest, raw));
    if (!kept[i]) continue;
    plain.append(before.first(before.size() - rest.size()));
    ++count;
  }
  Compressor compressor;
  const Bytes packed =
      compressor.compress(codec, std::nullopt, std::as_const(plain).bytes()).value();
  ByteVector bytes(whole.begin(), whole.begin() + kBatchHeaderSize);
  bytes.insert(bytes.end(), packed.begin(), packed.end());
  store_big_endian(bytes.data() + field::kBatchLength,
                   static_cast<std::int32_t>(bytes.size() - kLogOverhead));
  MutableBatch batch(bytes);
  batch.set_attributes(static_cast<std::uint16_t>(codec));
  batch.set_record_count(count);
  batch.update_crc();
  return bytes;
}

RC_GTEST_PROP(Reencode, ClosesGapsAndKeepsRecords, (std::int32_t base_offset)) {
  const auto records = testing::random_records(base_offset);
  const auto kept =
      *rc::gen::container<std::vector<bool>>(records.size(), rc::gen::arbitrary<bool>());
  std::vector<OwnedRecord> expected;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (kept[i]) expected.push_back(records[i]);
  }
  const Codec codec = testing::random_codec();
  const ByteVector bytes = compacted(records, codec, kept);
  Reencoding reencoding;
  RC_ASSERT(reencoding.run(view_of(bytes), {.from = Offset(base_offset)}).has_value());
  RC_ASSERT(reencoding.records() == expected);
  for (const auto& batch : reencoding.out.batches) {
    RC_ASSERT(MutableBatch(batch.bytes.bytes()).view().codec().value() == codec);
  }
}

RC_GTEST_PROP(Reencode, SplitsUnderTheLimitWithoutLoss, ()) {
  const auto records = records_of(*rc::gen::inRange<std::size_t>(1, 60), 300);
  const Codec codec = testing::random_codec();
  const ByteVector bytes = build(records, {.codec = codec});
  const auto limit = *rc::gen::inRange<std::size_t>(450, 4000);
  Reencoding reencoding;
  RC_ASSERT(reencoding.run(view_of(bytes), {.batch_bytes_max = limit}).has_value());
  RC_ASSERT(reencoding.records() == records);
  RC_ASSERT(reencoding.out.runs.size() == 1U);
  for (const auto& batch : reencoding.out.batches) RC_ASSERT(batch.bytes.size() <= limit);
}

TEST(Reencode, StartsInTheMiddle) {
  const ByteVector bytes = build(records_of(10, 5));
  Reencoding reencoding;
  ASSERT_TRUE(reencoding.run(view_of(bytes), {.from = Offset(7)}).has_value());
  EXPECT_EQ(reencoding.out.runs, (std::vector<OffsetRun>{{Offset(7), 3}}));
  ASSERT_TRUE(reencoding.run(view_of(bytes), {.skip_records = 9}).has_value());
  EXPECT_EQ(reencoding.out.runs, (std::vector<OffsetRun>{{Offset(9), 1}}));
  EXPECT_EQ(reencoding.out.batches[0].first_offset, Offset(9));
}

TEST(Reencode, ReportsTheRunsOfKeptRecords) {
  const ByteVector bytes = build(records_of(6, 5));
  Reencoding reencoding;
  const auto filter = [](const RecordView& r) { return r.offset.value() % 3 != 1; };
  ASSERT_TRUE(reencoding.run(view_of(bytes), {}, filter).has_value());
  EXPECT_EQ(reencoding.out.runs,
            (std::vector<OffsetRun>{{Offset(0), 1}, {Offset(2), 2}, {Offset(5), 1}}));
}

TEST(Reencode, WritesNoBatchWhenNoRecordIsKept) {
  const ByteVector bytes = build(records_of(3, 5));
  Reencoding reencoding;
  ASSERT_TRUE(
      reencoding.run(view_of(bytes), {}, [](const RecordView&) { return false; }).has_value());
  EXPECT_TRUE(reencoding.out.batches.empty());
  EXPECT_TRUE(reencoding.out.runs.empty());
}

TEST(Reencode, LetsTheFilterReplaceFields) {
  const ByteVector bytes = build(records_of(2, 5), {.codec = Codec::kLz4});
  Reencoding reencoding;
  const auto filter = [](RecordView& r) {
    r.key = as_bytes("new key");
    r.body = {};
    return true;
  };
  ASSERT_TRUE(reencoding.run(view_of(bytes), {}, filter).has_value());
  auto expected = records_of(2, 5);
  expected[0].key = expected[1].key = "new key";
  EXPECT_EQ(reencoding.records(), expected);
}

TEST(Reencode, GivesTheAppendTimeToEveryRecord) {
  ByteVector bytes = build(records_of(2, 5));
  MutableBatch batch(bytes);
  batch.set_attributes(attribute::kLogAppendTime);
  batch.set_max_timestamp_ms(5555);
  batch.update_crc();
  Reencoding reencoding;
  ASSERT_TRUE(reencoding.run(batch.view()).has_value());
  const auto records = reencoding.records();
  EXPECT_EQ(records[0].timestamp_ms, 5555);
  EXPECT_EQ(records[1].timestamp_ms, 5555);
}

TEST(Reencode, NamesARecordThatIsTooLarge) {
  auto records = records_of(3, 10);
  records[1].value = std::string(5000, 'x');
  const ByteVector bytes = build(records);
  Reencoding reencoding;
  const auto failed = reencoding.run(view_of(bytes), {.batch_bytes_max = 1000});
  EXPECT_EQ(failed.error().code, BaseErrc::kLimitExceeded);
  EXPECT_NE(failed.error().context.find("offset 1"), std::string::npos);

  ASSERT_TRUE(
      reencoding.run(view_of(bytes), {.batch_bytes_max = 1000, .oversized = Oversized::kDrop})
          .has_value());
  EXPECT_EQ(reencoding.out.oversized, std::vector<Offset>{Offset(1)});
  EXPECT_EQ(reencoding.out.runs, (std::vector<OffsetRun>{{Offset(0), 1}, {Offset(2), 1}}));
  EXPECT_EQ(reencoding.records().size(), 2U);
}

TEST(Reencode, RefusesAWrongChecksum) {
  ByteVector bytes = build(records_of(3, 10));
  bytes.back() ^= std::byte{1};
  Reencoding reencoding;
  EXPECT_EQ(reencoding.run(view_of(bytes)).error().code, BaseErrc::kCorrupt);
}

TEST(Classify, PassesWhatBrokersTakeAndSaysWhyNot) {
  const TargetLimits limits{.batch_bytes_max = 1000};
  const auto changed = [&](auto change) {
    ByteVector bytes = build(records_of(3, 10));
    MutableBatch batch(bytes);
    change(batch);
    return classify(batch.view(), limits, Offset(0));
  };
  using enum PathReason;
  EXPECT_EQ(changed([](auto&) {}), Path{});
  EXPECT_EQ(changed([](auto& b) { b.set_attributes(attribute::kTransactional); }), Path{});
  EXPECT_EQ(changed([](auto& b) { b.set_attributes(attribute::kControl); }),
            (Path{PathKind::kDrop, kControl}));
  EXPECT_EQ(changed([](auto& b) { b.set_record_count(0); }), (Path{PathKind::kDrop, kEmpty}));
  EXPECT_EQ(changed([](auto& b) { b.set_last_offset_delta(5); }),
            (Path{PathKind::kReencode, kGaps}));
  EXPECT_EQ(changed([](auto& b) { b.set_attributes(attribute::kLogAppendTime); }),
            (Path{PathKind::kReencode, kLogAppendTime}));
  const ByteVector large = build(records_of(3, 500));
  EXPECT_EQ(classify(view_of(large), limits), (Path{PathKind::kReencode, kTooLarge}));
  const ByteVector small = build(records_of(3, 10));
  EXPECT_EQ(classify(view_of(small), limits, Offset(2)),
            (Path{PathKind::kReencode, kPartlyBehind}));
  EXPECT_EQ(classify(view_of(small), limits, Offset(3)), (Path{PathKind::kDrop, kBehind}));
}

}  // namespace
}  // namespace ottla::kafka::records
