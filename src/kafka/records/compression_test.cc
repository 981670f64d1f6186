#include "kafka/records/compression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <snappy.h>
#include <zstd.h>

#include <array>
#include <string>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

using testing::copy_of;

constexpr std::size_t kPlenty = std::size_t{64} << 20U;
constexpr std::array kCodecs = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += fmt::format("record {} ", text.size() % 1013);
  text.resize(size);
  return text;
}

class EveryCodec : public ::testing::TestWithParam<Codec> {};

TEST_P(EveryCodec, RoundTripsAllSizesWithOneObject) {
  Compressor compressor;
  Decompressor decompressor;
  for (const std::size_t size : {0U, 1U, 100U, 32768U, 65536U, 65537U, 3'000'000U, 5U}) {
    const std::string text = text_of(size);
    const Bytes packed = compressor.compress(GetParam(), std::nullopt, as_bytes(text)).value();
    const auto plain = decompressor.decompress(GetParam(), packed, kPlenty);
    ASSERT_TRUE(plain.has_value()) << plain.error().to_string();
    ASSERT_EQ(as_string_view(*plain), text);
  }
}

TEST_P(EveryCodec, HoldsTheLimitToTheByte) {
  Compressor compressor;
  for (const std::size_t size : {1000U, 70'000U, 200'000U}) {
    const std::string text = text_of(size);
    const Bytes packed = compressor.compress(GetParam(), std::nullopt, as_bytes(text)).value();
    Decompressor fresh;
    EXPECT_EQ(fresh.decompress(GetParam(), packed, size).value().size(), size);
    EXPECT_EQ(fresh.decompress(GetParam(), packed, size - 1).error().code,
              BaseErrc::kLimitExceeded);
    EXPECT_EQ(Decompressor().decompress(GetParam(), packed, size - 1).error().code,
              BaseErrc::kLimitExceeded);
  }
}

TEST_P(EveryCodec, RefusesCutOffData) {
  Compressor compressor;
  Decompressor decompressor;
  const std::string text = text_of(100'000);
  const auto packed =
      copy_of(compressor.compress(GetParam(), std::nullopt, as_bytes(text)).value());
  for (std::size_t size = 0; size < packed.size(); size += 97) {
    const auto plain = decompressor.decompress(GetParam(), Bytes(packed).first(size), kPlenty);
    // A snappy stream may end after any chunk.
    if (plain) {
      ASSERT_EQ(GetParam(), Codec::kSnappy);
      ASSERT_LT(plain->size(), text.size());
    }
  }
  EXPECT_EQ(decompressor.decompress(GetParam(), packed, kPlenty).value().size(), text.size());
}

TEST_P(EveryCodec, ReadsStreamsThatFollowEachOther) {
  Compressor compressor;
  auto packed = copy_of(compressor.compress(GetParam(), std::nullopt, as_bytes("first ")).value());
  const Bytes second = compressor.compress(GetParam(), std::nullopt, as_bytes("second")).value();
  packed.insert(packed.end(), second.begin(), second.end());
  Decompressor decompressor;
  EXPECT_EQ(as_string_view(decompressor.decompress(GetParam(), packed, kPlenty).value()),
            "first second");
}

INSTANTIATE_TEST_SUITE_P(Compression, EveryCodec, ::testing::ValuesIn(kCodecs),
                         [](const auto& info) { return std::string(to_string(info.param)); });

RC_GTEST_PROP(Compression, SurvivesGarbage, (const std::string& garbage)) {
  Decompressor decompressor;
  for (const Codec codec : kCodecs) {
    (void)decompressor.decompress(codec, as_bytes(garbage), 1 << 20);
    (void)decompressor.decompress_magic0(codec, as_bytes(garbage), 1 << 20);
  }
}

RC_GTEST_PROP(Compression, SurvivesFlippedBytes, (std::uint8_t change)) {
  const Codec codec = *rc::gen::elementOf(kCodecs);
  Compressor compressor;
  auto packed = copy_of(compressor.compress(codec, std::nullopt, as_bytes(text_of(2000))).value());
  packed[*rc::gen::inRange<std::size_t>(0, packed.size())] ^= static_cast<std::byte>(change);
  Decompressor decompressor;
  const auto plain = decompressor.decompress(codec, packed, 1 << 20);
  if (plain) RC_ASSERT(plain->size() <= std::size_t{1} << 20U);
}

TEST(Compression, ReadsRawSnappy) {
  const std::string text = text_of(5000);
  std::string packed;
  snappy::Compress(text.data(), text.size(), &packed);
  Decompressor decompressor;
  EXPECT_EQ(
      as_string_view(decompressor.decompress(Codec::kSnappy, as_bytes(packed), kPlenty).value()),
      text);
}

TEST(Compression, DoesNotBelieveAHugeClaimedSize) {
  // A snappy block and a zstd frame that claim about 4 GiB.
  const std::string snappy_claim(
      "\xFF\xFF\xFF\xFF\x0F"
      "abc",
      8);
  Decompressor decompressor;
  EXPECT_EQ(decompressor.decompress(Codec::kSnappy, as_bytes(snappy_claim), kPlenty).error().code,
            BaseErrc::kLimitExceeded);
  const std::string zstd_claim("\x28\xB5\x2F\xFD\xA0\xFF\xFF\xFF\xFF\x01\x00\x00", 12);
  EXPECT_EQ(decompressor.decompress(Codec::kZstd, as_bytes(zstd_claim), kPlenty).error().code,
            BaseErrc::kLimitExceeded);
}

TEST(Compression, RefusesAnImpossibleGzipLevel) {
  Compressor compressor;
  EXPECT_EQ(compressor.compress(Codec::kGzip, 42, as_bytes("x")).error().code,
            BaseErrc::kInvalidInput);
  EXPECT_TRUE(compressor.compress(Codec::kGzip, 9, as_bytes("x")).has_value());
}

}  // namespace
}  // namespace ottla::kafka::records
