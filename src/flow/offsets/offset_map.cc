#include "flow/offsets/offset_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace ottla::flow {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// Cut everywhere: even what lies before the base has to be written anew.
constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::min();

bool fits(Offset base, std::int64_t count) {
  return base.value() >= 0 && count <= std::numeric_limits<std::int64_t>::max() - base.value();
}

bool contiguous(const Run& a, const Run& b) {
  return a.upstream_end() == b.upstream && a.downstream_end() == b.downstream &&
         a.ordinal_end() == b.ordinal;
}

}  // namespace

OffsetMap::OffsetMap(MapPoint birth)
    : base_(birth),
      next_ordinal_(birth.ordinal),
      upstream_position_(birth.upstream),
      downstream_end_(birth.downstream),
      copied_end_(birth.downstream) {}

void OffsetMap::push(const Run& run) {
  OTTLA_ASSERT(run.count > 0);
  if (head_ < runs_.size() && contiguous(runs_.back(), run)) {
    runs_.back().count += run.count;
    return;
  }
  if (runs_.size() == runs_.capacity()) {
    // A quarter at a time: most partitions have one run, a few have a million.
    runs_.reserve(runs_.size() + 1 + runs_.size() / 4);
  }
  runs_.push_back(run);
}

Status OffsetMap::append(Offset upstream, Offset downstream, std::int64_t count) {
  if (count <= 0 || !fits(upstream, count) || !fits(downstream, count) ||
      !fits(Offset(next_ordinal_), count)) {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("offset map: {} records from upstream {} to downstream {} can't be",
                            count, upstream, downstream));
  }
  if (upstream < upstream_position_) {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("offset map: upstream offset {} was decided before (position is {})",
                            upstream, upstream_position_));
  }
  if (downstream < downstream_end_) {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("offset map: the target stored {} records at {}, below its known end {}"
                            "; reconcile with its log",
                            count, downstream, downstream_end_));
  }
  push({upstream, downstream, count, next_ordinal_});
  next_ordinal_ += count;
  upstream_position_ = upstream + count;
  downstream_end_ = downstream + count;
  copied_end_ = downstream_end_;
  return {};
}

void OffsetMap::advance_upstream(Offset next) {
  upstream_position_ = std::max(upstream_position_, next);
}

void OffsetMap::advance_downstream(Offset end, DownstreamGap gap) {
  if (end <= downstream_end_) return;
  if (gap == DownstreamGap::kMarkers && copied_end_ == downstream_end_) copied_end_ = end;
  downstream_end_ = end;
}

void OffsetMap::note_cut(std::int64_t ordinal) {
  ++lineage_;
  if (cuts_.size() == kCutsMax) {
    cuts_[1].ordinal = std::min(cuts_[0].ordinal, cuts_[1].ordinal);
    cuts_.erase(cuts_.begin());
  }
  cuts_.push_back({lineage_, ordinal});
}

std::int64_t OffsetMap::cut_since(std::int64_t lineage) const {
  std::int64_t lowest = kNever;
  for (const LineageCut& cut : cuts_) {
    if (cut.lineage > lineage) lowest = std::min(lowest, cut.ordinal);
  }
  return lowest;
}

OffsetMap::Cut OffsetMap::cut_at(std::size_t index, std::int64_t keep) {
  Cut cut{.forgotten = 0, .ordinal = next_ordinal_, .upstream = upstream_position_};
  if (index == runs_.size()) return cut;
  Run& first = runs_[index];
  cut.ordinal = first.ordinal + keep;
  cut.upstream = first.upstream + keep;
  cut.forgotten = -keep;
  for (std::size_t i = index; i < runs_.size(); ++i) cut.forgotten += runs_[i].count;
  first.count = keep;
  runs_.resize(keep > 0 ? index + 1 : index);
  if (runs_.size() == head_) {
    runs_.clear();
    head_ = 0;
  }
  return cut;
}

