#include "flow/offsets/reconcile.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flow/offsets/sequence.h"

namespace ottla::flow {
namespace {

using Decision = ReconcileDecision;
using Step = Decision::Step;

// How far before the known end to look where the map itself has become doubtful.
constexpr std::int64_t kLookBackOffsets = 10'000;

class Reconciler {
 public:
  explicit Reconciler(const ReconcileInput& in)
      : in_(in), next_(in.map.next_ordinal()), end_(in.map.downstream_end()) {}

  Decision run() {
    if (in_.target_recreated) return stop(Step::kRecreated, "the target topic was re-created");
    if (in_.log_end < end_) cut_at(in_.log_end);
    if (in_.generations.empty()) return first_start();
    if (newer_owner_wrote()) {
      return stop(Step::kStepDown, "a newer generation has written to the target");
    }
    const std::string why_not = why_not_live();
    if (!why_not.empty()) return is_fenced() ? after_fence() : stop(Step::kFence, why_not);
    return live();
  }

 private:
  [[nodiscard]] const Generation& generation() const { return in_.generations.back(); }

  [[nodiscard]] const ProducerEntry* entry() const {
    const bool is_ours = in_.producer && in_.producer->producer_id == generation().producer_id;
    return is_ours ? &*in_.producer : nullptr;
  }

  [[nodiscard]] bool newer_owner_wrote() const {
    const ProducerEntry* e = entry();
    return e != nullptr && e->epoch > generation().epoch && e->last_sequence >= 0;
  }

  // Three quarters of the expiry: it must not run out between the answer and our first write.
  [[nodiscard]] bool is_fresh(const ProducerEntry& e) const {
    return in_.now_ms - e.last_timestamp_ms < in_.producer_expiry_ms / 4 * 3;
  }

  // A marker of a higher epoch shuts out every earlier writer, whoever wrote it.
  [[nodiscard]] bool is_fenced() const {
    const ProducerEntry* e = entry();
    return in_.fenced || (e != nullptr && e->epoch > generation().epoch && is_fresh(*e));
  }

  // Empty where the broker compares our next sequence with what stands in its log.
  [[nodiscard]] std::string why_not_live() const {
    const ProducerEntry* e = entry();
    if (in_.fenced) return "fenced";
    if (e == nullptr) return "the broker has no state of our producer id";
    if (e->epoch > generation().epoch) return "a marker of a newer epoch stands";
    if (e->epoch < generation().epoch) return "the broker knows an older epoch only";
    if (!is_fresh(*e)) return "the broker's state of our producer id is about to expire";
    if (next_ < generation().first_ordinal) return "the target lost records of older generations";
    return {};
  }

  // Last ordinal that the broker holds. Its sequence is -1 after a marker of the same epoch.
  [[nodiscard]] std::int64_t live_last() const {
    const std::int64_t first = generation().first_ordinal;
    const std::int32_t sequence = entry()->last_sequence;
    return sequence < 0 ? first - 1 : resolve_sequence(sequence, first, in_.map.next_ordinal() - 1);
  }

  // Forgets the map from downstream offset `at` on.
  void cut_at(Offset at) {
    const auto runs = in_.map.runs();
    const auto run =
        std::ranges::partition_point(runs, [at](const Run& r) { return r.downstream_end() <= at; });
    end_ = std::min(end_, at);
    cut_ = cut_ ? std::min(*cut_, at) : at;
    if (run == runs.end()) return;
    next_ = std::min(next_, run->ordinal + std::max<std::int64_t>(0, at - run->downstream));
  }

  // Forgets the map behind ordinal `last`: the broker does not have it.
  void cut_behind(std::int64_t last) {
    const auto runs = in_.map.runs();
    const std::size_t i = in_.map.run_index_of_ordinal(last + 1);
    if (i == runs.size()) return;
    cut_at(runs[i].downstream + std::max<std::int64_t>(0, last + 1 - runs[i].ordinal));
  }

  Decision stop(Step step, std::string reason) {
    out_.step = step;
    out_.reason = std::move(reason);
    return std::move(out_);
  }

  Decision read_tail(Offset from, std::string reason) {
    out_.read_from = std::max(from, in_.log_start);
    return stop(Step::kReadTail, std::move(reason));
  }

  Decision first_start() {
    if (in_.is_exclusive && in_.log_end > end_) {
      out_.foreign.push_back({end_, in_.log_end - end_});
    }
    out_.new_generation = true;
    return resume(next_, false);
  }

