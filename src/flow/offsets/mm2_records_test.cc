#include "flow/offsets/mm2_records.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "flow/offsets/murmur2.h"
#include "flow/offsets/offset_sync_store.h"

namespace ottla::flow {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

TEST(Mm2Records, OffsetSyncHasJavasBytes) {
  const OffsetSync sync{"orders", PartitionId(3), Offset(1000), Offset(950)};
  const auto record = encode(sync).value();
  EXPECT_EQ(hex(record.key), "00066f726465727300000003");
  EXPECT_EQ(hex(record.value), "00000000000003e800000000000003b6");
  EXPECT_EQ(decode_offset_sync(record.key, record.value).value(), sync);
}

TEST(Mm2Records, CheckpointHasJavasBytes) {
  Checkpoint c{"grp", "A.orders", PartitionId(3), Offset(1000), Offset(950), ""};
  EXPECT_EQ(hex(encode(c)->key), "00036772700008412e6f726465727300000003");
  EXPECT_EQ(hex(encode(c)->value), "000000000000000003e800000000000003b60000");
  c.metadata = "x";
  const auto record = encode(c).value();
  EXPECT_EQ(hex(record.value), "000000000000000003e800000000000003b6000178");
  EXPECT_EQ(decode_checkpoint(record.key, record.value + "later").value(), c);
}

TEST(Mm2Records, HeartbeatHasJavasBytes) {
  const Heartbeat h{"A", "B", 1700000000000};
  const auto record = encode(h).value();
  EXPECT_EQ(hex(record.key), "000141000142");
  EXPECT_EQ(hex(record.value), "00000000018bcfe56800");
  EXPECT_EQ(decode_heartbeat(record.key, record.value).value(), h);
}

TEST(Mm2Records, RefusesWhatIsCutShortOrTooLong) {
  const auto record = encode(Heartbeat{"A", "B", 1}).value();
  EXPECT_FALSE(decode_heartbeat(record.key, record.value.substr(0, 9)));
  EXPECT_FALSE(decode_heartbeat(record.key.substr(0, 5), record.value));
  EXPECT_FALSE(encode(Heartbeat{std::string(40000, 'x'), "B", 1}));
}

TEST(ConnectOffsets, HaveJavasBytesAndPartitions) {
  const std::string source = connect_source_key("A", "orders", PartitionId(3));
  EXPECT_EQ(source, R"(["MirrorSourceConnector",{"cluster":"A","partition":3,"topic":"orders"}])");
  EXPECT_EQ(partition_of_key(source, 25), 4);
  EXPECT_EQ(partition_of_key(connect_source_key("A", "orders", PartitionId(0)), 25), 3);
  const std::string checkpoint = connect_checkpoint_key("grp", "A.orders", PartitionId(3));
  EXPECT_EQ(checkpoint,
            R"(["MirrorCheckpointConnector",{"partition":3,"topic":"A.orders","group":"grp"}])");
  EXPECT_EQ(partition_of_key(checkpoint, 25), 6);
  const std::string heartbeat = connect_heartbeat_key("A", "B");
  EXPECT_EQ(heartbeat,
            R"(["MirrorHeartbeatConnector",{"sourceClusterAlias":"A","targetClusterAlias":"B"}])");
  EXPECT_EQ(partition_of_key(heartbeat, 25), 0);
  EXPECT_EQ(connect_offset_value(Offset(949)), R"({"offset":949})");
}

TEST(ConnectOffsets, EscapeAsJacksonDoes) {
  EXPECT_EQ(connect_heartbeat_key("a\"b\\c/\n\x01", "é"),
            "[\"MirrorHeartbeatConnector\",{\"sourceClusterAlias\":\"a\\\"b\\\\c/\\n\\u0001\","
            "\"targetClusterAlias\":\"é\"}]");
}

TEST(ConnectOffsets, AreRead) {
  const auto key = decode_connect_source_key(connect_source_key("A", "orders", PartitionId(3)));
  EXPECT_EQ(key.value(),
            (ConnectSourceKey{"MirrorSourceConnector", "A", "orders", PartitionId(3)}));
  EXPECT_EQ(decode_connect_offset_value(R"({"offset":949})").value(), Offset(949));
  EXPECT_FALSE(decode_connect_source_key(connect_heartbeat_key("A", "B")));
  EXPECT_FALSE(decode_connect_source_key("nonsense"));
  EXPECT_FALSE(decode_connect_offset_value("{}"));
}

TEST(Murmur2, GivesKafkasValues) {
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
}

TEST(OffsetSyncEmitter, EmitsWhereMm2Does) {
  OffsetSyncEmitter emitter(50);
  const auto emits = [&emitter](std::int64_t u, std::int64_t d) {
    const bool is_due = emitter.update(Offset(u), Offset(d));
    emitter.clear();
    return is_due;
  };
  EXPECT_TRUE(emits(0, 100));
  EXPECT_TRUE(emits(2, 102));  // a gap upstream
  EXPECT_FALSE(emits(3, 152));
  EXPECT_TRUE(emits(4, 153));  // 50 behind
  EXPECT_FALSE(emits(5, 154));
  EXPECT_FALSE(emits(6, 203));
  EXPECT_TRUE(emits(7, 204));
  EXPECT_TRUE(emits(2, 206));  // a rewind
  EXPECT_FALSE(emits(3, 207));
  EXPECT_TRUE(emits(4, 3));  // the target moved back
  EXPECT_FALSE(emits(5, 4));
  EXPECT_TRUE(emitter.update(Offset(7), Offset(6)));
  EXPECT_TRUE(emitter.update(Offset(8), Offset(7)));  // still due until it is cleared
}

TEST(OffsetSyncEmitter, WithLagZeroEveryRecordIsASync) {
  OffsetSyncEmitter emitter(0);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(emitter.update(Offset(i), Offset(i)));
    emitter.clear();
  }
}

