#include "flow/offsets/map_log.h"

#include <gtest/gtest.h>

#include "flow/offsets/test_support.h"

namespace ottla::flow {
namespace {

const PartitionKey kKey{"A", "orders", PartitionId(3)};

CopyState some_state() {
  CopyState state;
  state.source_topic_id.bytes[0] = 7;
  state.target_topic = "A.orders";
  state.target_topic_id.bytes[15] = 9;
  state.leader_epoch = LeaderEpoch(4);
  state.begin_generation({ProducerId(1000), ProducerEpoch(2), 0, Offset(0)});
  return state;
}

// A compacted topic: the last value of each key.
struct Topic {
  std::map<std::string, std::string> records;
  void write(const MapRecord& r) {
    if (r.value) {
      records[r.key] = *r.value;
    } else {
      records.erase(r.key);
    }
  }
  void write(const std::vector<MapRecord>& all) {
    for (const MapRecord& r : all) write(r);
  }
  [[nodiscard]] std::map<PartitionKey, Result<LoadedPartition>> load() const {
    MapLoader loader;
    for (const auto& [key, value] : records) EXPECT_TRUE(loader.add(key, value));
    return loader.finish();
  }
};

std::size_t bytes(const std::vector<MapRecord>& records) {
  std::size_t n = 0;
  for (const MapRecord& r : records) n += r.key.size() + (r.value ? r.value->size() : 0);
  return n;
}

TEST(MapLog, LoadsWhatItWrote) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(5), Offset(0), 10));
  ASSERT_TRUE(map.append(Offset(17), Offset(11), 10));
  map.advance_upstream(Offset(30));
  MapLog log(kKey);
  Topic topic;
  topic.write(log.plan(some_state(), map));
  const auto loaded = topic.load();
  const auto& partition = loaded.at(kKey);
  ASSERT_TRUE(partition) << partition.error().to_string();
  EXPECT_EQ(partition->state, some_state());
  EXPECT_TRUE(partition->map.same_mapping(map));
}

TEST(MapLog, WritesNothingWhereNothingChanged) {
  OffsetMap map;
  MapLog log(kKey);
  EXPECT_EQ(log.plan(some_state(), map).size(), 1U);
  log.committed();
  EXPECT_TRUE(log.plan(some_state(), map).empty());
}

TEST(MapLog, WritesOneSmallRecordWhenOneRunGrew) {
  OffsetMap map;
  MapLog log(kKey);
  for (std::int64_t i = 0; i < 5000; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  log.plan(some_state(), map);
  log.committed();
  ASSERT_TRUE(map.append(map.upstream_position(), map.downstream_end(), 100000));
  const auto records = log.plan(some_state(), map);
  EXPECT_EQ(records.size(), 1U);
  EXPECT_LT(bytes(records), 200U);
}

TEST(MapLog, RewritesOnlyTheOpenChunk) {
  OffsetMap map;
  MapLog log(kKey);
  for (std::int64_t i = 0; i < 2500; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  EXPECT_EQ(log.plan(some_state(), map).size(), 4U);  // three chunks and the state
  log.committed();
  for (std::int64_t i = 2500; i < 2600; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  const auto records = log.plan(some_state(), map);
  EXPECT_EQ(records.size(), 2U);
  EXPECT_LT(bytes(records), 600U * 5);
}

TEST(MapLog, TombstonesChunksThatRetentionMadeUseless) {
  OffsetMap map;
  MapLog log(kKey);
  Topic topic;
  for (std::int64_t i = 0; i < 2500; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  topic.write(log.plan(some_state(), map));
  log.committed();
  map.trim_downstream(Offset(2000));
  const auto records = log.plan(some_state(), map);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_FALSE(records[0].value);
  topic.write(records);
  EXPECT_EQ(topic.records.size(), 2U);
  EXPECT_TRUE(topic.load().at(kKey)->map.same_mapping(map));
}

TEST(MapLog, ForgetsEverythingOnRequest) {
  OffsetMap map;
  MapLog log(kKey);
  Topic topic;
  for (std::int64_t i = 0; i < 2500; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  topic.write(log.plan(some_state(), map));
  topic.write(log.forget());
  EXPECT_TRUE(topic.records.empty());
}

TEST(MapLoader, NamesTheKeyOfABrokenRecordAndLoadsTheOthers) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 1));
  MapLog good(kKey);
  MapLog bad({"A", "orders", PartitionId(4)});
  Topic topic;
  topic.write(good.plan(some_state(), map));
  auto records = bad.plan(some_state(), map);
  records.back().value->pop_back();
  topic.write(records);
  const auto loaded = topic.load();
  EXPECT_TRUE(loaded.at(kKey));
  const auto& broken = loaded.at(bad.key());
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().to_string(), "A:orders-4 state: state value is cut short: corrupt data");
}

TEST(MapLoader, RefusesAVersionFromTheFuture) {
  MapLoader loader;
  const std::string key = encode_key({kKey, MapRecordKind::kChunk, 7});
  ASSERT_TRUE(loader.add(encode_key({kKey, MapRecordKind::kState, 0}), encode(StateRecord{})));
  ASSERT_TRUE(loader.add(key, std::string_view("\0\1rest", 6)));
  const auto loaded = loader.finish();
  ASSERT_FALSE(loaded.at(kKey));
  EXPECT_NE(loaded.at(kKey).error().context.find("A:orders-3 chunk 7: value version 1"),
            std::string::npos);
  EXPECT_FALSE(loader.add(std::string_view("\5abc", 4), std::nullopt));
}

TEST(MapLoader, GivesIntentsOfTheSameLineageOnly) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 10));
  MapLog log(kKey);
  Topic topic;
  IntentRecord intent{.lineage = 0,
                      .ordinal_begin = 10,
                      .upstream_begin = Offset(10),
                      .entries = {{12, Offset(19), {{Offset(11), 1}, {Offset(15), 1}}},
                                  {13, Offset(21), {{Offset(20), 1}}}}};
  topic.write(log.intent(intent));
  topic.write(log.plan(some_state(), map));
  EXPECT_EQ(topic.load().at(kKey)->intents, intent);
  map.truncate_downstream(Offset(9));
  topic.write(log.plan(some_state(), map));
  EXPECT_FALSE(topic.load().at(kKey)->intents);
}

