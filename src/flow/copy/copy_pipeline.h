#pragma once
// CopyPipeline: what happens to the batches of one partition between the fetch response and the
// produce request. Pure: no I/O, no clock.
//
//   take(records) ─▶ pending ─▶ next() ─▶ in flight ─▶ acknowledged(base offset) ─▶ Copied
//                     │ control, aborted: dropped        (the caller enters it into the offset map)
//                     │ gaps, LogAppendTime, old magic, too large: re-encoded
//                     └ small ones that wait together: coalesced in next(); all others pass through
//                       with nothing but their header rewritten, in the buffer that fetched them
//
// Invariants
//   1. Ordinals are given out without holes, in upstream order: what stands at an ordinal depends
//   on
//      the upstream log alone, never on how batches were cut or merged.
//   2. A batch's base sequence is its first record's ordinal in the producer generation (mod 2^31).
//   3. The upstream position that a Copied carries counts as decided only with everything before
//   it.
//   4. With `alone_until_acknowledged` nothing follows the first batch before its answer: a target
//      partition without producer state would accept a later one first.
//
// When anything goes wrong the pipeline is restarted from the offset map (start()); nothing in it
// is ever sent a second time by itself.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "flow/status/status.h"
#include "kafka/records/aborted.h"
#include "kafka/records/batch.h"
#include "kafka/records/coalesce.h"
#include "kafka/records/compression.h"
#include "kafka/records/reencode.h"

namespace ottla::flow {

// What all partitions of one core share: codec contexts and scratch memory.
class CopyTools {
 public:
  explicit CopyTools(BufferPool& pool)
      : pool_(pool),
        coalescer_(compressor_, decompressor_),
        reencoder_(compressor_, decompressor_) {}
  CopyTools(const CopyTools&) = delete;
  CopyTools& operator=(const CopyTools&) = delete;

 private:
  friend class CopyPipeline;
  BufferPool& pool_;
  kafka::records::Compressor compressor_;
  kafka::records::Decompressor decompressor_;
  kafka::records::Coalescer coalescer_;
  kafka::records::Reencoder reencoder_;
  kafka::records::Reencoded reencoded_;
  std::vector<kafka::records::BatchView> views_;
};

struct CopyOptions {
  std::size_t batch_bytes_max = 1'000'000;  // below the target topic's max.message.bytes
  bool coalesce = true;
  bool read_committed = true;
};

// Upstream offsets of consecutive copied records.
using OffsetRun = kafka::records::OffsetRun;
using OffsetRuns = boost::container::small_vector<OffsetRun, 2>;

struct Copied {
  OffsetRuns runs;           // where the records stand upstream
  std::int64_t ordinal = 0;  // of the first
  std::int32_t count = 0;    // 0: only the position moved
  Offset upstream_next;      // everything before it is decided
  LeaderEpoch leader_epoch{-1};
  std::size_t bytes = 0;
  std::int64_t max_timestamp_ms = -1;
};

struct PipelineStart {
  Offset position;                // next upstream offset
  std::int64_t next_ordinal = 0;  // of the next record that is read
  // Records from there on that stand on the target already; they are reported by take_present().
  std::int64_t present_records = 0;
  ProducerId producer_id{-1};
  ProducerEpoch producer_epoch{-1};
  std::int64_t generation_first_ordinal = 0;
  bool alone_until_acknowledged = false;
  // Nothing at or above this ordinal is sent before announced_until() has been raised above it.
  bool announce_first = false;
};

class CopyPipeline {
 public:
  CopyPipeline(CopyTools& tools, CopyOptions options) : tools_(tools), options_(options) {}

  // Forgets all and begins at `start`. In-flight batches must have been answered or given up.
  void start(const PipelineStart& start);
  void set_options(const CopyOptions& options) { options_ = options; }
  [[nodiscard]] const CopyOptions& options() const { return options_; }