OffsetMap::Cut OffsetMap::truncate_downstream(Offset end) {
  if (end >= downstream_end_) return {0, next_ordinal_, upstream_position_};
  const auto first =
      std::partition_point(runs_.begin() + static_cast<std::ptrdiff_t>(head_), runs_.end(),
                           [end](const Run& run) { return run.downstream_end() <= end; });
  const std::int64_t keep =
      first == runs_.end() ? 0 : std::max<std::int64_t>(0, end - first->downstream);
  const Cut cut = cut_at(static_cast<std::size_t>(first - runs_.begin()), keep);
  note_cut(end < base_.downstream ? kEverything : cut.ordinal);
  next_ordinal_ = cut.ordinal;
  upstream_position_ = cut.upstream;
  base_.downstream = std::min(base_.downstream, end);
  downstream_end_ = end;
  copied_end_ = std::min(copied_end_, end);
  return cut;
}

OffsetMap::Cut OffsetMap::truncate_upstream(Offset end) {
  if (end >= upstream_position_) return {0, next_ordinal_, upstream_position_};
  const auto first =
      std::partition_point(runs_.begin() + static_cast<std::ptrdiff_t>(head_), runs_.end(),
                           [end](const Run& run) { return run.upstream_end() <= end; });
  const std::int64_t keep =
      first == runs_.end() ? 0 : std::max<std::int64_t>(0, end - first->upstream);
  if (first != runs_.end()) copied_end_ = first->downstream + keep;
  Cut cut = cut_at(static_cast<std::size_t>(first - runs_.begin()), keep);
  cut.upstream = end;
  note_cut(end < base_.upstream ? kEverything : cut.ordinal);
  base_.upstream = std::min(base_.upstream, end);
  upstream_position_ = end;
  return cut;
}

void OffsetMap::pop_front_runs(std::size_t count) {
  head_ += count;
  if (head_ == runs_.size()) {
    runs_.clear();
    head_ = 0;
  } else if (head_ > runs_.size() / 2) {
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(head_));
    runs_.shrink_to_fit();
    head_ = 0;
  }
}

void OffsetMap::trim_downstream(Offset log_start) {
  if (log_start <= base_.downstream) return;
  std::size_t gone = 0;
  for (const Run& run : runs()) {
    if (run.downstream_end() > log_start) break;
    base_ = {run.ordinal_end(), run.upstream_end(), run.downstream_end()};
    ++gone;
  }
  pop_front_runs(gone);
  if (!runs().empty() && runs_[head_].downstream < log_start) {
    Run& run = runs_[head_];
    const std::int64_t cut = log_start - run.downstream;
    run = {run.upstream + cut, run.downstream + cut, run.count - cut, run.ordinal + cut};
    base_ = {run.ordinal, run.upstream, run.downstream};
  }
  base_.downstream = std::max(base_.downstream, std::min(log_start, downstream_end_));
  copied_end_ = std::max(copied_end_, base_.downstream);
}

Translation OffsetMap::translate(Offset upstream) const {
  using Kind = Translation::Kind;
  const auto known = runs();
  if (upstream < base_.upstream) {
    return {Kind::kBelowHistory, known.empty() ? copied_end_ : known.front().downstream};
  }
  const auto run = std::partition_point(known.begin(), known.end(), [upstream](const Run& r) {
    return r.upstream_end() <= upstream;
  });
  if (run != known.end()) {
    return {Kind::kRecord, run->downstream + std::max<std::int64_t>(0, upstream - run->upstream)};
  }
  return {upstream <= upstream_position_ ? Kind::kEnd : Kind::kNotYet, copied_end_};
}

Translation OffsetMap::inverse(Offset downstream) const {
  using Kind = Translation::Kind;
  const auto known = runs();
  if (downstream < base_.downstream) {
    return {Kind::kBelowHistory, known.empty() ? upstream_position_ : known.front().upstream};
  }
  const auto run = std::partition_point(known.begin(), known.end(), [downstream](const Run& r) {
    return r.downstream_end() <= downstream;
  });
  if (run != known.end()) {
    return {Kind::kRecord, run->upstream + std::max<std::int64_t>(0, downstream - run->downstream)};
  }
  return {downstream <= downstream_end_ ? Kind::kEnd : Kind::kNotYet, upstream_position_};
}

