#pragma once
// Keys and values of the topic `ottla-offset-map-internal`: the bytes only. Which records are
// written when, and what they mean together, is map_log.h. Format: docs/formats/offset-map.md.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "flow/offsets/offset_map.h"

namespace ottla::flow {

inline constexpr std::string_view kOffsetMapTopic = "ottla-offset-map-internal";

// The upstream partition of a flow into the cluster that holds the topic.
struct PartitionKey {
  std::string source_alias;
  std::string topic;  // name upstream
  PartitionId partition;
  auto operator<=>(const PartitionKey&) const = default;
  // "A:orders-3"
  [[nodiscard]] std::string to_string() const;
};

enum class MapRecordKind : std::int8_t { kState = 0, kChunk = 1, kIntent = 2 };

struct MapRecordKey {
  PartitionKey partition;
  MapRecordKind kind = MapRecordKind::kState;
  std::int64_t chunk = 0;  // kChunk only
  auto operator<=>(const MapRecordKey&) const = default;
  // "A:orders-3 chunk 7"
  [[nodiscard]] std::string to_string() const;
};

// A producer identity and the ordinals that it writes: a record with ordinal n carries the
// sequence (n - first_ordinal) mod 2^31. Written durably before its first record is sent.
struct Generation {
  ProducerId producer_id;
  ProducerEpoch epoch;
  std::int64_t first_ordinal = 0;
  Offset upstream_start;  // upstream position when it began
  bool operator==(const Generation&) const = default;
};

// What is known of a partition besides its map.
struct CopyState {
  TopicId source_topic_id;
  std::string target_topic;
  TopicId target_topic_id;
  LeaderEpoch leader_epoch{-1};         // of the last copied batch
  std::uint64_t flags = 0;              // none is defined yet; kept as read
  std::vector<Generation> generations;  // oldest first; at most kGenerationsMax
  bool operator==(const CopyState&) const = default;

  static constexpr std::size_t kGenerationsMax = 16;
  // Adds one and drops the oldest beyond the limit.
  void begin_generation(const Generation& generation);
};

// The state record: CopyState plus the ends of the map and the runs after its last chunk.
struct StateRecord {
  CopyState state;
  std::int64_t lineage = 0;
  std::int64_t next_chunk = 0;  // number of the next chunk to begin
  MapPoint tail_base;           // where the last chunk ends
  std::int64_t next_ordinal = 0;
  Offset upstream_position;
  Offset downstream_end;
  Offset copied_end;
  std::vector<Run> tail;
  bool operator==(const StateRecord&) const = default;
};

struct ChunkRecord {
  std::int64_t lineage = 0;
  MapPoint begin;
  MapPoint end;
  Offset copied_end;
  std::vector<Run> runs;
  bool operator==(const ChunkRecord&) const = default;
};

// Upstream offsets announced before their records are sent, for upstream topics where a second
// read may find fewer records (compaction). Each entry ends where a batch ends.
struct IntentRecord {
  struct UpstreamRun {
    Offset upstream;
    std::int64_t count = 0;
    bool operator==(const UpstreamRun&) const = default;
  };
  struct Entry {
    std::int64_t ordinal_end = 0;   // one past the last record of the batch
    Offset upstream_next;           // upstream position after the batch
    std::vector<UpstreamRun> runs;  // the batch's records, in order
    bool operator==(const Entry&) const = default;
  };
  std::int64_t lineage = 0;
  std::int64_t ordinal_begin = 0;  // ordinal of the first announced record
  Offset upstream_begin;           // upstream position before it
  std::vector<Entry> entries;
  bool operator==(const IntentRecord&) const = default;

  // Upstream position after the record before `ordinal`, where a batch ends there.
  [[nodiscard]] std::optional<Offset> upstream_after(std::int64_t ordinal) const;
  // Upstream offsets of the announced records [first, end); nullopt where not all are announced.
  [[nodiscard]] std::optional<std::vector<UpstreamRun>> upstream_of(std::int64_t first,
                                                                    std::int64_t end) const;
};

std::string encode_key(const MapRecordKey& key);
std::string encode(const StateRecord& record);
std::string encode(const ChunkRecord& record);
std::string encode(const IntentRecord& record);

Result<MapRecordKey> decode_map_key(std::string_view bytes);
Result<StateRecord> decode_state(std::string_view bytes);
Result<ChunkRecord> decode_chunk(std::string_view bytes);
Result<IntentRecord> decode_intent(std::string_view bytes);

// The partition of the topic that takes every record of `key` (murmur2 of the key without kind
// and chunk): one partition, because the order of a flush is what makes it safe to load.
std::int32_t map_topic_partition(const PartitionKey& key, std::int32_t partition_count);

}  // namespace ottla::flow