  // --- source side ---
  // Whole batches in offset order. After kCorrupt, and after kLimitExceeded (a record too large for
  // the target, see oversized()), everything before the fault is pending, and nothing more may be
  // taken until start().
  Status take(MutableBytes records, const BufferRef& buffer,
              std::span<const kafka::records::AbortedTransaction> aborted);

  // --- target side ---
  struct Outgoing {
    Bytes bytes;
    BufferRef buffer;
  };
  // The next batch to send, or nothing: all is in flight, or waits (see announce_first).
  Result<std::optional<Outgoing>> next(std::size_t bytes_max);
  // The oldest batch in flight stands on the target. Then call take_decided() too.
  Copied acknowledged();
  // Progress without records (control or aborted batches, everything before acknowledged). It lies
  // before all that is pending: to be taken before take_present().
  std::optional<Copied> take_decided();
  // The next records that were found on the target at start; call until nothing comes.
  std::optional<Copied> take_present();

  // --- announcing (compacted upstream topics) ---
  struct Announcement {
    std::int64_t ordinal_end;
    Offset upstream_next;
    OffsetRuns runs;
  };
  // Batches that wait for being announced, in order; empty: none.
  [[nodiscard]] std::vector<Announcement> unannounced() const;
  void announced_until(std::int64_t ordinal_end) { announced_until_ = ordinal_end; }
  [[nodiscard]] std::int64_t announced() const { return announced_until_; }

  // --- counters ---
  [[nodiscard]] std::size_t bytes_outstanding() const { return pending_bytes_ + in_flight_bytes_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  [[nodiscard]] CopyPath last_path() const { return last_path_; }
  [[nodiscard]] std::int64_t dropped_records() const { return dropped_records_; }
  [[nodiscard]] std::int64_t oldest_timestamp_ms() const;
  // The record that the target does not take even alone. It is never left out here: what stands at
  // an ordinal must not depend on a limit that may change. The caller passes it durably, and starts
  // anew behind it.
  [[nodiscard]] std::optional<Offset> oversized() const { return oversized_; }
  // The ordinal of the oldest batch in flight; what the answer must be about.
  [[nodiscard]] const Copied& oldest_in_flight() const { return in_flight_.front(); }

 private:
  struct Pending {
    MutableBytes bytes;
    BufferRef buffer;
    Copied copied;
    bool present = false;    // stands on the target already
    bool mergeable = false;  // small, and its codec is worth it
    CopyPath path = CopyPath::kPassThrough;
  };

  Status take_batch(kafka::records::BatchView batch, MutableBytes bytes, const BufferRef& buffer);
  Status reencode(kafka::records::BatchView batch);
  Status take_reencoded(kafka::records::BatchView batch);
  Status too_large(Offset offset);
  void push(MutableBytes bytes, BufferRef buffer, OffsetRuns runs, std::int32_t count,
            kafka::records::BatchView batch);
  void note_decided(Offset next, LeaderEpoch epoch);
  [[nodiscard]] std::size_t merge_candidates(std::size_t bytes_max) const;
  Result<Outgoing> merge(std::size_t candidates);
  Outgoing send_front();
  Outgoing send(MutableBytes bytes, BufferRef buffer, Copied copied);

  CopyTools& tools_;
  CopyOptions options_;
  PipelineStart start_;
  kafka::records::AbortedFilter aborted_;
  std::deque<Pending> pending_;
  std::deque<Copied> in_flight_;
  std::size_t pending_bytes_ = 0;
  std::size_t in_flight_bytes_ = 0;
  Offset position_;                // everything before it was taken
  std::int64_t next_ordinal_ = 0;  // of the next record taken
  std::int64_t present_left_ = 0;
  std::int64_t announced_until_ = 0;
  bool alone_ = false;
  std::optional<Copied> decided_;  // not yet reported, and everything before is acknowledged
  CopyPath last_path_ = CopyPath::kNone;
  std::int64_t dropped_records_ = 0;
  std::optional<Offset> oversized_;
};

}  // namespace ottla::flow
