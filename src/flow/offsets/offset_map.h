#pragma once
// The offset map of one partition of one flow: which upstream offset stands at which downstream
// offset, exactly, for every record that the target still holds.
//
// Copied records form a stream; the ordinal of a record is its index in that stream since the map
// was born. Neighbours that are contiguous on both sides share one run (32 bytes), so a dense
// partition costs one run however long it is; every upstream gap (control record, aborted or
// compacted record) and every downstream gap (fence marker, foreign write) starts a new run.
//
// Invariants (asserted where our own code could break them; restore() checks them for stored
// bytes):
//   1. Runs are sorted and disjoint in upstream offset, downstream offset and ordinal alike.
//   2. Every run has count > 0; neighbours that are contiguous in all three are merged.
//   3. base() <= first run, last run's end <= (upstream_position, downstream_end, next_ordinal).
//   4. Everything upstream in [base().upstream, upstream_position) is decided: copied, and then in
//      a run, or dropped for good. Ordinals may have holes only where truncate_upstream() forgot
//      records that the target still holds.
//   5. copied_end() <= downstream_end(); only markers and foreign records lie between.
//
// A plain value, used on the core that owns the partition. Lookups are O(log runs).

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace ottla::flow {

// `count` records: upstream + i stands at downstream + i and has the ordinal ordinal + i.
struct Run {
  Offset upstream;
  Offset downstream;
  std::int64_t count = 0;
  std::int64_t ordinal = 0;

  [[nodiscard]] Offset upstream_end() const { return upstream + count; }
  [[nodiscard]] Offset downstream_end() const { return downstream + count; }
  [[nodiscard]] std::int64_t ordinal_end() const { return ordinal + count; }
  bool operator==(const Run&) const = default;
};

// One place in both logs: the next record to come has this ordinal, and lies at or after these.
struct MapPoint {
  std::int64_t ordinal = 0;
  Offset upstream;
  Offset downstream;
  bool operator==(const MapPoint&) const = default;
};

// Where an offset of one side lies on the other.
struct Translation {
  enum class Kind {
    kRecord,        // offset of the first copied record at or after the one asked for
    kEnd,           // no such record yet, but everything before is decided: the end of the copy
    kNotYet,        // the copy has not come that far; `offset` is the end of the copy so far
    kBelowHistory,  // older than the map reaches; `offset` is the oldest place that is known
  };
  Kind kind = Kind::kNotYet;
  Offset offset;

  // True where a consumer may be placed at `offset` without missing or repeating a copied record.
  [[nodiscard]] bool is_exact() const { return kind == Kind::kRecord || kind == Kind::kEnd; }
  bool operator==(const Translation&) const = default;
};

class OffsetMap {
 public:
  // An empty map: copying starts at `birth`.
  explicit OffsetMap(MapPoint birth = {});

  // --- what happened ---

  // `count` further records were stored at the target. Fails (and changes nothing) where the
  // place does not follow what is known: the broker's answer contradicts the map, so reconcile.
  Status append(Offset upstream, Offset downstream, std::int64_t count);

  // Everything upstream below `next` is decided. Never moves backwards.
  void advance_upstream(Offset next);

  enum class DownstreamGap { kMarkers, kForeign };
  // The target's log is known to reach `end`; what lies between is not of this flow. Markers hold
  // nothing to read, so groups at the end of the copy move past them; foreign records do.
  void advance_downstream(Offset end, DownstreamGap gap);

  struct Cut {
    std::int64_t forgotten = 0;  // records removed from the map
    std::int64_t ordinal = 0;    // of the first one forgotten, or next_ordinal()
    Offset upstream;             // position to read on from
    bool operator==(const Cut&) const = default;
  };
  // The target lost its tail: records at or after `end` are forgotten and their ordinals are free
  // again, since they will be copied again.
  Cut truncate_downstream(Offset end);

  // The upstream log was cut at `end`. Mappings at or after it are forgotten; their ordinals are
  // not reused, because the target still holds the divergent records.
  Cut truncate_upstream(Offset end);

  // The target deleted everything below `log_start` (retention).
  void trim_downstream(Offset log_start);

  // --- questions ---

  // Upstream offset -> downstream offset (design: "Offset map"). Never lies beyond a copied record
  // at or after `upstream`.
  [[nodiscard]] Translation translate(Offset upstream) const;
  // Downstream offset -> upstream offset, by the same rule: for failback.
  [[nodiscard]] Translation inverse(Offset downstream) const;

  struct OrdinalPlace {
    Offset upstream;    // of the record
    Offset downstream;  // of the record
    Offset next;        // upstream position after it: all between is decided
  };
  [[nodiscard]] std::optional<OrdinalPlace> place_of_ordinal(std::int64_t ordinal) const;
  [[nodiscard]] std::optional<Offset> upstream_of_ordinal(std::int64_t ordinal) const;
  [[nodiscard]] std::optional<Offset> downstream_of_ordinal(std::int64_t ordinal) const;

  // The oldest place that the map knows: its birth, or what retention left.
  [[nodiscard]] const MapPoint& base() const { return base_; }
  [[nodiscard]] std::int64_t next_ordinal() const { return next_ordinal_; }
  [[nodiscard]] Offset upstream_position() const { return upstream_position_; }
  [[nodiscard]] Offset downstream_end() const { return downstream_end_; }
  [[nodiscard]] Offset copied_end() const { return copied_end_; }
  [[nodiscard]] std::span<const Run> runs() const { return std::span(runs_).subspan(head_); }
  // Index in runs() of the first run that ends after `ordinal`.
  [[nodiscard]] std::size_t run_index_of_ordinal(std::int64_t ordinal) const;
  [[nodiscard]] std::size_t size_bytes() const;

  // --- for the durable form (map_log.h) ---

  // Number of times that records were forgotten at the end. Ordinals mean the same record only
  // within one lineage.
  [[nodiscard]] std::int64_t lineage() const { return lineage_; }
  // The lowest ordinal forgotten after `lineage`; INT64_MAX where none was.
  [[nodiscard]] std::int64_t cut_since(std::int64_t lineage) const;

  struct Parts {
    MapPoint base;
    std::vector<Run> runs;  // neighbours need not be merged
    std::int64_t next_ordinal = 0;
    Offset upstream_position;
    Offset downstream_end;
    Offset copied_end;
    std::int64_t lineage = 0;
  };
  // A map from stored parts; fails with the first invariant that they break.
  static Result<OffsetMap> restore(const Parts& parts);

  // Equal content; lineages may differ.
  [[nodiscard]] bool same_mapping(const OffsetMap& other) const;

 private:
  struct LineageCut {
    std::int64_t lineage;
    std::int64_t ordinal;
  };
  static constexpr std::size_t kCutsMax = 16;

  void push(const Run& run);
  void pop_front_runs(std::size_t count);
  // Forgets everything from the first record for which `position` (as selected) is >= end.
  Cut cut_at(std::size_t index, std::int64_t keep);
  void note_cut(std::int64_t ordinal);

  std::vector<Run> runs_;
  std::size_t head_ = 0;  // runs before it were trimmed; erased once they are half of the vector
  MapPoint base_;
  std::int64_t next_ordinal_;
  Offset upstream_position_;
  Offset downstream_end_;
  Offset copied_end_;
  std::int64_t lineage_ = 0;
  std::vector<LineageCut> cuts_;
};

}  // namespace ottla::flow
