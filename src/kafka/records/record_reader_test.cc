#include "kafka/records/record_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::build;
using testing::ByteVector;
using testing::read_all;
using testing::view_of;

TEST(RecordReader, GivesTheAppendTimeToEveryRecord) {
  ByteVector bytes = build({{.offset = 0, .timestamp_ms = 10}, {.offset = 1, .timestamp_ms = 20}});
  MutableBatch batch(bytes);
  batch.set_attributes(attribute::kLogAppendTime);
  batch.set_max_timestamp_ms(777);
  const auto records = read_all(batch.view()).value();
  EXPECT_EQ(records[0].timestamp_ms, 777);
  EXPECT_EQ(records[1].timestamp_ms, 777);
}

TEST(RecordReader, RefusesMoreOrFewerRecordsThanTheHeaderSays) {
  for (const std::int32_t count : {-1, 0, 1, 3}) {
    ByteVector bytes = build({{.offset = 0, .key = "a"}, {.offset = 1, .key = "b"}});
    MutableBatch batch(bytes);
    batch.set_record_count(count);
    EXPECT_EQ(read_all(batch.view()).error().code, BaseErrc::kCorrupt) << count;
  }
}

TEST(RecordReader, RefusesABatchThatDecompressesBeyondTheLimit) {
  const std::string value(100'000, 'v');
  const ByteVector bytes = build({{.offset = 0, .value = value}}, {.codec = Codec::kZstd});
  EXPECT_EQ(read_all(view_of(bytes), 50'000).error().code, BaseErrc::kLimitExceeded);
}

TEST(RecordReader, RefusesAnUnknownCodec) {
  ByteVector bytes = build({{.offset = 0}});
  MutableBatch(bytes).set_attributes(6);
  EXPECT_EQ(read_all(view_of(bytes)).error().code, BaseErrc::kUnsupported);
}

RC_GTEST_PROP(RecordReader, SurvivesGarbageRecords, (const std::string& garbage)) {
  ByteVector bytes = build(testing::random_records(0));
  bytes.resize(kBatchHeaderSize);
  const Bytes more = as_bytes(garbage);
  bytes.insert(bytes.end(), more.begin(), more.end());
  store_big_endian(bytes.data() + field::kBatchLength,
                   static_cast<std::int32_t>(bytes.size() - kLogOverhead));
  MutableBatch batch(bytes);
  batch.set_record_count(*rc::gen::inRange(-1, 100));
  batch.set_attributes(*rc::gen::inRange<std::uint16_t>(0, 8));
  (void)read_all(batch.view(), 1 << 20);
}

RC_GTEST_PROP(RecordReader, SurvivesGarbageMessagesOfOldMagic, (const std::string& garbage)) {
  ByteVector bytes(34);
  const Bytes more = as_bytes(garbage);
  bytes.insert(bytes.end(), more.begin(), more.end());
  store_big_endian(bytes.data() + field::kBatchLength,
                   static_cast<std::int32_t>(bytes.size() - kLogOverhead));
  const auto magic = *rc::gen::inRange<std::uint8_t>(0, 2);
  bytes[field::kMagic] = static_cast<std::byte>(magic);
  bytes[field::kLegacyAttributes] = static_cast<std::byte>(*rc::gen::inRange(0, 16));
  const std::size_t key_at = magic == 0 ? 18 : 26;
  store_big_endian(bytes.data() + key_at, -1);
  store_big_endian(bytes.data() + key_at + 4, static_cast<std::int32_t>(bytes.size() - key_at - 8));
  (void)read_all(view_of(bytes), 1 << 20);
}

TEST(HeaderReader, RefusesBytesAfterTheHeaders) {
  const std::string block("\0x", 2);
  HeaderReader reader(as_bytes(block));
  Header header;
  EXPECT_EQ(reader.next(header).error().code, BaseErrc::kCorrupt);
}

}  // namespace
}  // namespace ottla::kafka::records
