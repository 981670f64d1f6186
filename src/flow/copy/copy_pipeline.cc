#include "flow/copy/copy_pipeline.h"

#include <algorithm>

#include "base/assert.h"
#include "flow/offsets/sequence.h"

namespace ottla::flow {

namespace records = kafka::records;

namespace {

// Below this a batch is worth merging with its neighbours: a broker's cost is mostly per batch, so
// it spends several times the CPU per byte on batches of 16 kB.
constexpr std::size_t kSmallBatchBytes = 64U << 10;
// Compressed batches are packed again: with zstd 30 microseconds per kB (bench/relay.py), while a
// broker is saved about 150 per batch (bench/kafka.py). It pays for tiny ones only.
constexpr std::size_t kSmallPackedBatchBytes = 4U << 10;
constexpr std::size_t kMergedBatchesMax = 512;
// Above any batch that a broker could have taken.
constexpr std::size_t kPresentBytesMax = std::size_t{1} << 30;

bool worth_merging(records::BatchView batch) {
  const Result<records::Codec> codec = batch.codec();
  // gzip costs more to pack again than the target saves, however small.
  if (!codec || *codec == records::Codec::kGzip) return false;
  return batch.size() <
         (*codec == records::Codec::kNone ? kSmallBatchBytes : kSmallPackedBatchBytes);
}

void append_run(OffsetRuns& runs, const OffsetRun& run) {
  if (!runs.empty() && runs.back().first + runs.back().count == run.first) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

}  // namespace

void CopyPipeline::start(const PipelineStart& start) {
  start_ = start;
  pending_.clear();
  in_flight_.clear();
  pending_bytes_ = 0;
  in_flight_bytes_ = 0;
  position_ = start.position;
  next_ordinal_ = start.next_ordinal;
  present_left_ = start.present_records;
  announced_until_ = start.next_ordinal + start.present_records;
  alone_ = start.alone_until_acknowledged;
  decided_.reset();
  oversized_.reset();
  aborted_.reset({});
}

Status CopyPipeline::take(MutableBytes records_slice, const BufferRef& buffer,
                          std::span<const records::AbortedTransaction> aborted) {
  aborted_.reset(aborted);
  Bytes rest = records_slice;
  for (;;) {
    const std::size_t begin = records_slice.size() - rest.size();
    OTTLA_ASSIGN(const std::optional<records::BatchView> batch, records::next_batch(rest));
    if (!batch) return {};
    OTTLA_TRY(take_batch(*batch, records_slice.subspan(begin, batch->size()), buffer));
  }
}

Status CopyPipeline::take_batch(records::BatchView batch, MutableBytes bytes,
                                const BufferRef& buffer) {
  const Offset next = batch.last_offset() + 1;
  const LeaderEpoch epoch = batch.is_legacy() ? LeaderEpoch(-1) : batch.partition_leader_epoch();
  const records::Visibility visibility =
      options_.read_committed ? aborted_.see(batch) : records::Visibility::kData;
  if (next <= position_) return {};  // all of it is behind
  const records::Path path = records::classify(batch, {options_.batch_bytes_max}, position_);
  const bool hidden = visibility != records::Visibility::kData;
  if (hidden || path.kind == records::PathKind::kDrop) {
    if (visibility == records::Visibility::kAborted) dropped_records_ += batch.record_count();
    note_decided(next, epoch);
    return {};
  }
  const bool partly_present = present_left_ > 0 && present_left_ < batch.record_count();
  if (path.kind == records::PathKind::kReencode || batch.is_legacy() || partly_present) {
    OTTLA_TRY(reencode(batch));
    note_decided(next, epoch);
    return {};
  }
  OffsetRuns runs;
  runs.push_back({batch.base_offset(), batch.record_count()});
  push(bytes, buffer, std::move(runs), batch.record_count(), batch);
  pending_.back().copied.leader_epoch = epoch;
  pending_.back().copied.upstream_next = next;
  position_ = next;
  return {};
}

Status CopyPipeline::reencode(records::BatchView batch) {
  records::Reencoded& out = tools_.reencoded_;
  records::ReencodeOptions options;
  options.batch_bytes_max = options_.batch_bytes_max;
  options.from = position_;
  options.oversized = records::Oversized::kDrop;
  if (present_left_ > 0) {
    // What stands on the target already becomes batches of its own, which are not sent; and it was
    // not too large when it was sent.
    options.records_max = 1;
    options.batch_bytes_max = kPresentBytesMax;
  }
  OTTLA_TRY(tools_.reencoder_.reencode(batch, nullptr, tools_.pool_, options, out));
  if (out.oversized.empty()) return take_reencoded(batch);
  // Only what comes before the record counts.
  const Offset offset = out.oversized.front();
  const records::RecordFilter before = [offset](records::RecordView& record) {
    return record.offset < offset;
  };
  OTTLA_TRY(tools_.reencoder_.reencode(batch, before, tools_.pool_, options, out));
  OTTLA_TRY(take_reencoded(batch));
  return too_large(offset);
}

Status CopyPipeline::too_large(Offset offset) {
  position_ = offset;
  oversized_ = offset;
  return fail(BaseErrc::kLimitExceeded,
              fmt::format("the record at offset {} does not fit in {} bytes", offset,
                          options_.batch_bytes_max));
}

Status CopyPipeline::take_reencoded(records::BatchView batch) {
  records::Reencoded& out = tools_.reencoded_;
  std::size_t run = 0;
  std::int32_t used = 0;  // of that run
  for (records::ReencodedBatch& made : out.batches) {
    OffsetRuns runs;
    for (std::int32_t left = made.record_count; left > 0;) {
      OTTLA_ASSERT(run < out.runs.size());
      const std::int32_t part = std::min(left, out.runs[run].count - used);
      append_run(runs, {out.runs[run].first + used, part});
      left -= part;
      used += part;
      if (used == out.runs[run].count) {
        ++run;
        used = 0;
      }
    }
    const MutableBytes bytes = made.bytes.bytes();
    if (present_left_ == 0 && bytes.size() > options_.batch_bytes_max) {
      const Offset offset = made.first_offset;
      out.clear();
      return too_large(offset);
    }
    Bytes view = bytes;
    OTTLA_ASSIGN(const std::optional<records::BatchView> whole, records::next_batch(view));
    OTTLA_ASSERT(whole.has_value());
    push(bytes, made.bytes, std::move(runs), made.record_count, *whole);
    pending_.back().path = CopyPath::kReencode;
    pending_.back().copied.upstream_next = made.last_offset + 1;
    pending_.back().copied.leader_epoch =
        batch.is_legacy() ? LeaderEpoch(-1) : batch.partition_leader_epoch();
  }
  out.clear();
  return {};
}

void CopyPipeline::push(MutableBytes bytes, BufferRef buffer, OffsetRuns runs, std::int32_t count,
                        records::BatchView batch) {
  Pending pending;
  pending.bytes = bytes;
  pending.buffer = std::move(buffer);
  pending.copied.runs = std::move(runs);
  pending.copied.ordinal = next_ordinal_;
  pending.copied.count = count;
  pending.copied.bytes = bytes.size();
  pending.copied.max_timestamp_ms = batch.max_timestamp_ms();
  if (present_left_ > 0) {
    OTTLA_ASSERT(count <= present_left_);
    present_left_ -= count;
    pending.present = true;
    pending.bytes = {};
    pending.buffer = BufferRef();
    pending.copied.bytes = 0;
  } else {
    pending.mergeable = worth_merging(batch);
    pending_bytes_ += bytes.size();
  }
  next_ordinal_ += count;
  pending_.push_back(std::move(pending));
}

void CopyPipeline::note_decided(Offset next, LeaderEpoch epoch) {
  position_ = std::max(position_, next);
  Copied* last = nullptr;
  if (!pending_.empty()) {
    last = &pending_.back().copied;
  } else if (!in_flight_.empty()) {
    last = &in_flight_.back();
  } else {
    last = &decided_.emplace();
    last->ordinal = next_ordinal_;
  }
  last->upstream_next = position_;
  // Goes with the position: the source takes an older epoch before it for a truncated log.
  if (epoch.value() >= 0) last->leader_epoch = epoch;
}

std::optional<Copied> CopyPipeline::take_decided() {
  return std::exchange(decided_, std::nullopt);
}

std::optional<Copied> CopyPipeline::take_present() {
  if (pending_.empty() || !pending_.front().present) return std::nullopt;
  Copied copied = std::move(pending_.front().copied);
  pending_.pop_front();
  return copied;
}

std::vector<CopyPipeline::Announcement> CopyPipeline::unannounced() const {
  std::vector<Announcement> waiting;
  if (!start_.announce_first) return waiting;
  for (const Pending& pending : pending_) {
    const std::int64_t end = pending.copied.ordinal + pending.copied.count;
    if (pending.present || end <= announced_until_) continue;
    waiting.push_back({end, pending.copied.upstream_next, pending.copied.runs});
  }
  return waiting;
}

std::int64_t CopyPipeline::oldest_timestamp_ms() const {
  if (!in_flight_.empty()) return in_flight_.front().max_timestamp_ms;
  return pending_.empty() ? -1 : pending_.front().copied.max_timestamp_ms;
}

// How many of the waiting batches may become one: from the front, all small, of one codec,
// announced.
std::size_t CopyPipeline::merge_candidates(std::size_t bytes_max) const {
  if (!options_.coalesce || !pending_.front().mergeable) return 1;
  const std::size_t limit = std::min(bytes_max, options_.batch_bytes_max);
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const Pending& pending : pending_) {
    const bool held_back =
        start_.announce_first && pending.copied.ordinal + pending.copied.count > announced_until_;
    bytes += pending.bytes.size();
    if (!pending.mergeable || held_back || bytes > limit || count == kMergedBatchesMax) break;
    ++count;
  }
  return std::max<std::size_t>(count, 1);
}

Result<std::optional<CopyPipeline::Outgoing>> CopyPipeline::next(std::size_t bytes_max) {
  if (pending_.empty() || pending_.front().present) return std::nullopt;
  if (alone_ && !in_flight_.empty()) return std::nullopt;
  const Copied& front = pending_.front().copied;
  if (start_.announce_first && front.ordinal + front.count > announced_until_) return std::nullopt;
  const std::size_t candidates = merge_candidates(bytes_max);
  if (candidates > 1) {
    OTTLA_ASSIGN(Outgoing merged, merge(candidates));
    return merged;
  }
  return send_front();
}

Result<CopyPipeline::Outgoing> CopyPipeline::merge(std::size_t candidates) {
  auto& views = tools_.views_;
  views.clear();
  for (std::size_t i = 0; i < candidates; ++i) {
    Bytes bytes = pending_[i].bytes;
    OTTLA_ASSIGN(const std::optional<records::BatchView> view, records::next_batch(bytes));
    OTTLA_ASSERT(view.has_value());
    views.push_back(*view);
  }
  records::CoalesceOptions options;
  options.batch_bytes_max = options_.batch_bytes_max;
  OTTLA_ASSIGN(records::Coalesced merged, tools_.coalescer_.coalesce(views, tools_.pool_, options));
  if (merged.batch_count <= 1) return send_front();
  Copied copied = std::move(pending_.front().copied);
  pending_bytes_ -= copied.bytes;
  pending_.pop_front();
  for (std::size_t i = 1; i < merged.batch_count; ++i) {
    const Copied& more = pending_.front().copied;
    for (const OffsetRun& run : more.runs) append_run(copied.runs, run);
    copied.count += more.count;
    copied.upstream_next = more.upstream_next;
    copied.leader_epoch = more.leader_epoch;
    copied.max_timestamp_ms = std::max(copied.max_timestamp_ms, more.max_timestamp_ms);
    pending_bytes_ -= more.bytes;
    pending_.pop_front();
  }
  OTTLA_ASSERT(copied.count == merged.record_count);
  copied.bytes = merged.batch.size();
  last_path_ = CopyPath::kCoalesce;
  const MutableBytes bytes = merged.batch.bytes();
  return send(bytes, std::move(merged.batch), std::move(copied));
}

CopyPipeline::Outgoing CopyPipeline::send_front() {
  Pending front = std::move(pending_.front());
  pending_.pop_front();
  pending_bytes_ -= front.copied.bytes;
  last_path_ = front.path;
  return send(front.bytes, std::move(front.buffer), std::move(front.copied));
}

CopyPipeline::Outgoing CopyPipeline::send(MutableBytes bytes, BufferRef buffer, Copied copied) {
  records::rewrite_for_produce(records::MutableBatch(bytes), start_.producer_id,
                               start_.producer_epoch,
                               sequence_of(copied.ordinal, start_.generation_first_ordinal));
  in_flight_bytes_ += copied.bytes;
  in_flight_.push_back(std::move(copied));
  return {bytes, std::move(buffer)};
}

Copied CopyPipeline::acknowledged() {
  OTTLA_ASSERT(!in_flight_.empty());
  Copied copied = std::move(in_flight_.front());
  in_flight_.pop_front();
  in_flight_bytes_ -= copied.bytes;
  alone_ = false;
  return copied;
}

}  // namespace ottla::flow