// Slots where the history changes: first index and upstream offset.
using Distinct = std::vector<std::pair<std::size_t, std::int64_t>>;
Distinct distinct(const OffsetSyncHistory& history) {
  Distinct out;
  const auto& slots = history.slots();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i == 0 || slots[i].id != slots[i - 1].id) out.emplace_back(i, slots[i].upstream);
  }
  return out;
}

OffsetSyncHistory spaced(std::int64_t from, std::int64_t to, std::int64_t step) {
  OffsetSyncHistory history;
  for (std::int64_t u = from; u <= to; u += step) history.add(Offset(u), Offset(u));
  return history;
}

std::int64_t translated(const OffsetSyncHistory& history, std::int64_t u) {
  return history.translate(Offset(u)).value().value();
}

TEST(OffsetSyncHistory, TranslatesExactlyAtSyncsAndOnePastThemBetween) {
  OffsetSyncHistory h;
  EXPECT_FALSE(h.translate(Offset(0)));
  h.add(Offset(100), Offset(200));
  EXPECT_EQ(translated(h, 150), 201);
  h.add(Offset(150), Offset(251));
  EXPECT_EQ(translated(h, 150), 251);
  EXPECT_EQ(translated(h, 100), 200);
  EXPECT_EQ(translated(h, 99), -1);
  h.add(Offset(200), Offset(10));
  EXPECT_EQ(translated(h, 200), 10);
  EXPECT_EQ(translated(h, 150), 251);
  h.add(Offset(20), Offset(20));  // a rewind drops history
  EXPECT_EQ(translated(h, 20), 20);
  EXPECT_EQ(translated(h, 5), -1);
  EXPECT_EQ(distinct(h).size(), 1U);
}

TEST(OffsetSyncHistory, KeepsTheSlotsThatMm2Keeps) {
  EXPECT_EQ(distinct(spaced(0, 1000, 1)), (Distinct{{0, 1000},
                                                    {1, 999},
                                                    {2, 998},
                                                    {3, 996},
                                                    {4, 992},
                                                    {5, 976},
                                                    {6, 960},
                                                    {7, 896},
                                                    {8, 768},
                                                    {9, 512},
                                                    {10, 0}}));
  EXPECT_EQ(
      distinct(spaced(0, 1000, 10)),
      (Distinct{{0, 1000}, {5, 990}, {6, 960}, {7, 900}, {8, 840}, {9, 720}, {10, 480}, {11, 0}}));
  EXPECT_EQ(distinct(spaced(0, 10000, 100)), (Distinct{{0, 10000},
                                                       {8, 9900},
                                                       {9, 9800},
                                                       {10, 9600},
                                                       {11, 8800},
                                                       {12, 8000},
                                                       {13, 6400},
                                                       {14, 0}}));
  EXPECT_EQ(distinct(spaced(0, 101000, 101)), (Distinct{{0, 101000},
                                                        {8, 100899},
                                                        {9, 100798},
                                                        {10, 100596},
                                                        {11, 100192},
                                                        {12, 98576},
                                                        {13, 96960},
                                                        {14, 90496},
                                                        {15, 77568},
                                                        {16, 51712},
                                                        {17, 0}}));
}