  Decision live() {
    const std::int64_t last = live_last();
    if (last < next_ - 1) cut_behind(last);
    if (next_ < generation().first_ordinal) {
      return is_fenced() ? after_fence()
                         : stop(Step::kFence, "the target lost records of older generations");
    }
    const std::int64_t ours = last + 1 - next_;
    const std::int64_t there = in_.log_end - end_;
    if (!in_.tail && there == ours) {
      if (ours > 0) discover(next_, end_, ours);
      return resume(last + 1, true);
    }
    if (!in_.tail && there > ours && ours == 0 && !in_.is_exclusive) return resume(next_, true);
    if (!covers(end_)) {
      const bool is_doubtful = there < ours;
      return read_tail(is_doubtful ? end_ - kLookBackOffsets : end_,
                       "the target's end is not where the map puts it");
    }
    if (!walk_tail()) return std::move(out_);
    if (next_ > last) return resume(next_, true);
    if (out_.out_of_order.empty()) {
      return stop(Step::kAskAgain, "the broker's last sequence lies beyond the tail that was read");
    }
    return stop(Step::kFence, "records of ours stand ahead of missing ones");
  }

  Decision after_fence() {
    // From the last known record on: the marker may stand where a lost record stood, so that the
    // end alone does not show a loss.
    const Offset from = std::max(in_.map.base().downstream, end_ - 1);
    if (!covers(from)) return read_tail(from, "fenced; what came through before the fence?");
    if (!walk_tail()) return std::move(out_);
    out_.new_generation = true;
    return resume(next_, false);
  }

  [[nodiscard]] bool covers(Offset from) const {
    return in_.tail && in_.tail->from <= std::max(from, in_.log_start) &&
           in_.tail->end >= in_.log_end;
  }

  void discover(std::int64_t ordinal, Offset downstream, std::int64_t count) {
    if (!out_.discovered.empty()) {
      Decision::Discovered& last = out_.discovered.back();
      if (last.ordinal + last.count == ordinal && last.downstream + last.count == downstream) {
        last.count += count;
        return;
      }
    }
    out_.discovered.push_back({ordinal, downstream, count});
  }

  [[nodiscard]] const Generation* generation_of(const TailBatch& batch) const {
    if (batch.is_control || batch.base_sequence < 0) return nullptr;
    for (const Generation& g : in_.generations) {
      if (g.producer_id == batch.producer_id && g.epoch == batch.epoch) return &g;
    }
    return nullptr;
  }

  // False where the map puts the record elsewhere, or knows of none so far. It claims nothing of
  // records that truncate_upstream() forgot: the target still holds them.
  [[nodiscard]] bool agrees_with_map(std::int64_t ordinal, Offset downstream) const {
    const auto claimed = in_.map.downstream_of_ordinal(ordinal);
    return claimed ? *claimed == downstream : ordinal < in_.map.next_ordinal();
  }

  // True where the map says of [batch.base, batch.last] what the log says.
  [[nodiscard]] bool agrees_with_map(const TailBatch& batch, std::int64_t ordinal) const {
    if (generation_of(batch) != nullptr) {
      return agrees_with_map(ordinal, batch.base) &&
             agrees_with_map(ordinal + batch.offsets() - 1, batch.last);
    }
    const Translation claimed = in_.map.inverse(batch.base);
    if (claimed.kind != Translation::Kind::kRecord) return true;
    return in_.map.translate(claimed.offset).offset > batch.last;
  }

  // Goes through the tail; false where it set another step than kResume.
  bool walk_tail() {
    Offset previous_end = std::max(in_.tail->from, in_.map.base().downstream);
    for (const TailBatch& batch : in_.tail->batches) {
      if (!walk_batch(batch, previous_end)) return false;
      previous_end = batch.last + 1;
    }
    end_ = std::max(end_, in_.tail->end);
    return true;
  }

  bool walk_batch(const TailBatch& batch, Offset previous_end) {
    const Generation* g = generation_of(batch);
    if (g == nullptr && !batch.is_control && batch.base_sequence >= 0 &&
        batch.producer_id == generation().producer_id && batch.epoch > generation().epoch) {
      stop(Step::kStepDown, "a newer generation has written to the target");
      return false;
    }
    const std::int64_t ordinal =
        g == nullptr ? -1 : resolve_sequence(batch.base_sequence, g->first_ordinal, next_);
    if (batch.base < in_.map.base().downstream) return true;  // before all history
    if (batch.base < end_) {
      if (agrees_with_map(batch, ordinal)) {
        anchored_ = anchored_ || g != nullptr;
        return true;
      }
      const Offset oldest = std::max(in_.log_start, in_.map.base().downstream);
      if (!anchored_ && in_.tail->from > oldest) {
        const std::int64_t back = in_.map.downstream_end() - in_.tail->from;
        read_tail(std::max(oldest, in_.tail->from - std::max(kLookBackOffsets, 2 * back)),
                  "the log does not hold what the map says; how far back?");
        return false;
      }
      cut_at(batch.base);
    }
    if (batch.is_control) return true;
    if (g == nullptr) {
      if (in_.is_exclusive) add_range(out_.foreign, batch.base, batch.offsets());
      return true;
    }
    return walk_ours(batch, ordinal, previous_end);
  }

