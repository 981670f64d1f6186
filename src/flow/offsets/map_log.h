#pragma once
// The durable form of an offset map: which records of `ottla-offset-map-internal` have to be
// written, and how they are put together again. Format: docs/formats/offset-map.md.
//
//   state   one record a partition: identities, generations, ends, and the newest runs (the tail).
//           While only the last run grows, a flush is this one record.
//   chunk n up to kChunkRuns older runs. Only the last chunk is ever rewritten.
//   intent  what is announced before it is sent.
//
// Rules that make every prefix of a flush loadable, to the old map or to a newer one, never to a
// wrong one:
//   1. All records of a partition go to one partition of the topic, in the order that plan() gives:
//      tombstones of the oldest chunks, chunks, tombstones of cut ones, state. The next plan is
//      written after the last one.
//   2. A chunk carries the lineage in which it was written and begins at the ordinal where its
//      predecessor ends. A chunk of a lower lineage behind one of a higher is a left-over.
//   3. A chunk that may have been written without an answer is written again by the next plan.
// And two that the replicator keeps: what the first plan after loading yields is written before
// anything else happens; and a new generation, and a cut of the map, are durable before the first
// record that depends on them is sent.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flow/offsets/map_records.h"
#include "flow/offsets/offset_map.h"

namespace ottla::flow {

// A record to write; no value: a tombstone.
struct MapRecord {
  std::string key;
  std::optional<std::string> value;
};

// Writes one partition. Lives as long as the partition's owner; no I/O of its own.
class MapLog {
 public:
  static constexpr std::size_t kChunkRuns = 1000;
  static constexpr std::size_t kTailRunsMax = 64;

  explicit MapLog(PartitionKey key) : key_(std::move(key)) {}

  // The records that bring the topic up to date, in the order in which to write them; empty where
  // nothing changed. Call committed() once all are durable; if that never comes, the next plan
  // covers this one.
  std::vector<MapRecord> plan(const CopyState& state, const OffsetMap& map);
  void committed();

  // The announcement to be durable before the records that it lists are sent.
  [[nodiscard]] MapRecord intent(const IntentRecord& record) const;
  // Takes announcements back (the topic is no longer compacted, or the flow ends).
  [[nodiscard]] MapRecord no_intent() const;
  // Tombstones for everything that this partition may have in the topic.
  [[nodiscard]] std::vector<MapRecord> forget() const;

  [[nodiscard]] const PartitionKey& key() const { return key_; }

 private:
  friend class MapLoader;
  struct Chunk {
    std::int64_t number = 0;
    std::int64_t begin = 0;  // ordinals
    std::int64_t end = 0;
    std::size_t runs = 0;
    bool durable = false;
  };

  [[nodiscard]] std::string key_of(MapRecordKind kind, std::int64_t chunk = 0) const;
  void drop_trimmed(const OffsetMap& map);
  void rewrite_unanswered(const OffsetMap& map, std::int64_t cut, std::vector<MapRecord>& out);
  void write_chunks(const OffsetMap& map, std::size_t from, std::vector<MapRecord>& out);
  MapRecord write_chunk(const OffsetMap& map, const Chunk& chunk, bool is_last) const;
  [[nodiscard]] StateRecord state_record(const CopyState& state, const OffsetMap& map) const;

  PartitionKey key_;
  std::vector<Chunk> chunks_;    // what the topic holds, or may hold
  std::set<std::int64_t> dead_;  // chunk numbers to tombstone
  std::int64_t next_chunk_ = 0;
  std::int64_t lineage_ = 0;            // of the map when it was last planned
  std::optional<std::string> durable_;  // state value in the topic; unset: not known
  std::optional<std::string> planned_;
};

struct LoadedPartition {
  CopyState state;
  OffsetMap map;
  std::optional<IntentRecord> intents;  // only where they belong to this map
  MapLog log;
  // Older chunks did not fit: translation reaches less far back. Reported, never guessed.
  bool history_lost = false;
};

// Reads the topic from its start to its end, in log order.
class MapLoader {
 public:
  // Fails for a key that can't be read; such a record is skipped and nothing else is affected.
  Status add(std::string_view key, std::optional<std::string_view> value);

  // Per partition: what was found, or why it can't be used (naming the key). A partition without
  // a state record is absent: its first flush never finished.
  [[nodiscard]] std::map<PartitionKey, Result<LoadedPartition>> finish() const;

 private:
  struct Raw {
    std::optional<std::string> state;
    std::optional<std::string> intent;
    std::map<std::int64_t, std::string> chunks;
  };
  static Result<LoadedPartition> build(const PartitionKey& key, const Raw& raw);
  std::map<PartitionKey, Raw> partitions_;
};

}  // namespace ottla::flow
