#pragma once
// What a partition's owner does before it writes: on start, at takeover, and after any answer that
// contradicts the map (error 45 or 47, an unexpected base offset, an ambiguous failure). A pure
// decision: the caller asks the broker, calls reconcile(), does what it says and calls again, at
// most a few times, until it says kResume.
//
//          .-> kFence: write an abort marker with a higher epoch, wait until it stands --.
//   ask ---+-> kReadTail: read batch headers from `read_from` to the end ----------------+-> ask
//          +-> kAskAgain: the broker's answers contradict each other; they raced --------'
//          +-> kStepDown: a newer owner has written. Reload the map, do not write
//          +-> kRecreated: the target is another topic than the one that the map describes
//          '-> kResume: apply the decision (see its fields, in their order), write on
//
// What it rests on, and the caller sees to: one owner at a time (lease); requests of this process
// are answered or their connections closed before it is called; a decision is acted upon within a
// quarter of the producer expiry, and an owner that was quiet for longer asks again first; every
// answer's base offset is compared with map.downstream_end(). Where the records' timestamps are
// older than the expiry, the broker may forget the producer at any time, and then the lease alone
// keeps former owners out.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flow/offsets/map_records.h"
#include "flow/offsets/offset_map.h"

namespace ottla::flow {

// DescribeProducers' entry for our producer id.
struct ProducerEntry {
  ProducerId producer_id;
  ProducerEpoch epoch;
  std::int32_t last_sequence = -1;     // -1: only a marker in this epoch
  std::int64_t last_timestamp_ms = 0;  // largest timestamp of the last batch, or time of the marker
};

// The header of a batch in the target's log.
struct TailBatch {
  Offset base;
  Offset last;
  ProducerId producer_id{-1};
  ProducerEpoch epoch;
  std::int32_t base_sequence = -1;
  bool is_control = false;

  [[nodiscard]] std::int64_t offsets() const { return last - base + 1; }
};

// Every batch that holds offsets of [from, end).
struct Tail {
  Offset from;
  Offset end;
  std::vector<TailBatch> batches;
};

struct ReconcileInput {
  const OffsetMap& map;
  std::span<const Generation> generations;  // oldest first; empty: this flow never wrote
  std::optional<ProducerEntry> producer;
  Offset log_start;
  Offset log_end;
  std::optional<Tail> tail;
  bool fenced = false;            // the marker asked for by kFence stands
  bool target_recreated = false;  // the topic's id differs from the one in the state
  bool is_exclusive = true;       // only we write; false for same-name topics with local writers
  bool recount_safe = true;       // false: the upstream log is compacted, a second read may differ
  const IntentRecord* intents = nullptr;
  std::int64_t now_ms = 0;
  std::int64_t producer_expiry_ms = 86'400'000;
};

struct ReconcileDecision {
  enum class Step { kResume, kReadTail, kFence, kAskAgain, kStepDown, kRecreated };
  struct Discovered {  // records of ours that the map does not know yet
    std::int64_t ordinal = 0;
    Offset downstream;
    std::int64_t count = 0;
    bool operator==(const Discovered&) const = default;
  };
  struct Range {
    Offset from;
    std::int64_t count = 0;
    bool operator==(const Range&) const = default;
  };

  Step step = Step::kAskAgain;
  std::string reason;  // in words, for every step but kResume
  Offset read_from;    // kReadTail

  // kResume, in the order of application:
  std::optional<Offset> truncate_to;  // 1. map.truncate_downstream(*truncate_to): target lost these
  std::int64_t lost_records = 0;      //    how many, all to be copied again
  Offset upstream_position;           // 2. read upstream from here; the first `skip` records
  std::int64_t skip = 0;              //    are there already: they are `discovered`, in order
  std::vector<Discovered> discovered;
  // Upstream offsets of the discovered records, where intents know them; skip is 0 then.
  std::optional<std::vector<IntentRecord::UpstreamRun>> discovered_upstream;
  bool counting_unsafe = false;     //    `skip` may count wrong: match contents, or report it
  Offset downstream_end;            // 3. map.advance_downstream: everything below is known
  std::int64_t resume_ordinal = 0;  // 4. the next record to send
  bool new_generation = false;      // 5. begin one at resume_ordinal, durably, before sending
  ProducerEpoch epoch_min;          //    its epoch must not be lower
  bool new_producer_id = false;     //    or the epochs of this id are used up
  bool first_batch_alone = false;   // 6. no state at the broker: depth 1 until the first answer

  std::vector<Range> foreign;       // written by others: offsets
  std::vector<Range> duplicates;    // ours, a second time (accepted after the state expired)
  std::vector<Range> out_of_order;  // ours, ahead of missing ones; they will be copied again
};

ReconcileDecision reconcile(const ReconcileInput& input);

}  // namespace ottla::flow
