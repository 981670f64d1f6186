#include "flow/offsets/map_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/offsets/codec.h"
#include "flow/offsets/murmur2.h"

namespace ottla::flow {
namespace {

constexpr std::int8_t kKeyVersion = 0;
constexpr std::int16_t kValueVersion = 0;

std::string partition_prefix(const PartitionKey& key) {
  ByteWriter out;
  out.int8(kKeyVersion);
  out.string(key.source_alias);
  out.string(key.topic);
  out.int32(key.partition.value());
  return out.take();
}

// Wrapping, so that no stored number can overflow; restore() refuses what results.
std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void put_point(ByteWriter& out, const MapPoint& p, const MapPoint& from) {
  out.varint(subtract(p.ordinal, from.ordinal));
  out.varint(subtract(p.upstream.value(), from.upstream.value()));
  out.varint(subtract(p.downstream.value(), from.downstream.value()));
}

MapPoint get_point(ByteReader& in, const MapPoint& from) {
  MapPoint p;
  p.ordinal = add(from.ordinal, in.varint());
  p.upstream = Offset(add(from.upstream.value(), in.varint()));
  p.downstream = Offset(add(from.downstream.value(), in.varint()));
  return p;
}

// Each run as its distance from the end of the one before: 4 bytes for a short gap.
void put_runs(ByteWriter& out, const std::vector<Run>& runs, MapPoint from) {
  out.uvarint(runs.size());
  for (const Run& run : runs) {
    put_point(out, {run.ordinal, run.upstream, run.downstream}, from);
    out.varint(run.count);
    from = {run.ordinal_end(), run.upstream_end(), run.downstream_end()};
  }
}

std::vector<Run> get_runs(ByteReader& in, MapPoint from) {
  std::vector<Run> runs(in.count(4));
  for (Run& run : runs) {
    const MapPoint begin = get_point(in, from);
    run = {begin.upstream, begin.downstream, in.varint(), begin.ordinal};
    from = {add(run.ordinal, run.count), Offset(add(run.upstream.value(), run.count)),
            Offset(add(run.downstream.value(), run.count))};
  }
  return runs;
}

Status check_version(ByteReader& in) {
  const std::int16_t version = in.int16();
  if (in.ok() && version != kValueVersion) {
    return fail(BaseErrc::kUnsupported,
                fmt::format("value version {} is not known to this program (it knows {}); was it "
                            "written by a newer one?",
                            version, kValueVersion));
  }
  return {};
}

Status check_finished(const ByteReader& in, const char* what) {
  if (in.finished()) return {};
  return fail(BaseErrc::kCorrupt,
              fmt::format("{} value is {}", what, in.ok() ? "too long" : "cut short"));
}

bool is_ordered(const IntentRecord& r) {
  constexpr std::int64_t kMax = std::int64_t{1} << 62;
  std::int64_t ordinal = r.ordinal_begin;
  std::int64_t upstream = r.upstream_begin.value();
  if (ordinal < 0 || upstream < 0) return false;
  for (const IntentRecord::Entry& e : r.entries) {
    if (e.ordinal_end < ordinal || e.ordinal_end > kMax) return false;
    std::int64_t left = e.ordinal_end - ordinal;
    for (const IntentRecord::UpstreamRun& run : e.runs) {
      if (run.upstream.value() < upstream || run.upstream.value() > kMax) return false;
      if (run.count <= 0 || run.count > left) return false;
      left -= run.count;
      upstream = run.upstream.value() + run.count;
    }
    if (e.upstream_next.value() < upstream || e.upstream_next.value() > kMax) return false;
    ordinal = e.ordinal_end;
    upstream = e.upstream_next.value();
  }
  return true;
}

}  // namespace

std::string PartitionKey::to_string() const {
  return fmt::format("{}:{}-{}", source_alias, topic, partition);
}

std::string MapRecordKey::to_string() const {
  switch (kind) {
    case MapRecordKind::kState:
      return partition.to_string() + " state";
    case MapRecordKind::kChunk:
      return fmt::format("{} chunk {}", partition.to_string(), chunk);
    case MapRecordKind::kIntent:
      return partition.to_string() + " intent";
  }
  return partition.to_string();
}

void CopyState::begin_generation(const Generation& generation) {
  if (generations.size() >= kGenerationsMax) generations.erase(generations.begin());
  generations.push_back(generation);
}

std::string encode_key(const MapRecordKey& key) {
  ByteWriter tail;
  tail.int8(static_cast<std::int8_t>(key.kind));
  if (key.kind == MapRecordKind::kChunk) tail.int64(key.chunk);
  return partition_prefix(key.partition) + tail.take();
}

std::int32_t map_topic_partition(const PartitionKey& key, std::int32_t partition_count) {
  return partition_of_key(partition_prefix(key), partition_count);
}

Result<MapRecordKey> decode_map_key(std::string_view bytes) {
  ByteReader in(bytes);
  MapRecordKey key;
  const std::int8_t version = in.int8();
  if (in.ok() && version != kKeyVersion) {
    return fail(BaseErrc::kUnsupported, fmt::format("key version {} is not known", version));
  }
  key.partition.source_alias = in.string();
  key.partition.topic = in.string();
  key.partition.partition = PartitionId(in.int32());
  const std::int8_t kind = in.int8();
  if (in.ok() && (kind < 0 || kind > 2)) {
    return fail(BaseErrc::kUnsupported,
                fmt::format("{}: record kind {} is not known", key.partition.to_string(), kind));
  }
  key.kind = static_cast<MapRecordKind>(kind);
  if (key.kind == MapRecordKind::kChunk) key.chunk = in.int64();
  if (!in.finished()) return fail(BaseErrc::kCorrupt, "key is cut short or too long");
  return key;
}

std::string encode(const StateRecord& r) {
  ByteWriter out;
  out.int16(kValueVersion);
  out.topic_id(r.state.source_topic_id);
  out.string(r.state.target_topic);
  out.topic_id(r.state.target_topic_id);
  out.int32(r.state.leader_epoch.value());
  out.uvarint(r.state.flags);
  out.uvarint(r.state.generations.size());
  for (const Generation& g : r.state.generations) {
    out.int64(g.producer_id.value());
    out.int16(g.epoch.value());
    out.varint(g.first_ordinal);
    out.varint(g.upstream_start.value());
  }
  out.varint(r.lineage);
  out.varint(r.next_chunk);
  put_point(out, r.tail_base, {});
  put_point(out, {r.next_ordinal, r.upstream_position, r.downstream_end}, r.tail_base);
  out.varint(r.downstream_end - r.copied_end);
  put_runs(out, r.tail, r.tail_base);
  return out.take();
}

Result<StateRecord> decode_state(std::string_view bytes) {
  ByteReader in(bytes);
  OTTLA_TRY(check_version(in));
  StateRecord r;
  r.state.source_topic_id = in.topic_id();
  r.state.target_topic = in.string();
  r.state.target_topic_id = in.topic_id();
  r.state.leader_epoch = LeaderEpoch(in.int32());
  r.state.flags = in.uvarint();
  r.state.generations.resize(in.count(12));
  for (Generation& g : r.state.generations) {
    g.producer_id = ProducerId(in.int64());
    g.epoch = ProducerEpoch(in.int16());
    g.first_ordinal = in.varint();
    g.upstream_start = Offset(in.varint());
  }
  r.lineage = in.varint();
  r.next_chunk = in.varint();
  r.tail_base = get_point(in, {});
  const MapPoint end = get_point(in, r.tail_base);
  r.next_ordinal = end.ordinal;
  r.upstream_position = end.upstream;
  r.downstream_end = end.downstream;
  r.copied_end = Offset(subtract(end.downstream.value(), in.varint()));
  r.tail = get_runs(in, r.tail_base);
  OTTLA_TRY(check_finished(in, "state"));
  return r;
}

std::string encode(const ChunkRecord& r) {
  ByteWriter out;
  out.int16(kValueVersion);
  out.varint(r.lineage);
  put_point(out, r.begin, {});
  put_point(out, r.end, r.begin);
  out.varint(r.end.downstream - r.copied_end);
  put_runs(out, r.runs, r.begin);
  return out.take();
}

Result<ChunkRecord> decode_chunk(std::string_view bytes) {
  ByteReader in(bytes);
  OTTLA_TRY(check_version(in));
  ChunkRecord r;
  r.lineage = in.varint();
  r.begin = get_point(in, {});
  r.end = get_point(in, r.begin);
  r.copied_end = Offset(subtract(r.end.downstream.value(), in.varint()));
  r.runs = get_runs(in, r.begin);
  OTTLA_TRY(check_finished(in, "chunk"));
  return r;
}

std::string encode(const IntentRecord& r) {
  ByteWriter out;
  out.int16(kValueVersion);
  out.varint(r.lineage);
  out.varint(r.ordinal_begin);
  out.varint(r.upstream_begin.value());
  out.uvarint(r.entries.size());
  std::int64_t ordinal = r.ordinal_begin;
  std::int64_t upstream = r.upstream_begin.value();
  for (const IntentRecord::Entry& e : r.entries) {
    out.varint(subtract(e.ordinal_end, ordinal));
    out.varint(subtract(e.upstream_next.value(), upstream));
    out.uvarint(e.runs.size());
    for (const IntentRecord::UpstreamRun& run : e.runs) {
      out.varint(subtract(run.upstream.value(), upstream));
      out.varint(run.count);
      upstream = add(run.upstream.value(), run.count);
    }
    ordinal = e.ordinal_end;
    upstream = e.upstream_next.value();
  }
  return out.take();
}

Result<IntentRecord> decode_intent(std::string_view bytes) {
  ByteReader in(bytes);
  OTTLA_TRY(check_version(in));
  IntentRecord r;
  r.lineage = in.varint();
  r.ordinal_begin = in.varint();
  r.upstream_begin = Offset(in.varint());
  r.entries.resize(in.count(3));
  std::int64_t ordinal = r.ordinal_begin;
  std::int64_t upstream = r.upstream_begin.value();
  for (IntentRecord::Entry& e : r.entries) {
    e.ordinal_end = ordinal = add(ordinal, in.varint());
    e.upstream_next = Offset(add(upstream, in.varint()));
    e.runs.resize(in.count(2));
    for (IntentRecord::UpstreamRun& run : e.runs) {
      run.upstream = Offset(add(upstream, in.varint()));
      run.count = in.varint();
      upstream = add(run.upstream.value(), run.count);
    }
    upstream = e.upstream_next.value();
  }
  OTTLA_TRY(check_finished(in, "intent"));
  if (!is_ordered(r)) return fail(BaseErrc::kCorrupt, "intent entries are out of order");
  return r;
}

std::optional<Offset> IntentRecord::upstream_after(std::int64_t ordinal) const {
  if (ordinal == ordinal_begin) return upstream_begin;
  for (const Entry& e : entries) {
    if (e.ordinal_end == ordinal) return e.upstream_next;
  }
  return std::nullopt;
}

std::optional<std::vector<IntentRecord::UpstreamRun>> IntentRecord::upstream_of(
    std::int64_t first, std::int64_t end) const {
  std::vector<UpstreamRun> found;
  std::int64_t covered = first;
  std::int64_t ordinal = ordinal_begin;
  for (const Entry& e : entries) {
    for (const UpstreamRun& run : e.runs) {
      const std::int64_t from = std::max(first, ordinal);
      const std::int64_t to = std::min(end, ordinal + run.count);
      if (from < to) {
        if (from != covered) return std::nullopt;
        found.push_back({run.upstream + (from - ordinal), to - from});
        covered = to;
      }
      ordinal += run.count;
    }
    if (ordinal != e.ordinal_end) return std::nullopt;  // announced without its records
  }
  return covered == end ? std::optional(std::move(found)) : std::nullopt;
}

}  // namespace ottla::flow
