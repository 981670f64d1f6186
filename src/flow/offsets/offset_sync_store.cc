#include "flow/offsets/offset_sync_store.h"

namespace ottla::flow {
namespace {

using Slot = OffsetSyncHistory::Slot;

// Java's long arithmetic: wraps.
std::int64_t wrapping_add(std::int64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + b);
}

// Not too old: slot i's sync lies within 2^j - 2^i of slot j's.
bool is_recent(const Slot& at_i, const Slot& at_j, std::size_t i, std::size_t j) {
  if (at_i.id == at_j.id) return true;
  const std::int64_t bound =
      wrapping_add(at_j.upstream, (std::uint64_t{1} << j) - (std::uint64_t{1} << i));
  return bound < 0 || at_i.upstream <= bound;
}

// Not too dense: at least 2^max(i - 2, 0) apart.
bool is_separated(const Slot& at_i, const Slot& at_j, std::size_t i) {
  if (at_i.id == at_j.id) return true;
  const std::int64_t bound = wrapping_add(at_j.upstream, std::uint64_t{1} << (i > 2 ? i - 2 : 0));
  return bound >= 0 && at_i.upstream >= bound;
}

}  // namespace

void OffsetSyncHistory::fill(const Slot& slot) {
  slots_.fill(slot);
  is_empty_ = false;
}

void OffsetSyncHistory::add(Offset upstream, Offset downstream, bool drop_history) {
  const Slot newest{upstream.value(), downstream.value(), next_id_++};
  if (is_empty_ || drop_history || newest.upstream < slots_[0].upstream) {
    fill(newest);
  } else {
    update(newest);
  }
}

// Each slot takes the best candidate among the former slots that is recent and well separated from
// its neighbours; it ends where the rest of the history fits unchanged.
void OffsetSyncHistory::update(const Slot& newest) {
  const std::array<Slot, kSlots> former = slots_;
  Slot replacement = newest;
  std::size_t from = 0;
  slots_[0] = newest;
  for (std::size_t current = 1; current < kSlots; ++current) {
    const std::size_t previous = current - 1;
    bool is_skipped = false;
    do {
      const Slot& candidate = former[from];
      const bool recent = is_recent(slots_[previous], candidate, previous, current);
      const bool apart = is_separated(slots_[previous], candidate, previous);
      const bool apart_from_next =
          current == kSlots - 1 || is_separated(candidate, slots_[current + 1], current);
      const bool is_duplicate = from < kSlots - 1 && candidate.id == former[from + 1].id;
      const bool is_promoted = recent && apart && apart_from_next;
      if (is_promoted) replacement = candidate;
      is_skipped = is_duplicate || !apart;
      if (is_promoted || is_skipped) ++from;
    } while (from < current && is_skipped);
    if (is_recent(slots_[previous], slots_[current], previous, current)) return;
    slots_[current] = replacement;
  }
}

std::optional<Offset> OffsetSyncHistory::translate(Offset upstream) const {
  if (is_empty_) return std::nullopt;
  for (const Slot& slot : slots_) {
    if (slot.upstream == upstream.value()) return Offset(slot.downstream);
    if (slot.upstream < upstream.value()) return Offset(slot.downstream + 1);
  }
  return Offset(-1);
}

void OffsetSyncStore::add(const OffsetSync& sync) {
  partitions_[{sync.topic, sync.partition}].add(sync.upstream, sync.downstream,
                                                must_read_to_end_ && !is_loaded_);
}

std::optional<Offset> OffsetSyncStore::translate(const TopicPartition& partition,
                                                 Offset upstream) const {
  const OffsetSyncHistory* found = history(partition);
  return is_loaded_ && found != nullptr ? found->translate(upstream) : std::nullopt;
}

const OffsetSyncHistory* OffsetSyncStore::history(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : &found->second;
}

bool OffsetSyncEmitter::update(Offset upstream, Offset downstream) {
  const std::int64_t u = upstream.value();
  const std::int64_t d = downstream.value();
  if (last_sync_downstream_ == -1 || d - (last_sync_downstream_ + 1) >= offset_lag_max_ ||
      u - previous_upstream_ != 1 || d < previous_downstream_) {
    last_sync_downstream_ = d;
    is_due_ = true;
  }
  previous_upstream_ = u;
  previous_downstream_ = d;
  return is_due_;
}

}  // namespace ottla::flow