  // A batch of ours that the map does not know.
  bool walk_ours(const TailBatch& batch, std::int64_t ordinal, Offset previous_end) {
    // Compaction of the target removes whole batches: the hole in the log is as wide as in the
    // stream then, and its records were there.
    const std::int64_t missing = ordinal - next_;
    if (missing > 0 && batch.base - std::max(previous_end, end_) >= missing) {
      discover(next_, batch.base - missing, missing);
      next_ = ordinal;
    }
    const std::int64_t ordinal_end = ordinal + batch.offsets();
    if (ordinal > next_) {
      add_range(out_.out_of_order, batch.base, batch.offsets());
      return true;
    }
    const std::int64_t known = std::min(next_, ordinal_end) - ordinal;
    if (known > 0) {
      // Either a second copy, or the map is wrong about the first one: look where that should be.
      const auto first = in_.map.downstream_of_ordinal(ordinal);
      if (first && *first < in_.tail->from && in_.tail->from > in_.log_start) {
        read_tail(*first, "the tail holds records that the map puts elsewhere");
        return false;
      }
      add_range(out_.duplicates, batch.base, known);
    }
    if (ordinal_end > next_) {
      discover(next_, batch.base + known, ordinal_end - next_);
      next_ = ordinal_end;
    }
    return true;
  }

  static void add_range(std::vector<Decision::Range>& ranges, Offset from, std::int64_t count) {
    if (!ranges.empty() && ranges.back().from + ranges.back().count == from) {
      ranges.back().count += count;
    } else {
      ranges.push_back({from, count});
    }
  }

  // Where to read on upstream, after the cut that is to be applied first.
  void place_upstream(std::int64_t resume_ordinal) {
    std::int64_t map_next = in_.map.next_ordinal();
    out_.upstream_position = in_.map.upstream_position();
    if (cut_) {
      const auto runs = in_.map.runs();
      const auto run = std::ranges::partition_point(
          runs, [this](const Run& r) { return r.downstream_end() <= *cut_; });
      if (run != runs.end()) {
        const std::int64_t keep = std::max<std::int64_t>(0, *cut_ - run->downstream);
        map_next = run->ordinal + keep;
        out_.upstream_position = run->upstream + keep;
        for (auto r = run; r != runs.end(); ++r) out_.lost_records += r->count;
        out_.lost_records -= keep;
      }
      out_.truncate_to = cut_;
    }
    out_.skip = resume_ordinal - map_next;
    if (out_.skip == 0 || in_.intents == nullptr) {
      out_.counting_unsafe = out_.skip > 0 && !in_.recount_safe;
      return;
    }
    const auto announced = in_.intents->upstream_after(resume_ordinal);
    out_.discovered_upstream = in_.intents->upstream_of(map_next, resume_ordinal);
    if (announced && out_.discovered_upstream) {
      out_.upstream_position = *announced;
      out_.skip = 0;
    } else {
      out_.discovered_upstream.reset();
      out_.counting_unsafe = !in_.recount_safe;
    }
  }

  Decision resume(std::int64_t ordinal, bool has_state) {
    out_.step = Step::kResume;
    out_.resume_ordinal = ordinal;
    out_.downstream_end = std::max(end_, in_.log_end);
    out_.first_batch_alone = !has_state;
    place_upstream(ordinal);
    if (out_.new_generation) choose_epoch();
    return std::move(out_);
  }

  void choose_epoch() {
    if (in_.generations.empty()) return;
    int epoch = generation().epoch.value() + 1;
    if (const ProducerEntry* e = entry()) {
      epoch = std::max(epoch, e->epoch.value() + (e->last_sequence >= 0 ? 1 : 0));
    }
    if (epoch > std::numeric_limits<std::int16_t>::max()) {
      out_.new_producer_id = true;
      epoch = 0;
    }
    out_.epoch_min = ProducerEpoch(static_cast<std::int16_t>(epoch));
  }

  const ReconcileInput& in_;
  Decision out_;
  std::int64_t next_;  // the next ordinal, as far as is established
  Offset end_;         // the downstream end, as far as is established
  std::optional<Offset> cut_;
  bool anchored_ = false;  // a batch of ours was found where the map puts it
};

}  // namespace

ReconcileDecision reconcile(const ReconcileInput& input) {
  return Reconciler(input).run();
}

}  // namespace ottla::flow
