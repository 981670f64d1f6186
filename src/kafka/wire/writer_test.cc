#include "kafka/wire/writer.h"

#include <gtest/gtest.h>

#include <string>

namespace ottla::kafka::wire {
namespace {

std::string hex(const Writer& w) {
  std::string text;
  for (const std::byte b : w.bytes()) text += fmt::format("{:02x}", std::to_integer<int>(b));
  return text;
}

template <class Write>
std::string written(Write write) {
  Writer w;
  write(w);
  SizeCounter counter;
  write(counter);
  EXPECT_EQ(counter.size(), w.size());
  EXPECT_EQ(counter.ok(), w.ok());
  return hex(w);
}

TEST(Writer, WritesNumbersBigEndian) {
  EXPECT_EQ(written([](auto& w) { w.int8(-2); }), "fe");
  EXPECT_EQ(written([](auto& w) { w.int16(0x0102); }), "0102");
  EXPECT_EQ(written([](auto& w) { w.int32(-2); }), "fffffffe");
  EXPECT_EQ(written([](auto& w) { w.int64(0x0102030405060708); }), "0102030405060708");
  EXPECT_EQ(written([](auto& w) { w.uint32(0xfffefdfc); }), "fffefdfc");
  EXPECT_EQ(written([](auto& w) { w.boolean(true); }), "01");
  EXPECT_EQ(written([](auto& w) { w.float64(1.5); }), "3ff8000000000000");
}

TEST(Writer, WritesVarints) {
  EXPECT_EQ(written([](auto& w) { w.unsigned_varint(0); }), "00");
  EXPECT_EQ(written([](auto& w) { w.unsigned_varint(127); }), "7f");
  EXPECT_EQ(written([](auto& w) { w.unsigned_varint(300); }), "ac02");
  EXPECT_EQ(written([](auto& w) { w.unsigned_varint(0xffffffff); }), "ffffffff0f");
  EXPECT_EQ(written([](auto& w) { w.varint(-1); }), "01");
  EXPECT_EQ(written([](auto& w) { w.varint(1); }), "02");
  EXPECT_EQ(written([](auto& w) { w.varint(std::numeric_limits<std::int32_t>::min()); }),
            "ffffffff0f");
  EXPECT_EQ(written([](auto& w) { w.varlong(std::numeric_limits<std::int64_t>::min()); }),
            "ffffffffffffffffff01");
}

TEST(Writer, WritesStringsInBothForms) {
  EXPECT_EQ(written([](auto& w) { w.string("ab"); }), "00026162");
  EXPECT_EQ(written([](auto& w) { w.string("ab", true); }), "036162");
  EXPECT_EQ(written([](auto& w) { w.nullable_string(std::nullopt); }), "ffff");
  EXPECT_EQ(written([](auto& w) { w.nullable_string(std::nullopt, true); }), "00");
}

TEST(Writer, WritesBytesAndArraysInBothForms) {
  EXPECT_EQ(written([](auto& w) { w.bytes(as_bytes("ab")); }), "000000026162");
  EXPECT_EQ(written([](auto& w) { w.bytes(as_bytes("ab"), true); }), "036162");
  EXPECT_EQ(written([](auto& w) { w.nullable_bytes(std::nullopt); }), "ffffffff");
  EXPECT_EQ(written([](auto& w) { w.array_length(2); }), "00000002");
  EXPECT_EQ(written([](auto& w) { w.array_length(200, true); }), "c901");
  EXPECT_EQ(written([](auto& w) { w.null_array(true); }), "00");
}

TEST(Writer, FailsOnStringThatIsTooLongForItsForm) {
  const std::string text(40000, 'x');
  Writer w;
  w.string(text);
  EXPECT_FALSE(w.ok());
  w.clear();
  w.string(text, true);
  EXPECT_TRUE(w.ok());
  EXPECT_EQ(w.size(), 40003U);
}

TEST(Writer, PatchesLengthInFront) {
  Writer w;
  w.int32(0);
  w.string("ab");
  w.patch_int32(0, static_cast<std::int32_t>(w.size() - 4));
  EXPECT_EQ(hex(w), "0000000400026162");
}

TEST(Writer, KeepsCapacityWhenCleared) {
  Writer w;
  for (int i = 0; i < 1000; ++i) w.int64(i);
  const std::size_t capacity = w.capacity();
  w.clear();
  EXPECT_EQ(w.size(), 0U);
  EXPECT_EQ(w.capacity(), capacity);
}

TEST(Writer, IsUsableAfterItWasMovedFrom) {
  Writer first;
  first.int16(1);
  Writer second = std::move(first);
  EXPECT_EQ(hex(second), "0001");
  first.int16(2);  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(hex(first), "0002");
  second = std::move(first);
  EXPECT_EQ(hex(second), "0002");
}

}  // namespace
}  // namespace ottla::kafka::wire