TEST(IntentRecord, KnowsWhereBatchesEndAndWhichRecordsTheyHold) {
  const IntentRecord intent{.lineage = 0,
                            .ordinal_begin = 10,
                            .upstream_begin = Offset(10),
                            .entries = {{12, Offset(19), {{Offset(11), 1}, {Offset(15), 1}}},
                                        {13, Offset(21), {{Offset(20), 1}}}}};
  EXPECT_EQ(intent.upstream_after(10), Offset(10));
  EXPECT_EQ(intent.upstream_after(12), Offset(19));
  EXPECT_FALSE(intent.upstream_after(11));
  const auto runs = intent.upstream_of(11, 13);
  ASSERT_TRUE(runs);
  EXPECT_EQ(*runs, (std::vector<IntentRecord::UpstreamRun>{{Offset(15), 1}, {Offset(20), 1}}));
  EXPECT_FALSE(intent.upstream_of(9, 12));
  EXPECT_FALSE(intent.upstream_of(12, 14));
}

TEST(MapRecordKey, AllRecordsOfAPartitionShareOnePartitionOfTheTopic) {
  const std::string state = encode_key({kKey, MapRecordKind::kState, 0});
  const std::string chunk = encode_key({kKey, MapRecordKind::kChunk, 99});
  EXPECT_EQ(state.substr(0, state.size() - 1), chunk.substr(0, state.size() - 1));
  EXPECT_EQ(decode_map_key(chunk).value(), (MapRecordKey{kKey, MapRecordKind::kChunk, 99}));
  EXPECT_LT(map_topic_partition(kKey, 25), 25);
}

// --- any prefix of a flush loads into the old map or a newer one, never a wrong one ---

using Record = NaiveMap::Record;

std::vector<Record> records_of(const OffsetMap& map) {
  std::vector<Record> out;
  for (const Run& run : map.runs()) {
    for (std::int64_t i = 0; i < run.count; ++i) {
      out.push_back({run.ordinal + i, run.upstream.value() + i, run.downstream.value() + i});
    }
  }
  return out;
}

// Every record of `loaded` is true in `truth`, and all between position and base are there.
bool is_older_view_of(const OffsetMap& loaded, const OffsetMap& truth) {
  const auto all = records_of(truth);
  const auto some = records_of(loaded);
  const auto in = [](const Record& r, const std::vector<Record>& set) {
    return std::ranges::find(set, r) != set.end();
  };
  // Older chunks may still hold what retention has removed from the truth.
  for (const Record& r : some) {
    if (r.upstream >= truth.base().upstream.value() && !in(r, all)) return false;
  }
  for (const Record& r : all) {
    const bool should_know = r.upstream < loaded.upstream_position().value() &&
                             r.upstream >= loaded.base().upstream.value();
    if (should_know && !in(r, some)) return false;
  }
  return loaded.upstream_position() <= truth.upstream_position() &&
         loaded.next_ordinal() <= truth.next_ordinal() &&
         loaded.downstream_end() <= truth.downstream_end();
}

