#pragma once
// For tests only: a naive offset map (one entry a record) and random histories for both.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "flow/offsets/offset_map.h"

namespace ottla::flow {

// Uniform in [low, high), whatever size RapidCheck has come to.
inline std::int64_t pick(std::int64_t low, std::int64_t high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

struct NaiveMap {
  struct Record {
    std::int64_t ordinal;
    std::int64_t upstream;
    std::int64_t downstream;
    bool operator==(const Record&) const = default;
  };
  std::vector<Record> records;
  std::int64_t base_upstream = 0;
  std::int64_t base_downstream = 0;
  std::int64_t next_ordinal = 0;
  std::int64_t position = 0;
  std::int64_t end = 0;

  void append(std::int64_t u, std::int64_t d, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) records.push_back({next_ordinal++, u + i, d + i});
    position = u + n;
    end = d + n;
  }
  void truncate_downstream(std::int64_t to) {
    if (to >= end) return;
    while (!records.empty() && records.back().downstream >= to) {
      next_ordinal = records.back().ordinal;
      position = records.back().upstream;
      records.pop_back();
    }
    end = to;
    base_downstream = std::min(base_downstream, to);
  }
  void truncate_upstream(std::int64_t to) {
    if (to >= position) return;
    while (!records.empty() && records.back().upstream >= to) records.pop_back();
    position = to;
    base_upstream = std::min(base_upstream, to);
  }
  void trim(std::int64_t start) {
    if (start <= base_downstream) return;
    while (!records.empty() && records.front().downstream < start) {
      base_upstream = records.front().upstream + 1;
      base_downstream = records.front().downstream + 1;
      records.erase(records.begin());
    }
    base_downstream = std::max(base_downstream, std::min(start, end));
  }

  void expect_translations(const OffsetMap& map) const {
    for (std::int64_t o = 0; o <= position + 3; ++o) {
      const auto got = map.translate(Offset(o));
      const auto r = std::ranges::find_if(records, [o](auto& e) { return e.upstream >= o; });
      using Kind = Translation::Kind;
      if (o < base_upstream) {
        RC_ASSERT(got.kind == Kind::kBelowHistory);
      } else if (r != records.end()) {
        RC_ASSERT(got.kind == Kind::kRecord);
        RC_ASSERT(got.offset.value() == r->downstream);
        // And back: the same record, so that nothing is read twice or missed.
        RC_ASSERT(map.inverse(got.offset).offset.value() == r->upstream);
      } else {
        RC_ASSERT(got.kind == (o <= position ? Kind::kEnd : Kind::kNotYet));
        RC_ASSERT(got.offset.value() <= end);
        if (!records.empty()) RC_ASSERT(got.offset.value() > records.back().downstream);
        if (got.kind == Kind::kEnd) RC_ASSERT(map.inverse(got.offset).offset.value() == position);
      }
    }
  }
  void expect_equal(const OffsetMap& map) const {
    expect_translations(map);
    for (std::int64_t d = 0; d <= end + 3; ++d) {
      const auto r = std::ranges::find_if(records, [d](auto& e) { return e.downstream >= d; });
      const auto got = map.inverse(Offset(d));
      if (d < base_downstream) {
        RC_ASSERT(got.kind == Translation::Kind::kBelowHistory);
      } else {
        RC_ASSERT(got.offset.value() == (r != records.end() ? r->upstream : position));
      }
    }
    for (const Record& r : records) {
      const auto place = map.place_of_ordinal(r.ordinal);
      RC_ASSERT(place.has_value());
      RC_ASSERT(place->upstream.value() == r.upstream);
      RC_ASSERT(place->downstream.value() == r.downstream);
    }
    std::int64_t count = 0;
    for (const Run& run : map.runs()) count += run.count;
    RC_ASSERT(count == static_cast<std::int64_t>(records.size()));
    RC_ASSERT(map.next_ordinal() == next_ordinal);
    RC_ASSERT(map.upstream_position().value() == position);
    RC_ASSERT(map.downstream_end().value() == end);
  }
};

// One thing that may happen to a partition; mostly appends.
inline void random_step(OffsetMap& map, NaiveMap& naive) {
  const std::int64_t what = pick(0, 20);
  const auto small = [] { return pick(0, 4); };
  const auto below = [](std::int64_t end) { return std::max<std::int64_t>(0, end - pick(0, 20)); };
  if (what < 12) {
    const std::int64_t u = naive.position + (what % 2) * small();
    const std::int64_t d = naive.end + (what % 3 == 0 ? small() : 0);
    const std::int64_t n = 1 + small();
    RC_ASSERT(map.append(Offset(u), Offset(d), n).has_value());
    naive.append(u, d, n);
  } else if (what < 14) {
    naive.position += small();
    map.advance_upstream(Offset(naive.position));
  } else if (what < 16) {
    naive.end += small();
    map.advance_downstream(Offset(naive.end), what == 14 ? OffsetMap::DownstreamGap::kMarkers
                                                         : OffsetMap::DownstreamGap::kForeign);
  } else if (what < 17) {
    const std::int64_t to = below(naive.end);
    const auto cut = map.truncate_downstream(Offset(to));
    naive.truncate_downstream(to);
    RC_ASSERT(cut.ordinal == naive.next_ordinal);
    RC_ASSERT(cut.upstream.value() == naive.position);
  } else if (what < 18) {
    const std::int64_t to = below(naive.position);
    map.truncate_upstream(Offset(to));
    naive.truncate_upstream(to);
  } else {
    const std::int64_t start = below(naive.end + 2);
    map.trim_downstream(Offset(start));
    naive.trim(start);
  }
}

}  // namespace ottla::flow
