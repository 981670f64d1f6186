// Goes over all messages and versions of the schema.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "kafka/protocol/testing/message_table.h"

namespace ottla::kafka::testing {
namespace {

template <class Check>
void for_every_version(Check check) {
  for (const MessageEntry& m : all_messages()) {
    for (std::int16_t v = m.min_version; v <= m.max_version; ++v) {
      SCOPED_TRACE(std::string(m.name) + " v" + std::to_string(v));
      check(m, v);
    }
  }
}

void expect_round_trips(Fill fill) {
  for_every_version([fill](const MessageEntry& m, std::int16_t v) {
    const RoundTrip trip = m.round_trip(fill, v);
    EXPECT_TRUE(trip.writer_ok);
    EXPECT_TRUE(trip.size_agrees);
    EXPECT_TRUE(trip.decodes_to_the_end);
    EXPECT_TRUE(trip.equal);
    const ByteVector bytes = m.encode(fill, v);
    EXPECT_EQ(m.recode(bytes, v), bytes);
  });
}

TEST(EveryMessage, SurvivesRoundTripWithDefaults) {
  expect_round_trips(Fill::kDefaults);
}
TEST(EveryMessage, SurvivesRoundTripFilled) {
  expect_round_trips(Fill::kFilled);
}
TEST(EveryMessage, SurvivesRoundTripWithNulls) {
  expect_round_trips(Fill::kNulls);
}
TEST(EveryMessage, KeepsUnknownTags) {
  expect_round_trips(Fill::kUnknownTags);
}

TEST(EveryMessage, RefusesEveryTruncation) {
  for_every_version([](const MessageEntry& m, std::int16_t v) {
    const ByteVector whole = m.encode(Fill::kUnknownTags, v);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      // A block of exactly n bytes, so that AddressSanitizer sees a read beyond it.
      const auto block = std::make_unique<std::byte[]>(n);
      std::copy_n(whole.begin(), n, block.get());
      EXPECT_FALSE(m.recode({block.get(), n}, v)) << n << " of " << whole.size() << " bytes";
    }
  });
}

TEST(EveryMessage, SurvivesAnyChangedByte) {
  for_every_version([](const MessageEntry& m, std::int16_t v) {
    ByteVector bytes = m.encode(Fill::kFilled, v);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int value : {0x00, 0x7F, 0xFF}) {
        const std::byte kept = std::exchange(bytes[i], static_cast<std::byte>(value));
        static_cast<void>(m.recode(bytes, v));
        bytes[i] = kept;
      }
    }
  });
}

TEST(EveryMessage, RefusesVersionsOutsideOfItsRange) {
  for (const MessageEntry& m : all_messages()) {
    EXPECT_FALSE(m.recode({}, static_cast<std::int16_t>(m.min_version - 1))) << m.name;
    EXPECT_FALSE(m.recode({}, static_cast<std::int16_t>(m.max_version + 1))) << m.name;
  }
}

TEST(EveryMessage, PrintsAsJson) {
  for_every_version([](const MessageEntry& m, std::int16_t v) {
    const std::string text = m.json(m.encode(Fill::kFilled, v), v);
    EXPECT_TRUE(text.starts_with('{') && text.ends_with('}')) << text;
  });
}

}  // namespace
}  // namespace ottla::kafka::testing
