#include "flow/offsets/ledger.h"

#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

LossEntry some_entry() {
  return {.kind = LossKind::kRetentionOvertook,
          .flow = "A->B",
          .topic = "orders",
          .partition = PartitionId(3),
          .from = Offset(100),
          .to = Offset(150),
          .records = 50,
          .first_timestamp_ms = std::nullopt,
          .last_timestamp_ms = 1700000000000,
          .detected_at_ms = 1700000100000,
          .policy = "continue",
          .text = "Raise retention.ms of \"orders\"."};
}

TEST(LossLedger, ReadsWhatItWrote) {
  for (int kind = 0; kind < 8; ++kind) {
    LossEntry entry = some_entry();
    entry.kind = static_cast<LossKind>(kind);
    const auto read = decode_ledger(encode_ledger_key(entry), encode_ledger_value(entry));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, entry);
  }
}

TEST(LossLedger, HasAStableFormat) {
  EXPECT_EQ(encode_ledger_key(some_entry()),
            R"({"v":1,"flow":"A->B","topic":"orders","partition":3,"kind":"retention-overtook",)"
            R"("from":100,"detectedAt":1700000100000})");
  EXPECT_EQ(encode_ledger_value(some_entry()),
            R"({"v":1,"to":150,"records":50,"firstTimestamp":null,"lastTimestamp":1700000000000,)"
            R"("policy":"continue","text":"Raise retention.ms of \"orders\"."})");
}

TEST(LossLedger, SpeaksToPeople) {
  EXPECT_EQ(render(some_entry()),
            "2023-11-14T22:15:00Z A->B orders-3: retention overtook the mirror: upstream offsets "
            "100 to 149 (50 records) never crossed; policy: continue. Raise retention.ms of "
            "\"orders\".");
}

TEST(LossLedger, SaysWhatItCannotRead) {
  const LossEntry entry = some_entry();
  EXPECT_FALSE(decode_ledger("{", encode_ledger_value(entry)));
  const auto missing = decode_ledger(encode_ledger_key(entry), R"({"v":1})");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().context.find("\"to\""), std::string::npos);
  const auto newer = decode_ledger(encode_ledger_key(entry), R"({"v":2})");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, make_error_code(BaseErrc::kUnsupported));
}

}  // namespace
}  // namespace ottla::flow