TEST(OffsetSyncHistory, GivesMm2sAnswersOnSparseHistory) {
  const auto h = spaced(175, 475, 100);
  EXPECT_EQ(distinct(h), (Distinct{{0, 475}, {8, 375}, {9, 175}}));
  EXPECT_EQ(translated(h, 250), 176);
  EXPECT_EQ(translated(h, 370), 176);
  EXPECT_EQ(translated(h, 400), 376);
  EXPECT_EQ(translated(spaced(100, 300, 100), 250), 201);
}

TEST(OffsetSyncHistory, DropsSyncsAtTheSameMomentAsMm2) {
  OffsetSyncHistory h;
  for (std::int64_t u = 11; u <= 16; ++u) {
    h.add(Offset(u), Offset(u - 7));
    if (u >= 13) EXPECT_EQ(translated(h, 13), 6) << u;
  }
  h.add(Offset(17), Offset(10));
  EXPECT_EQ(translated(h, 13), 5);
}

TEST(OffsetSyncHistory, EqualValuesAreDifferentSyncs) {
  OffsetSyncHistory h;
  for (const std::int64_t d : {100, 150, 160}) h.add(Offset(100), Offset(d));
  EXPECT_EQ(translated(h, 100), 160);
  EXPECT_EQ(translated(h, 101), 161);
  EXPECT_EQ(translated(h, 99), -1);
}

TEST(OffsetSyncHistory, AgreesOnARandomHistory) {
  OffsetSyncHistory h;
  std::uint64_t x = 12345;
  std::int64_t u = 0;
  for (int i = 0; i < 500; ++i) {
    x = (x * 1103515245 + 12345) % (std::uint64_t{1} << 31);
    u += static_cast<std::int64_t>(1 + (x >> 16) % 100);
    h.add(Offset(u), Offset(3 * u + 1));
  }
  EXPECT_EQ(distinct(h), (Distinct{{0, 26143},
                                   {7, 26093},
                                   {8, 26057},
                                   {9, 25964},
                                   {10, 25765},
                                   {11, 25344},
                                   {12, 24557},
                                   {13, 21012},
                                   {14, 14887},
                                   {15, 69}}));
  EXPECT_EQ(translated(h, 26142), 78281);
  EXPECT_EQ(translated(h, 26079), 78173);
  EXPECT_EQ(translated(h, 25631), 76034);
  EXPECT_EQ(translated(h, 24095), 63038);
  EXPECT_EQ(translated(h, 9759), 209);
}

TEST(OffsetSyncStore, KnowsNothingBeforeItHasReadToTheEnd) {
  const TopicPartition tp{"t", PartitionId(0)};
  OffsetSyncStore store(true);
  const auto add = [&](std::int64_t u) { store.add({"t", PartitionId(0), Offset(u), Offset(u)}); };
  for (std::int64_t u = 0; u <= 1000; u += 100) add(u);
  EXPECT_FALSE(store.translate(tp, Offset(1000)));
  store.read_to_end();
  EXPECT_EQ(distinct(*store.history(tp)), (Distinct{{0, 1000}}));
  for (std::int64_t u = 1100; u <= 2000; u += 100) add(u);
  EXPECT_EQ(distinct(*store.history(tp)),
            (Distinct{{0, 2000}, {8, 1900}, {9, 1800}, {10, 1400}, {11, 1000}}));
  EXPECT_FALSE(store.translate({"other", PartitionId(0)}, Offset(0)));
}

TEST(OffsetSyncStore, UsesHistoryAtOnceWhereCheckpointsWereLoaded) {
  const TopicPartition tp{"t", PartitionId(0)};
  OffsetSyncStore store(false);
  for (std::int64_t u = 0; u <= 1000; u += 10)
    store.add({"t", PartitionId(0), Offset(u), Offset(u)});
  store.read_to_end();
  EXPECT_EQ(store.translate(tp, Offset(480)), Offset(480));
  for (std::int64_t u = 1000; u <= 10000; u += 10) {
    store.add({"t", PartitionId(0), Offset(u), Offset(u)});
  }
  std::vector<std::int64_t> kept;
  for (const auto& [slot, u] : distinct(*store.history(tp))) kept.insert(kept.begin(), u);
  EXPECT_EQ(kept, (std::vector<std::int64_t>{0, 3840, 7680, 8640, 9120, 9600, 9840, 9900, 9960,
                                             9990, 10000}));
}

}  // namespace
}  // namespace ottla::flow
