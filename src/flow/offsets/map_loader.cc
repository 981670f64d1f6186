#include <algorithm>

#include "flow/offsets/map_log.h"

namespace ottla::flow {
namespace {

using NumberedChunks = std::map<std::int64_t, ChunkRecord>;

// The chunks that belong together; the others are left-overs of unfinished flushes.
NumberedChunks fitting_chunks(const NumberedChunks& chunks, const StateRecord& state) {
  NumberedChunks fitting;
  for (const auto& [number, chunk] : chunks) {
    if (number >= state.next_chunk && chunk.lineage < state.lineage) break;
    if (!fitting.empty()) {
      const auto& [last_number, last] = *fitting.rbegin();
      if (number != last_number + 1 || chunk.lineage < last.lineage ||
          chunk.begin.ordinal != last.end.ordinal) {
        break;
      }
    }
    fitting.emplace(number, chunk);
  }
  return fitting;
}

OffsetMap::Parts state_only(const StateRecord& state) {
  return {.base = state.tail_base,
          .runs = state.tail,
          .next_ordinal = state.next_ordinal,
          .upstream_position = state.upstream_position,
          .downstream_end = state.downstream_end,
          .copied_end = state.copied_end,
          .lineage = state.lineage};
}

OffsetMap::Parts chunks_only(const NumberedChunks& chunks) {
  const ChunkRecord& last = chunks.rbegin()->second;
  OffsetMap::Parts parts{.base = chunks.begin()->second.begin,
                         .runs = {},
                         .next_ordinal = last.end.ordinal,
                         .upstream_position = last.end.upstream,
                         .downstream_end = last.end.downstream,
                         .copied_end = last.copied_end,
                         .lineage = last.lineage};
  for (const auto& [number, chunk] : chunks) {
    parts.runs.insert(parts.runs.end(), chunk.runs.begin(), chunk.runs.end());
  }
  return parts;
}

// Chunks and state of which neither is newer by lineage, or only the state is.
OffsetMap::Parts joined(const NumberedChunks& chunks, const StateRecord& state) {
  OffsetMap::Parts parts = chunks_only(chunks);
  const ChunkRecord& last = chunks.rbegin()->second;
  const std::int64_t from = last.end.ordinal;
  parts.lineage = state.lineage;
  if (from >= state.next_ordinal && last.lineage == state.lineage) {
    // The chunk may be newer than the state; within a lineage all ends only grow.
    parts.upstream_position = std::max(parts.upstream_position, state.upstream_position);
    parts.downstream_end = std::max(parts.downstream_end, state.downstream_end);
    parts.copied_end = std::max(parts.copied_end, state.copied_end);
    return parts;
  }
  for (Run run : state.tail) {
    if (run.count <= 0 || run.ordinal > std::numeric_limits<std::int64_t>::max() - run.count) {
      parts.runs.push_back(run);  // restore() says what is wrong with it
      continue;
    }
    if (run.ordinal_end() <= from) continue;
    if (run.ordinal < from) {
      const std::int64_t skip = from - run.ordinal;
      run = {run.upstream + skip, run.downstream + skip, run.count - skip, from};
    }
    parts.runs.push_back(run);
  }
  parts.next_ordinal = state.next_ordinal;
  parts.upstream_position = state.upstream_position;
  parts.downstream_end = state.downstream_end;
  parts.copied_end = state.copied_end;
  return parts;
}

}  // namespace

Status MapLoader::add(std::string_view key, std::optional<std::string_view> value) {
  OTTLA_ASSIGN(const MapRecordKey decoded, decode_map_key(key));
  Raw& raw = partitions_[decoded.partition];
  const auto stored = value ? std::optional(std::string(*value)) : std::nullopt;
  switch (decoded.kind) {
    case MapRecordKind::kState:
      raw.state = stored;
      break;
    case MapRecordKind::kIntent:
      raw.intent = stored;
      break;
    case MapRecordKind::kChunk:
      if (stored) {
        raw.chunks[decoded.chunk] = *stored;
      } else {
        raw.chunks.erase(decoded.chunk);
      }
      break;
  }
  return {};
}

Result<LoadedPartition> MapLoader::build(const PartitionKey& key, const Raw& raw) {
  const auto name = [&key](MapRecordKind kind, std::int64_t chunk = 0) {
    return MapRecordKey{key, kind, chunk}.to_string();
  };
  auto state = decode_state(*raw.state);
  if (!state) return std::unexpected(std::move(state).error().within(name(MapRecordKind::kState)));
  NumberedChunks chunks;
  for (const auto& [number, bytes] : raw.chunks) {
    auto chunk = decode_chunk(bytes);
    if (!chunk) {
      return std::unexpected(std::move(chunk).error().within(name(MapRecordKind::kChunk, number)));
    }
    chunks.emplace(number, *std::move(chunk));
  }
  NumberedChunks fitting = fitting_chunks(chunks, *state);
  bool history_lost = false;
  OffsetMap::Parts parts;
  if (!fitting.empty()) {
    const ChunkRecord& last = fitting.rbegin()->second;
    const bool is_newer = last.lineage > state->lineage;
    const std::int64_t begin = state->tail_base.ordinal;
    if (is_newer) {
      parts = chunks_only(fitting);
    } else if (last.end.ordinal == begin ||
               (last.end.ordinal > begin && last.lineage == state->lineage)) {
      parts = joined(fitting, *state);
    } else {
      history_lost = true;
      fitting.clear();
    }
  }
  if (fitting.empty()) parts = state_only(*state);

  auto map = OffsetMap::restore(parts);
  if (!map) return std::unexpected(std::move(map).error().within(name(MapRecordKind::kState)));
  LoadedPartition loaded{std::move(state->state), *std::move(map), std::nullopt, MapLog(key),
                         history_lost};
  for (const auto& [number, chunk] : chunks) {
    if (!fitting.contains(number)) loaded.log.dead_.insert(number);
  }
  for (const auto& [number, chunk] : fitting) {
    loaded.log.chunks_.push_back(
        {number, chunk.begin.ordinal, chunk.end.ordinal, chunk.runs.size(), true});
  }
  loaded.log.next_chunk_ = state->next_chunk;
  if (!fitting.empty()) {
    loaded.log.next_chunk_ = fitting.rbegin()->first + 1;
  } else if (!chunks.empty()) {
    loaded.log.next_chunk_ = std::max(state->next_chunk, chunks.rbegin()->first + 1);
  }
  loaded.log.lineage_ = loaded.map.lineage();
  loaded.log.durable_ = raw.state;
  if (raw.intent) {
    auto intent = decode_intent(*raw.intent);
    if (!intent) {
      return std::unexpected(std::move(intent).error().within(name(MapRecordKind::kIntent)));
    }
    if (intent->lineage == loaded.map.lineage()) loaded.intents = *std::move(intent);
  }
  return loaded;
}

std::map<PartitionKey, Result<LoadedPartition>> MapLoader::finish() const {
  std::map<PartitionKey, Result<LoadedPartition>> out;
  for (const auto& [key, raw] : partitions_) {
    if (raw.state) out.emplace(key, build(key, raw));
  }
  return out;
}

}  // namespace ottla::flow
