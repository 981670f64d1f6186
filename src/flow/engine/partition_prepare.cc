// PartitionReplicator: what happens before a partition may write. See partition_replicator.h.

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "base/wall_clock.h"
#include "flow/engine/partition_replicator.h"
#include "kafka/client/admin.h"

namespace ottla::flow {

namespace {

constexpr int kQuestionsMax = 60;
constexpr std::chrono::milliseconds kAskAgainPause{50};
constexpr std::chrono::seconds kJournalTimeout{20};
constexpr std::int32_t kTailReadBytes = 8 << 20;
// Where no marker may be written: so long must the target's end stand still before we take over.
constexpr std::chrono::milliseconds kQuietTime{3000};

}  // namespace

net::Task<Status> PartitionReplicator::prepare() {
  ++attempt_;
  arriving_bytes_ = 0;
  present_.clear();
  end_after_present_.reset();
  // plan() writes nothing while a loss is not in the ledger, and what follows relies on the map.
  while (!unwritten_losses_.empty() && !stopping_) {
    OTTLA_CO_TRY(co_await event_.wait());
  }
  OTTLA_CO_TRY(co_await handle_recreations());
  if (!has_map_) co_return co_await begin_copy();
  OTTLA_CO_ASSIGN(ReconcileDecision decision, co_await ask_target());
  co_return co_await apply(std::move(decision));
}

// A partition that this flow has never copied.
net::Task<Status> PartitionReplicator::begin_copy() {
  const TopicPartition target{spec_.target_topic, spec_.source.partition};
  OTTLA_CO_ASSIGN(const Offset position, co_await first_position());
  Offset downstream(0);
  if (!spec_.target_is_new) {
    OTTLA_CO_ASSIGN(downstream,
                    co_await kafka::list_offset(context_.target, target, kafka::kLatest, 0));
  }
  OTTLA_CO_ASSIGN(const bool begun, co_await begun_elsewhere());
  if (begun) {
    OTTLA_CO_TRY(co_await reload_map());
    co_return fail(BaseErrc::kUnavailable,
                   "another process has begun this partition; its map counts");
  }
  map_ = OffsetMap(MapPoint{0, position, downstream});
  state_ = CopyState{};
  state_.source_topic_id = spec_.source_id;
  state_.target_topic = spec_.target_topic;
  state_.target_topic_id = spec_.target_id;
  has_map_ = true;
  OTTLA_CO_TRY(co_await begin_generation(ProducerEpoch(0), false, 0));
  start_pipeline(0, true);
  co_return Status{};
}

// Another process of this flow may have begun here since the maps were read.
net::Task<Result<bool>> PartitionReplicator::begun_elsewhere() {
  const TopicPartition target{spec_.target_topic, spec_.source.partition};
  const auto producers = co_await kafka::describe_producers(context_.target, target);
  if (!producers) {
    if (producers.error().code == make_error_code(BaseErrc::kUnsupported)) co_return false;
    co_return std::unexpected(producers.error());
  }
  co_return std::ranges::any_of(*producers, [this](const kafka::ActiveProducer& producer) {
    return producer.id == context_.producer_id;
  });
}

net::Task<Result<Offset>> PartitionReplicator::first_position() {
  if (spec_.stored_position && !spec_.target_is_new) co_return *spec_.stored_position + 1;
  using Reset = ReaderSettings::Reset;
  const Reset reset = context_.settings.clients.source_reader.reader.auto_offset_reset;
  if (reset == Reset::kNone) {
    co_return fail(
        BaseErrc::kInvalidInput,
        "nothing was copied yet and auto.offset.reset=none forbids to choose a start; set "
        "earliest or latest");
  }
  co_return co_await kafka::list_offset(context_.source, spec_.source,
                                        reset == Reset::kLatest ? kafka::kLatest : kafka::kEarliest,
                                        0);
}

// One look at the target: its ends, and what its leader remembers of our producer.
net::Task<Result<ReconcileInput>> PartitionReplicator::question() {
  const TopicPartition target{spec_.target_topic, spec_.source.partition};
  ReconcileInput input{.map = map_,
                       .generations = state_.generations,
                       .producer = {},
                       .log_start = {},
                       .log_end = {},
                       .tail = {}};
  const auto producers = co_await kafka::describe_producers(context_.target, target);
  if (producers) {
    for (const kafka::ActiveProducer& p : *producers) {
      const bool ours =
          !state_.generations.empty() && p.id == state_.generations.back().producer_id;
      if (ours) input.producer = ProducerEntry{p.id, p.epoch, p.last_sequence, p.last_timestamp_ms};
    }
  } else if (producers.error().code != make_error_code(BaseErrc::kUnsupported)) {
    co_return std::unexpected(producers.error());
  }
  OTTLA_CO_ASSIGN(input.log_start,
                  co_await kafka::list_offset(context_.target, target, kafka::kEarliest, 0));
  OTTLA_CO_ASSIGN(input.log_end,
                  co_await kafka::list_offset(context_.target, target, kafka::kLatest, 0));
  input.recount_safe = !spec_.compacted;
  input.intents = loaded_intents_ ? &*loaded_intents_ : nullptr;
  input.now_ms = wall_clock_ms();
  input.producer_expiry_ms = context_.producer_memory.count();
  co_return input;
}

// All questions go by name. Before anything is concluded from a log that is not as we know it: is
// it still the one that we know? Nothing may be written into another.
net::Task<Status> PartitionReplicator::check_target_identity() {
  std::vector<std::string> names{spec_.target_topic};
  OTTLA_CO_ASSIGN(const auto view, co_await context_.target.describe_topics(std::move(names)));
  const auto found = view->topics.find(spec_.target_topic);
  if (found == view->topics.end() || found->second.error != kafka::ErrorCode::kNone) {
    co_return fail(BaseErrc::kUnavailable, spec_.target_topic + " is not there at the moment");
  }
  if (found->second.id == spec_.target_id) co_return Status{};
  recreated_target_ = found->second.id;
  co_return fail(BaseErrc::kUnavailable, spec_.target_topic + " is another topic now");
}

net::Task<Result<ReconcileDecision>> PartitionReplicator::ask_target() {
  using Step = ReconcileDecision::Step;
  // What was announced by this very process counts like what was loaded.
  if (!announced_.empty()) {
    IntentRecord record;
    record.lineage = map_.lineage();
    record.ordinal_begin = announced_begin_;
    record.upstream_begin = announced_upstream_begin_;
    record.entries.assign(announced_.begin(), announced_.end());
    loaded_intents_ = std::move(record);
  }
  bool fenced = false;
  std::optional<Tail> tail;
  std::string reason;
  for (int i = 0; i < kQuestionsMax; ++i) {
    OTTLA_CO_ASSIGN(ReconcileInput input, co_await question());
    input.fenced = fenced;
    input.tail = std::move(tail);
    tail.reset();
    ReconcileDecision decision = reconcile(input);
    const bool as_known = decision.step == Step::kResume && !decision.truncate_to;
    if (!as_known) {
      OTTLA_CO_TRY(co_await check_target_identity());
    }
    if (decision.step == Step::kResume) co_return decision;
    reason = decision.reason;
    OTTLA_DEBUG("{}: {}", place(), reason);
    switch (decision.step) {
      case Step::kReadTail: {
        OTTLA_CO_ASSIGN(tail, co_await read_tail(decision.read_from, input.log_end));
        break;
      }
      case Step::kFence: {
        OTTLA_INFO("{}: {}", place(), reason);
        OTTLA_CO_TRY(co_await fence());
        fenced = true;
        break;
      }
      case Step::kStepDown: {
        OTTLA_CO_TRY(co_await net::sleep_for(std::chrono::seconds(1)));
        OTTLA_CO_TRY(co_await reload_map());
        break;
      }
      case Step::kAskAgain: {
        OTTLA_CO_TRY(co_await net::sleep_for(kAskAgainPause));
        break;
      }
      case Step::kRecreated:
      case Step::kResume:
        co_return fail(BaseErrc::kUnavailable, reason);
    }
  }
  co_return fail(BaseErrc::kUnavailable, "the target does not come to rest: " + reason);
}

net::Task<Result<Tail>> PartitionReplicator::read_tail(Offset from, Offset end) {
  const TopicPartition target{spec_.target_topic, spec_.source.partition};
  Tail tail{from, end, {}};
  Offset position = from;
  while (position < end) {
    OTTLA_CO_ASSIGN(const kafka::LogSlice slice,
                    co_await kafka::fetch_slice(context_.target, target, position, kTailReadBytes));
    Bytes rest = slice.records;
    const Offset before = position;
    for (;;) {
      OTTLA_CO_ASSIGN(const std::optional<kafka::records::BatchView> batch,
                      kafka::records::next_batch(rest));
      if (!batch) break;
      position = std::max(position, batch->last_offset() + 1);
      if (batch->last_offset() < from || batch->base_offset() >= end) continue;
      TailBatch found;
      found.base = batch->base_offset();
      found.last = batch->last_offset();
      if (!batch->is_legacy()) {
        found.producer_id = batch->producer_id();
        found.epoch = batch->producer_epoch();
        found.base_sequence = batch->base_sequence();
        found.is_control = batch->is_control();
      }
      tail.batches.push_back(found);
    }
    // Nothing more up to the high watermark: what stands above is not decided yet.
    if (position == before) break;
  }
  tail.end = std::min(end, std::max(position, from));
  co_return tail;
}

// Former owners are refused from here on. Where that is not permitted, waiting is all that is left.
net::Task<Status> PartitionReplicator::fence() {
  OTTLA_ASSERT(!state_.generations.empty());
  const Generation& last = state_.generations.back();
  if (context_.settings.takeover_fence && last.epoch.value() < INT16_MAX) {
    const TopicPartition target{spec_.target_topic, spec_.source.partition};
    const Status written = co_await kafka::write_fence_marker(
        context_.target, target, {last.producer_id, last.epoch + std::int16_t{1}});
    const bool forbidden =
        !written &&
        (written.error().code == make_error_code(kafka::ErrorCode::kClusterAuthorizationFailed) ||
         written.error().code == make_error_code(BaseErrc::kUnsupported));
    if (written || !forbidden) co_return written;
    OTTLA_WARN("{}: {}. Grant ALTER on the cluster to take over without waiting", place(),
               written.error().to_string());
  }
  co_return co_await wait_until_quiet();
}

net::Task<Status> PartitionReplicator::wait_until_quiet() {
  const TopicPartition target{spec_.target_topic, spec_.source.partition};
  OTTLA_CO_ASSIGN(Offset end,
                  co_await kafka::list_offset(context_.target, target, kafka::kLatest, 0));
  net::Deadline quiet_since = net::Clock::now();
  while (net::Clock::now() - quiet_since < kQuietTime) {
    OTTLA_CO_TRY(co_await net::sleep_for(std::chrono::milliseconds(200)));
    OTTLA_CO_ASSIGN(const Offset now,
                    co_await kafka::list_offset(context_.target, target, kafka::kLatest, 0));
    if (now != end) quiet_since = net::Clock::now();
    end = now;
  }
  co_return Status{};
}

// Somebody else owned the partition meanwhile, and knows more.
net::Task<Status> PartitionReplicator::reload_map() {
  OTTLA_CO_ASSIGN(std::optional<LoadedPartition> loaded,
                  co_await context_.journal.load(log_.key()));
  if (!loaded || loaded->state.target_topic_id != spec_.target_id) co_return Status{};
  log_ = std::move(loaded->log);
  state_ = std::move(loaded->state);
  map_ = std::move(loaded->map);
  loaded_intents_ = std::move(loaded->intents);
  has_map_ = true;
  announced_.clear();
  co_return Status{};
}

net::Task<Status> PartitionReplicator::apply(ReconcileDecision decision) {
  if (decision.truncate_to) {
    const Offset end = *decision.truncate_to;
    OTTLA_WARN("{}: the target lost its tail from offset {} on: {} records are copied again",
               place(), end, decision.lost_records);
    OTTLA_CO_TRY(co_await context_.losses.record(
        loss(LossKind::kTargetTruncated, end, end + decision.lost_records,
             "the target lost these after acknowledging them (unclean leader election); they are "
             "copied again")));
    ++losses_;
    map_.truncate_downstream(end);
  }
  for (const auto& range : decision.foreign) {
    OTTLA_CO_ASSIGN(
        const bool go_on,
        co_await lose(loss(LossKind::kForeignWrites, range.from, range.from + range.count,
                           "written by somebody else into " + spec_.target_topic),
                      context_.settings.loss.on_foreign_write));
    if (!go_on) co_return fail(BaseErrc::kUnavailable, "waits for a decision");
  }
  for (const auto& range : decision.duplicates) {
    OTTLA_CO_TRY(co_await context_.losses.record(
        loss(LossKind::kAmbiguous, range.from, range.from + range.count,
             "the target accepted these a second time after it had forgotten the producer")));
    ++losses_;
  }
  for (const auto& range : decision.out_of_order) {
    OTTLA_CO_TRY(co_await context_.losses.record(
        loss(LossKind::kAmbiguous, range.from, range.from + range.count,
             "the target accepted these ahead of missing ones; they are copied again in order")));
    ++losses_;
  }
  if (decision.counting_unsafe) {
    OTTLA_CO_TRY(co_await context_.losses.record(
        loss(LossKind::kAmbiguous, decision.upstream_position,
             decision.upstream_position + decision.skip,
             "a compacted topic was read again without an announcement: records may be missing or "
             "doubled here")));
    ++losses_;
  }
  enter_discovered(decision);
  if (decision.new_generation) {
    OTTLA_CO_TRY(co_await begin_generation(decision.epoch_min, decision.new_producer_id,
                                           decision.resume_ordinal));
  }
  // What was cut, found or loaded is durable before anything is sent on top of it.
  OTTLA_CO_TRY(co_await context_.journal.flush(net::Clock::now() + kJournalTimeout));
  start_pipeline(decision.skip, decision.first_batch_alone || decision.new_generation);
  co_return Status{};
}

void PartitionReplicator::enter_discovered(const ReconcileDecision& decision) {
  present_.assign(decision.discovered.begin(), decision.discovered.end());
  if (decision.discovered_upstream) {
    // Announced before they were sent: both places are known, nothing is read again.
    std::int64_t ordinal = map_.next_ordinal();
    for (const IntentRecord::UpstreamRun& run : *decision.discovered_upstream) {
      for (std::int64_t done = 0; done < run.count;) {
        while (present_.front().ordinal + present_.front().count <= ordinal) present_.pop_front();
        const std::int64_t skip = ordinal - present_.front().ordinal;
        const std::int64_t part = std::min(run.count - done, present_.front().count - skip);
        enter_run(run.upstream + done, present_.front().downstream + skip, part);
        done += part;
        ordinal += part;
      }
    }
    present_.clear();
    map_.advance_upstream(decision.upstream_position);
    state_.leader_epoch = LeaderEpoch(-1);  // of what was sent last: not announced
  }
  if (decision.skip > 0) {
    end_after_present_ = decision.downstream_end;
  } else if (decision.downstream_end > map_.downstream_end()) {
    map_.advance_downstream(decision.downstream_end, OffsetMap::DownstreamGap::kMarkers);
  }
}

net::Task<Status> PartitionReplicator::begin_generation(ProducerEpoch epoch_min,
                                                        bool new_producer_id,
                                                        std::int64_t first_ordinal) {
  Generation next;
  next.first_ordinal = first_ordinal;
  next.upstream_start = map_.upstream_position();
  if (new_producer_id) {
    OTTLA_CO_ASSIGN(const kafka::ProducerIdentity fresh,
                    co_await kafka::init_producer_id(context_.target));
    next.producer_id = fresh.id;
    next.epoch = fresh.epoch;
  } else if (state_.generations.empty()) {
    next.producer_id = context_.producer_id;
    next.epoch = epoch_min;
  } else {
    next.producer_id = state_.generations.back().producer_id;
    next.epoch = std::max(epoch_min, state_.generations.back().epoch + std::int16_t{1});
  }
  state_.begin_generation(next);
  co_return co_await context_.journal.flush(net::Clock::now() + kJournalTimeout);
}

void PartitionReplicator::start_pipeline(std::int64_t skip, bool alone) {
  const Generation& generation = state_.generations.back();
  PipelineStart start;
  start.position = map_.upstream_position();
  start.next_ordinal = map_.next_ordinal();
  start.present_records = skip;
  start.producer_id = generation.producer_id;
  start.producer_epoch = generation.epoch;
  start.generation_first_ordinal = generation.first_ordinal;
  start.alone_until_acknowledged = alone;
  start.announce_first = spec_.compacted;
  present_position_ = start.position;
  announced_.clear();
  announced_begin_ = map_.next_ordinal();
  announced_upstream_begin_ = map_.upstream_position();
  pipeline_.start(start);
  after_pending_.reset();
  phase_ = Phase::kRunning;
  progress_at_ = answered_at_ = net::Clock::now();
  context_.writer.reroute(publication_);
  context_.reader.seek(subscription_, start.position, state_.leader_epoch);
}

}  // namespace ottla::flow
