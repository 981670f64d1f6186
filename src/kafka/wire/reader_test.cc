#include "kafka/wire/reader.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

#include "kafka/wire/writer.h"

namespace ottla::kafka::wire {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}

TEST(Reader, ReadsBackWhatAWriterWrote) {
  Writer w;
  w.int8(-1);
  w.uint16(65535);
  w.int64(std::numeric_limits<std::int64_t>::min());
  w.float64(-0.25);
  w.varlong(-123456789012);
  w.string("ab", true);
  w.uuid(TopicId{{1, 2, 3}});
  Reader r(w.bytes());
  EXPECT_EQ(r.int8(), -1);
  EXPECT_EQ(r.uint16(), 65535);
  EXPECT_EQ(r.int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(r.float64(), -0.25);
  EXPECT_EQ(r.varlong(), -123456789012);
  EXPECT_EQ(r.string(true), "ab");
  EXPECT_EQ(r.uuid(), (TopicId{{1, 2, 3}}));
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0U);
}

TEST(Reader, VarintsSurviveAtEveryWidth) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::int64_t v : {std::int64_t{1} << shift, -(std::int64_t{1} << (shift % 63))}) {
      Writer w;
      w.varlong(v);
      EXPECT_EQ(w.size(), varlong_size(v));
      Reader r(w.bytes());
      EXPECT_EQ(r.varlong(), v);
      EXPECT_TRUE(r.ok());
    }
  }
}

TEST(Reader, RefusesVarintsThatAreTooLong) {
  const auto six = bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x00});
  const auto too_big = bytes_of({0xff, 0xff, 0xff, 0xff, 0x1f});
  const auto cut = bytes_of({0x80});
  for (const auto& bytes : {six, too_big, cut}) {
    Reader r(bytes);
    EXPECT_EQ(r.unsigned_varint(), 0U);
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(r.position(), 0U);
  }
}

TEST(Reader, FailureSticks) {
  const auto bytes = bytes_of({0, 1, 2});
  Reader r(bytes);
  EXPECT_EQ(r.int32(), 0);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.int8(), 0);
  EXPECT_EQ(r.string(), "");
  EXPECT_EQ(r.remaining(), 0U);
  EXPECT_EQ(r.array_length(), 0U);
  EXPECT_TRUE(r.unknown_tags().empty());
}

TEST(Reader, RefusesLengthsBeyondTheEnd) {
  const auto string = bytes_of({0x7f, 0xff, 'a'});
  Reader r1(string);
  EXPECT_EQ(r1.string(), "");
  EXPECT_FALSE(r1.ok());
  const auto array = bytes_of({0x7f, 0xff, 0xff, 0xff, 1});
  Reader r2(array);
  EXPECT_EQ(r2.array_length(), 0U);
  EXPECT_FALSE(r2.ok());
  const auto compact = bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f, 1});
  Reader r3(compact);
  EXPECT_TRUE(r3.bytes(true).empty());
  EXPECT_FALSE(r3.ok());
}

TEST(Reader, RefusesNegativeLengthsOtherThanNull) {
  const auto bytes = bytes_of({0xff, 0xfe});
  Reader r(bytes);
  EXPECT_TRUE(r.nullable_string_view().has_value());
  EXPECT_FALSE(r.ok());
}

TEST(Reader, TellsNullFromEmpty) {
  const auto bytes = bytes_of({0xff, 0xff, 0, 0, 0, 1});
  Reader r(bytes);
  EXPECT_EQ(r.nullable_string(), std::nullopt);
  EXPECT_EQ(r.nullable_string(), "");
  EXPECT_EQ(r.nullable_bytes(true), std::nullopt);
  EXPECT_EQ(r.nullable_array_length(true), 0U);
  EXPECT_TRUE(r.ok());
  Reader strict(bytes);
  EXPECT_EQ(strict.string(), "");
  EXPECT_FALSE(strict.ok());
}

TEST(Reader, SlicesPointIntoTheInput) {
  const auto bytes = bytes_of({1, 2, 3, 4});
  Reader r(bytes);
  r.skip(1);
  const Bytes slice = r.slice(2);
  EXPECT_EQ(slice.data(), bytes.data() + 1);
  EXPECT_EQ(r.position(), 3U);
  EXPECT_EQ(r.remaining(), 1U);
  EXPECT_TRUE(r.slice(2).empty());
  EXPECT_FALSE(r.ok());
}

TEST(Reader, KeepsUnknownTags) {
  const auto bytes = bytes_of({2, 5, 2, 0xaa, 0xbb, 9, 0});
  Reader r(bytes);
  const UnknownTags tags = r.unknown_tags();
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0], (TaggedField{5, bytes_of({0xaa, 0xbb})}));
  EXPECT_EQ(tags[1], (TaggedField{9, {}}));
}

TEST(Reader, RefusesMoreTagsThanBytes) {
  const auto bytes = bytes_of({3, 5, 0, 9, 0});
  Reader r(bytes);
  EXPECT_TRUE(r.unknown_tags().empty());
  EXPECT_FALSE(r.ok());
}

}  // namespace
}  // namespace ottla::kafka::wire