// A random history with many runs, so that chunks come and go.
void big_step(OffsetMap& map, NaiveMap& naive) {
  random_step(map, naive);
  if (pick(0, 3) != 0) return;
  for (std::int64_t i = pick(0, 1500); i > 0; --i) {
    const std::int64_t u = naive.position + i % 2;
    RC_ASSERT(map.append(Offset(u), Offset(naive.end), 1).has_value());
    naive.append(u, naive.end, 1);
  }
  if (pick(0, 4) == 0) {
    const std::int64_t to = pick(0, naive.end + 1);
    map.truncate_downstream(Offset(to));
    naive.truncate_downstream(to);
  }
  if (pick(0, 6) == 0) {
    const std::int64_t to = pick(0, naive.position + 1);
    map.truncate_upstream(Offset(to));
    naive.truncate_upstream(to);
  }
  if (pick(0, 6) == 0) {
    const std::int64_t start = pick(0, naive.end + 1);
    map.trim_downstream(Offset(start));
    naive.trim(start);
  }
}

RC_GTEST_PROP(MapLogProperty, AnyPrefixOfAFlushLoadsIntoTheOldOrANewerMap, ()) {
  OffsetMap map;
  NaiveMap naive;
  MapLog log(kKey);
  Topic topic;
  std::vector<OffsetMap> candidates{map};  // the durable one, and all that were planned since
  topic.write(log.plan(some_state(), map));
  log.committed();
  for (std::int64_t flushes = pick(1, 12); flushes > 0; --flushes) {
    for (std::int64_t i = pick(0, 6); i > 0; --i) big_step(map, naive);
    const auto records = log.plan(some_state(), map);
    const std::int64_t fate = pick(0, 4);
    const auto written =
        fate == 0 ? static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(records.size()) + 1))
                  : records.size();
    for (std::size_t i = 0; i < written; ++i) topic.write(records[i]);
    candidates.push_back(map);
    const auto loaded = topic.load();
    const auto& partition = loaded.at(kKey);
    RC_ASSERT(partition.has_value());
    if (written == records.size()) {
      RC_ASSERT(is_older_view_of(partition->map, map));
      RC_ASSERT(partition->map.next_ordinal() == map.next_ordinal());
      RC_ASSERT(partition->map.upstream_position() == map.upstream_position());
      RC_ASSERT(!partition->history_lost);
    } else {
      RC_ASSERT(std::ranges::any_of(candidates, [&](const OffsetMap& truth) {
        return is_older_view_of(partition->map, truth);
      }));
    }
    if (fate == 0 && pick(0, 2) == 0) {
      // The owner dies; another goes on from what is stored, and first makes that whole.
      map = partition->map;
      log = partition->log;
      naive = NaiveMap{
          records_of(map),    map.base().upstream.value(),     map.base().downstream.value(),
          map.next_ordinal(), map.upstream_position().value(), map.downstream_end().value()};
      topic.write(log.plan(some_state(), map));
      log.committed();
      candidates = {map};
    } else if (fate != 0) {
      log.committed();
      candidates = {map};
    }
  }
}

RC_GTEST_PROP(MapRecordsProperty, DamagedBytesNeverCrash, ()) {
  OffsetMap map;
  NaiveMap naive;
  for (std::int64_t i = pick(1, 40); i > 0; --i) random_step(map, naive);
  MapLog log(kKey);
  auto records = log.plan(some_state(), map);
  std::string& value = *records.back().value;
  for (std::int64_t i = pick(1, 4); i > 0; --i) {
    const auto at = static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(value.size())));
    value[at] = static_cast<char>(pick(0, 256));
  }
  MapLoader loader;
  for (const auto& r : records) {
    RC_ASSERT(loader.add(r.key, r.value).has_value());
    RC_ASSERT(loader.add(encode_key({kKey, MapRecordKind::kChunk, 0}), r.value).has_value());
    RC_ASSERT(loader.add(encode_key({kKey, MapRecordKind::kIntent, 0}), r.value).has_value());
  }
  (void)loader.finish();
  (void)decode_map_key(value);
}

}  // namespace
}  // namespace ottla::flow
