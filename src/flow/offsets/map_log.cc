#include "flow/offsets/map_log.h"

#include <algorithm>

namespace ottla::flow {
namespace {

// The point of the map where ordinal `at` would come next.
MapPoint point_at(const OffsetMap& map, std::int64_t at) {
  const auto runs = map.runs();
  const std::size_t i = map.run_index_of_ordinal(at);
  if (i < runs.size() && runs[i].ordinal < at) {
    const std::int64_t within = at - runs[i].ordinal;
    return {at, runs[i].upstream + within, runs[i].downstream + within};
  }
  if (i == 0) return {at, map.base().upstream, map.base().downstream};
  return {at, runs[i - 1].upstream_end(), runs[i - 1].downstream_end()};
}

// The runs of ordinals [begin, end), the outer ones clipped.
std::vector<Run> runs_between(const OffsetMap& map, std::int64_t begin, std::int64_t end) {
  std::vector<Run> found;
  const auto runs = map.runs();
  for (std::size_t i = map.run_index_of_ordinal(begin); i < runs.size(); ++i) {
    Run run = runs[i];
    if (run.ordinal >= end) break;
    if (run.ordinal < begin) {
      const std::int64_t skip = begin - run.ordinal;
      run = {run.upstream + skip, run.downstream + skip, run.count - skip, begin};
    }
    run.count = std::min(run.count, end - run.ordinal);
    found.push_back(run);
  }
  return found;
}

}  // namespace

std::string MapLog::key_of(MapRecordKind kind, std::int64_t chunk) const {
  return encode_key({key_, kind, chunk});
}

void MapLog::drop_trimmed(const OffsetMap& map) {
  const auto kept = std::ranges::find_if(
      chunks_, [&](const Chunk& chunk) { return chunk.end > map.base().ordinal; });
  for (auto it = chunks_.begin(); it != kept; ++it) dead_.insert(it->number);
  chunks_.erase(chunks_.begin(), kept);
}

void MapLog::rewrite_unanswered(const OffsetMap& map, std::int64_t cut,
                                std::vector<MapRecord>& out) {
  for (const Chunk& chunk : chunks_) {
    if (chunk.durable || chunk.end > cut) continue;
    out.push_back(write_chunk(map, chunk, &chunk == &chunks_.back()));
  }
}

MapRecord MapLog::write_chunk(const OffsetMap& map, const Chunk& chunk, bool is_last) const {
  ChunkRecord record{.lineage = map.lineage(),
                     .begin = point_at(map, chunk.begin),
                     .end = point_at(map, chunk.end),
                     .copied_end = {},
                     .runs = runs_between(map, chunk.begin, chunk.end)};
  record.copied_end = record.end.downstream;
  if (is_last && chunk.end == map.next_ordinal()) {
    record.end = {chunk.end, map.upstream_position(), map.downstream_end()};
    record.copied_end = map.copied_end();
  }
  return {key_of(MapRecordKind::kChunk, chunk.number), encode(record)};
}

// Writes everything from chunk index `from` on anew, in chunks of kChunkRuns.
void MapLog::write_chunks(const OffsetMap& map, std::size_t from, std::vector<MapRecord>& out) {
  std::int64_t number = from < chunks_.size() ? chunks_[from].number : next_chunk_;
  std::int64_t begin = from > 0 ? chunks_[from - 1].end : map.base().ordinal;
  if (from == 0 && !chunks_.empty()) begin = std::min(begin, chunks_[0].begin);
  for (std::size_t i = from; i < chunks_.size(); ++i) dead_.insert(chunks_[i].number);
  chunks_.resize(from);

  const auto runs = map.runs();
  std::size_t index = map.run_index_of_ordinal(begin);
  do {
    const std::size_t count = std::min(kChunkRuns, runs.size() - index);
    index += count;
    const bool is_last = index == runs.size();
    const std::int64_t end = is_last ? map.next_ordinal() : runs[index].ordinal;
    chunks_.push_back({number, begin, end, count, false});
    out.push_back(write_chunk(map, chunks_.back(), is_last));
    dead_.erase(number);
    ++number;
    begin = end;
  } while (index < runs.size());
  next_chunk_ = number;
}

StateRecord MapLog::state_record(const CopyState& state, const OffsetMap& map) const {
  const std::int64_t begin = chunks_.empty() ? map.base().ordinal : chunks_.back().end;
  return {.state = state,
          .lineage = map.lineage(),
          .next_chunk = next_chunk_,
          .tail_base = point_at(map, begin),
          .next_ordinal = map.next_ordinal(),
          .upstream_position = map.upstream_position(),
          .downstream_end = map.downstream_end(),
          .copied_end = map.copied_end(),
          .tail = runs_between(map, begin, map.next_ordinal())};
}

std::vector<MapRecord> MapLog::plan(const CopyState& state, const OffsetMap& map) {
  std::vector<MapRecord> out;
  const std::int64_t cut = map.cut_since(lineage_);
  lineage_ = map.lineage();
  drop_trimmed(map);
  // Chunks in front go first: what is written next need not fit behind them.
  const std::int64_t first_chunk = chunks_.empty() ? next_chunk_ : chunks_.front().number;
  for (auto it = dead_.begin(); it != dead_.lower_bound(first_chunk); ++it) {
    out.push_back({key_of(MapRecordKind::kChunk, *it), std::nullopt});
  }
  rewrite_unanswered(map, cut, out);

  const auto broken =
      std::ranges::find_if(chunks_, [cut](const Chunk& chunk) { return chunk.end > cut; });
  if (broken != chunks_.end()) {
    write_chunks(map, static_cast<std::size_t>(broken - chunks_.begin()), out);
  } else {
    const std::int64_t begin = chunks_.empty() ? map.base().ordinal : chunks_.back().end;
    if (map.runs().size() - map.run_index_of_ordinal(begin) > kTailRunsMax) {
      const bool is_open = !chunks_.empty() && chunks_.back().runs < kChunkRuns;
      write_chunks(map, chunks_.size() - (is_open ? 1 : 0), out);
    }
  }
  for (auto it = dead_.lower_bound(first_chunk); it != dead_.end(); ++it) {
    out.push_back({key_of(MapRecordKind::kChunk, *it), std::nullopt});
  }
  std::string value = encode(state_record(state, map));
  if (out.empty() && durable_ == value) return out;
  out.push_back({key_of(MapRecordKind::kState), value});
  planned_ = std::move(value);
  durable_.reset();
  return out;
}

void MapLog::committed() {
  for (Chunk& chunk : chunks_) chunk.durable = true;
  dead_.clear();
  if (planned_) durable_ = std::move(planned_);
  planned_.reset();
}

MapRecord MapLog::intent(const IntentRecord& record) const {
  return {key_of(MapRecordKind::kIntent), encode(record)};
}

MapRecord MapLog::no_intent() const {
  return {key_of(MapRecordKind::kIntent), std::nullopt};
}

std::vector<MapRecord> MapLog::forget() const {
  std::vector<MapRecord> out;
  for (const std::int64_t number : dead_) {
    out.push_back({key_of(MapRecordKind::kChunk, number), std::nullopt});
  }
  for (const Chunk& chunk : chunks_) {
    out.push_back({key_of(MapRecordKind::kChunk, chunk.number), std::nullopt});
  }
  out.push_back(no_intent());
  out.push_back({key_of(MapRecordKind::kState), std::nullopt});
  return out;
}

}  // namespace ottla::flow
