#include "kafka/records/batch_builder.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::build;
using testing::ByteVector;
using testing::read_all;
using testing::view_of;

RC_GTEST_PROP(BatchBuilder, RoundTripsThroughTheReader, (std::int32_t base_offset)) {
  const auto records = testing::random_records(base_offset);
  const Codec codec = testing::random_codec();
  const ByteVector bytes = build(records, {.codec = codec});
  const BatchView batch = view_of(bytes);
  RC_ASSERT(batch.valid_crc());
  RC_ASSERT(batch.codec().value() == codec);
  RC_ASSERT(!batch.has_gaps());
  RC_ASSERT(read_all(batch).value() == records);
  std::int64_t max_timestamp_ms = records.front().timestamp_ms;
  for (const auto& r : records) max_timestamp_ms = std::max(max_timestamp_ms, r.timestamp_ms);
  RC_ASSERT(batch.base_timestamp_ms() == records.front().timestamp_ms);
  RC_ASSERT(batch.max_timestamp_ms() == max_timestamp_ms);
}

TEST(BatchBuilder, RefusesARecordBeyondTheLimitAndStaysAsItWas) {
  Compressor compressor;
  BatchBuilder builder(compressor);
  builder.start({.uncompressed_bytes_max = 200});
  const std::string value(100, 'v');
  ASSERT_TRUE(builder.append({.timestamp_ms = 5, .value = as_bytes(value)}));
  const std::size_t size = builder.uncompressed_size();
  EXPECT_FALSE(builder.append({.timestamp_ms = 6, .value = as_bytes(value)}));
  EXPECT_EQ(builder.uncompressed_size(), size);
  EXPECT_EQ(builder.record_count(), 1);
  EXPECT_EQ(builder.finish().value().view().size(), size);
}

TEST(BatchBuilder, RefusesABatchWithoutRecords) {
  Compressor compressor;
  BatchBuilder builder(compressor);
  builder.start({});
  EXPECT_EQ(builder.finish().error().code, BaseErrc::kInvalidInput);
}

TEST(BatchBuilder, StartsAfresh) {
  Compressor compressor;
  BatchBuilder builder(compressor);
  builder.start({.codec = Codec::kZstd});
  ASSERT_TRUE(builder.append({.timestamp_ms = 5, .key = as_bytes("old")}));
  builder.start({});
  ASSERT_TRUE(builder.append({.timestamp_ms = 9, .key = as_bytes("new")}));
  const ByteVector bytes = testing::copy_of(builder.finish().value().bytes());
  const auto records = read_all(view_of(bytes)).value();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "new");
  EXPECT_EQ(records[0].timestamp_ms, 9);
}

}  // namespace
}  // namespace ottla::kafka::records