std::size_t OffsetMap::run_index_of_ordinal(std::int64_t ordinal) const {
  const auto known = runs();
  return static_cast<std::size_t>(
      std::partition_point(known.begin(), known.end(),
                           [ordinal](const Run& r) { return r.ordinal_end() <= ordinal; }) -
      known.begin());
}

std::optional<OffsetMap::OrdinalPlace> OffsetMap::place_of_ordinal(std::int64_t ordinal) const {
  const auto known = runs();
  const std::size_t i = run_index_of_ordinal(ordinal);
  if (i == known.size() || known[i].ordinal > ordinal) return std::nullopt;
  const Run& run = known[i];
  const std::int64_t within = ordinal - run.ordinal;
  OrdinalPlace place{run.upstream + within, run.downstream + within, run.upstream + within + 1};
  if (within + 1 == run.count) {
    place.next = i + 1 < known.size() ? known[i + 1].upstream : upstream_position_;
  }
  return place;
}

std::optional<Offset> OffsetMap::upstream_of_ordinal(std::int64_t ordinal) const {
  const auto place = place_of_ordinal(ordinal);
  return place ? std::optional(place->upstream) : std::nullopt;
}

std::optional<Offset> OffsetMap::downstream_of_ordinal(std::int64_t ordinal) const {
  const auto place = place_of_ordinal(ordinal);
  return place ? std::optional(place->downstream) : std::nullopt;
}

std::size_t OffsetMap::size_bytes() const {
  return sizeof(*this) + runs_.capacity() * sizeof(Run) + cuts_.capacity() * sizeof(LineageCut);
}

Result<OffsetMap> OffsetMap::restore(const Parts& parts) {
  OffsetMap map(parts.base);
  const auto broken = [](const char* what, const Run& run) {
    return fail(BaseErrc::kCorrupt,
                fmt::format("offset map: {} at run (upstream {}, downstream {}, {} records, "
                            "ordinal {})",
                            what, run.upstream, run.downstream, run.count, run.ordinal));
  };
  map.runs_.reserve(parts.runs.size());
  MapPoint end = parts.base;
  if (end.ordinal < 0 || end.upstream < Offset(0) || end.downstream < Offset(0)) {
    return broken("negative base", {end.upstream, end.downstream, 0, end.ordinal});
  }
  for (const Run& run : parts.runs) {
    if (run.count <= 0 || !fits(run.upstream, run.count) || !fits(run.downstream, run.count) ||
        !fits(Offset(run.ordinal), run.count)) {
      return broken("impossible range", run);
    }
    if (run.upstream < end.upstream || run.downstream < end.downstream ||
        run.ordinal < end.ordinal) {
      return broken("runs out of order", run);
    }
    map.push(run);
    end = {run.ordinal_end(), run.upstream_end(), run.downstream_end()};
  }
  if (parts.next_ordinal < end.ordinal || parts.upstream_position < end.upstream ||
      parts.copied_end < end.downstream || parts.downstream_end < parts.copied_end) {
    return broken("ends lie before the last run",
                  {parts.upstream_position, parts.downstream_end, 0, parts.next_ordinal});
  }
  map.next_ordinal_ = parts.next_ordinal;
  map.upstream_position_ = parts.upstream_position;
  map.downstream_end_ = parts.downstream_end;
  map.copied_end_ = parts.copied_end;
  map.lineage_ = parts.lineage;
  return map;
}

bool OffsetMap::same_mapping(const OffsetMap& other) const {
  return std::ranges::equal(runs(), other.runs()) && base_ == other.base_ &&
         next_ordinal_ == other.next_ordinal_ && upstream_position_ == other.upstream_position_ &&
         downstream_end_ == other.downstream_end_ && copied_end_ == other.copied_end_;
}

}  // namespace ottla::flow
