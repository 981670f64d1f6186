#pragma once
// MirrorMaker 2's view of offset syncs, and when to emit them. Java checkpoint tasks and
// RemoteClusterUtils see a flow through these; the tests hold Ottla's syncs against what Java
// would make of them, and a take-over from MM2 reads its topic with it.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "flow/offsets/mm2_records.h"

namespace ottla::flow {

// The algorithm of MM2's OffsetSyncStore for one partition: 64 slots, roughly log-spaced history.
class OffsetSyncHistory {
 public:
  // `drop_history`: the store has not read to its end and must before it may use history.
  void add(Offset upstream, Offset downstream, bool drop_history = false);

  // nullopt: no sync yet. Offset -1: too old to translate.
  [[nodiscard]] std::optional<Offset> translate(Offset upstream) const;

  struct Slot {
    std::int64_t upstream = 0;
    std::int64_t downstream = 0;
    std::int64_t id = 0;  // which sync record: equal values are not the same
  };
  static constexpr std::size_t kSlots = 64;
  [[nodiscard]] const std::array<Slot, kSlots>& slots() const { return slots_; }

 private:
  void fill(const Slot& slot);
  void update(const Slot& newest);

  std::array<Slot, kSlots> slots_{};
  std::int64_t next_id_ = 1;
  bool is_empty_ = true;
};

// The whole store: partitions, and the initial read.
class OffsetSyncStore {
 public:
  // `must_read_to_end`: no checkpoints could be loaded, so older syncs are not to be trusted.
  explicit OffsetSyncStore(bool must_read_to_end) : must_read_to_end_(must_read_to_end) {}

  void add(const OffsetSync& sync);
  void read_to_end() { is_loaded_ = true; }

  // nullopt: the store is not loaded, or there is no sync; -1: too old to translate.
  [[nodiscard]] std::optional<Offset> translate(const TopicPartition& partition,
                                                Offset upstream) const;
  [[nodiscard]] const OffsetSyncHistory* history(const TopicPartition& partition) const;

 private:
  bool must_read_to_end_;
  bool is_loaded_ = false;
  std::map<TopicPartition, OffsetSyncHistory> partitions_;
};

// When MM2 emits a sync, per partition: at the first record, after a gap upstream, when the last
// sync is `offset_lag_max` behind, and when the target moved backwards. Lives as long as a task.
class OffsetSyncEmitter {
 public:
  explicit OffsetSyncEmitter(std::int64_t offset_lag_max) : offset_lag_max_(offset_lag_max) {}

  // A record was acknowledged. True: emit (upstream, downstream) now; clear() once it is queued.
  // False: it becomes the delayed sync, due at the next flush.
  bool update(Offset upstream, Offset downstream);
  void clear() { is_due_ = false; }

 private:
  std::int64_t offset_lag_max_;
  std::int64_t previous_upstream_ = -1;
  std::int64_t previous_downstream_ = -1;
  std::int64_t last_sync_downstream_ = -1;
  bool is_due_ = false;
};

}  // namespace ottla::flow
