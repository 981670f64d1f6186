#include "flow/engine/partition_replicator.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "base/wall_clock.h"

namespace ottla::flow {

namespace {

// What one partition may hold, fetched and not yet acknowledged. Covers 100 MB/s at 160 ms.
constexpr std::size_t kOutstandingBytesMax = 16U << 20;
constexpr std::chrono::milliseconds kLaggingAfter{5000};
// A throttled partition is seen as such by whoever asks once a second.
constexpr std::chrono::milliseconds kThrottledShown{2000};

CopyOptions copy_options(const FlowSettings& settings, const PartitionSpec& spec) {
  CopyOptions options;
  options.batch_bytes_max =
      std::min(static_cast<std::size_t>(settings.batch_bytes_max), spec.target_batch_bytes_max);
  options.coalesce = settings.coalesce;
  options.read_committed = settings.clients.source_reader.reader.read_committed;
  return options;
}

}  // namespace

PartitionReplicator::PartitionReplicator(ReplicaContext& context, PartitionSpec spec,
                                         std::optional<LoadedPartition> loaded)
    : context_(context),
      spec_(std::move(spec)),
      log_(PartitionKey{context.settings.source_alias, spec_.source.topic, spec_.source.partition}),
      pipeline_(context.tools, copy_options(context.settings, spec_)),
      event_(context.source.context()),
      group_(context.source.context()) {
  if (loaded) {
    log_ = std::move(loaded->log);
    state_ = std::move(loaded->state);
    map_ = std::move(loaded->map);
    loaded_intents_ = std::move(loaded->intents);
    has_map_ = true;
    if (state_.source_topic_id != spec_.source_id) recreated_source_ = spec_.source_id;
    if (state_.target_topic_id != spec_.target_id) recreated_target_ = spec_.target_id;
  }
  progress_at_ = ticked_at_ = net::Clock::now();
  subscription_ =
      context_.reader.add(spec_.source.topic, spec_.source_id, spec_.source.partition, this);
  publication_ =
      context_.writer.add(spec_.target_topic, spec_.target_id, spec_.source.partition, this);
  context_.journal.enlist(this);
}

PartitionReplicator::~PartitionReplicator() {
  context_.journal.delist(this);
  context_.reader.remove(subscription_);
  context_.writer.remove(publication_);
}

std::string PartitionReplicator::place() const {
  return fmt::format("{} {}", context_.settings.to_string(), spec_.source.to_string());
}

net::Task<void> PartitionReplicator::run(PartitionReplicator* self) {
  self->group_.spawn("announcer " + self->place(), run_announcer(self));
  self->group_.spawn("losses " + self->place(), run_loss_writer(self));
  while (!self->stopping_) {
    self->phase_ = Phase::kPreparing;
    Status ready;
    if (self->paused_ || self->source_deleted_) {
      if (!co_await self->event_.wait()) self->stopping_ = true;
      continue;
    }
    ready = co_await self->prepare();
    if (ready) {
      self->reason_.clear();
      while (!self->trouble_ && !self->stopping_ && !self->paused_) {
        if (const Status waited = co_await self->event_.wait(); !waited) self->stopping_ = true;
      }
    } else if (is_cancelled(ready.error())) {
      self->stopping_ = true;
    } else if (!self->trouble_) {
      self->report({Trouble::Kind::kReconcile, ready.error().to_string(), Offset(-1),
                    kafka::ErrorCode::kNone});
    }
    co_await self->settle();
    if (self->trouble_ && !self->stopping_) {
      const Trouble trouble = *std::exchange(self->trouble_, std::nullopt);
      const Status handled = co_await self->handle(trouble);
      if (!handled && !is_cancelled(handled.error())) {
        co_await self->stand_still(handled.error().to_string(), std::chrono::seconds(1));
      }
    }
  }
  self->group_.cancel();
  co_await self->group_.join();
}

void PartitionReplicator::stop() {
  stopping_ = true;
  event_.notify_all();
}

void PartitionReplicator::pause(bool paused) {
  paused_ = paused;
  event_.notify_all();
}

void PartitionReplicator::retry() {
  retry_ = true;
  event_.notify_all();
}

void PartitionReplicator::on_source_recreated(TopicId id) {
  if (std::exchange(source_deleted_, false)) event_.notify_all();
  if (id == spec_.source_id) return;
  recreated_source_ = id;
  report({Trouble::Kind::kReconcile, "the topic was created again on the source", Offset(-1),
          kafka::ErrorCode::kUnknownTopicId});
}

void PartitionReplicator::on_target_recreated(TopicId id) {
  if (id == spec_.target_id) return;
  recreated_target_ = id;
  report({Trouble::Kind::kReconcile, "the topic was created again on the target", Offset(-1),
          kafka::ErrorCode::kUnknownTopicId});
}

void PartitionReplicator::on_source_deleted() {
  source_deleted_ = true;
}

void PartitionReplicator::set_target_batch_bytes_max(std::size_t bytes) {
  spec_.target_batch_bytes_max = bytes;
  pipeline_.set_options(copy_options(context_.settings, spec_));
}

// --- source side ---

std::size_t PartitionReplicator::fetch_credit() const {
  const std::size_t held = pipeline_.bytes_outstanding() + arriving_bytes_;
  if (phase_ != Phase::kRunning || after_pending_ || held >= kOutstandingBytesMax) return 0;
  return kOutstandingBytesMax - held;
}

void PartitionReplicator::on_log_ends(const kafka::LogEnds& ends) {
  ends_ = ends;
  reachability_.clear();
}

void PartitionReplicator::on_fetched(kafka::FetchedChunk chunk) {
  arriving_bytes_ -= std::min(arriving_bytes_, chunk.records.size());
  if (phase_ != Phase::kRunning || trouble_ || after_pending_) return;
  const Status taken = pipeline_.take(chunk.records, chunk.buffer, chunk.aborted);
  drain_pipeline();
  if (!taken) {
    const bool too_large = taken.error().code == make_error_code(BaseErrc::kLimitExceeded);
    after_pending_ = {too_large ? Trouble::Kind::kTooLarge : Trouble::Kind::kPermanent,
                      taken.error().to_string(), pipeline_.oversized().value_or(Offset(-1)),
                      kafka::ErrorCode::kNone};
    report_after_pending();
    if (trouble_) return;
  }
  if (pipeline_.oldest_timestamp_ms() >= 0) {
    last_record_age_ms_ =
        std::max<std::int64_t>(0, wall_clock_ms() - pipeline_.oldest_timestamp_ms());
  }
  // After long quiet the target may have forgotten our producer, or somebody else have written.
  const bool quiet =
      pipeline_.in_flight() == 0 && net::Clock::now() - answered_at_ > context_.producer_memory / 4;
  if (quiet && pipeline_.has_pending()) {
    report({Trouble::Kind::kReconcile, "the partition was quiet for long", Offset(-1),
            kafka::ErrorCode::kNone});
    return;
  }
  if (pipeline_.has_pending()) context_.writer.ready(publication_);
  if (spec_.compacted) event_.notify_all();
}

// Records that prepare found on the target, and progress without records.
void PartitionReplicator::drain_pipeline() {
  if (const std::optional<Copied> decided = pipeline_.take_decided()) enter_position(*decided);
  while (const std::optional<Copied> copied = pipeline_.take_present()) {
    // Their place on the target is known record by record.
    std::int64_t ordinal = copied->ordinal;
    for (const OffsetRun& run : copied->runs) {
      std::int64_t done = 0;
      while (done < run.count) {
        while (!present_.empty() && present_.front().ordinal + present_.front().count <= ordinal) {
          present_.pop_front();
        }
        OTTLA_ASSERT(!present_.empty() && present_.front().ordinal <= ordinal);
        const ReconcileDecision::Discovered& found = present_.front();
        const std::int64_t skip = ordinal - found.ordinal;
        const std::int64_t part = std::min<std::int64_t>(run.count - done, found.count - skip);
        enter_run(run.first + done, found.downstream + skip, part);
        done += part;
        ordinal += part;
      }
    }
    enter_position(*copied);
    const bool last =
        present_.empty() || present_.back().ordinal + present_.back().count <= ordinal;
    if (last && end_after_present_) {
      map_.advance_downstream(*std::exchange(end_after_present_, std::nullopt),
                              OffsetMap::DownstreamGap::kMarkers);
    }
  }
}

void PartitionReplicator::enter_run(Offset upstream, Offset downstream, std::int64_t count) {
  if (downstream > map_.downstream_end()) {
    map_.advance_downstream(downstream, OffsetMap::DownstreamGap::kForeign);
  }
  const Status appended = map_.append(upstream, downstream, count);
  OTTLA_ASSERT(appended.has_value());
}

void PartitionReplicator::on_fetch_problem(kafka::FetchProblem problem) {
  if (phase_ != Phase::kRunning) return;
  Trouble trouble;
  trouble.error = problem.error;
  trouble.text = problem.detail;
  if (problem.diverging) {
    trouble.kind = Trouble::Kind::kTruncated;
    trouble.offset = problem.diverging->second;
  } else if (problem.error == kafka::ErrorCode::kOffsetOutOfRange) {
    trouble.kind = Trouble::Kind::kOutOfRange;
  } else if (problem.error == kafka::ErrorCode::kUnknownTopicId ||
             problem.error == kafka::ErrorCode::kUnknownTopicOrPartition) {
    trouble.text = "not found on the source: deleted, being created again, or not visible to us";
  } else if (!kafka::is_retriable(problem.error)) {
    trouble.kind = Trouble::Kind::kPermanent;
    trouble.text = fmt::format(
        "reading {}{}: {}", spec_.source.to_string(),
        problem.error == kafka::ErrorCode::kTopicAuthorizationFailed ? ", which needs READ" : "",
        make_error_code(problem.error).message());
  }
  report(std::move(trouble));
}

// --- target side ---

void PartitionReplicator::on_throttled(net::Duration how_long) {
  throttled_until_ = std::max(throttled_until_, net::Clock::now() + how_long + kThrottledShown);
}

std::optional<kafka::OutgoingBatch> PartitionReplicator::next_batch(std::size_t bytes_max) {
  if (phase_ != Phase::kRunning || trouble_) return std::nullopt;
  Result<std::optional<CopyPipeline::Outgoing>> next = pipeline_.next(bytes_max);
  if (!next) {
    report(
        {Trouble::Kind::kPermanent, next.error().to_string(), Offset(-1), kafka::ErrorCode::kNone});
    return std::nullopt;
  }
  if (!*next) return std::nullopt;
  ++unanswered_;
  return kafka::OutgoingBatch{(*next)->bytes, std::move((*next)->buffer)};
}

void PartitionReplicator::on_produced(kafka::ProduceOutcome outcome) {
  OTTLA_ASSERT(unanswered_ > 0);
  --unanswered_;
  if (unanswered_ == 0) event_.notify_all();
  // Answers come in order: those before the first failure count, also while settling.
  if (trouble_) return;
  if (outcome.unanswered) {
    report({Trouble::Kind::kReconcile, outcome.unanswered->to_string(), Offset(-1),
            kafka::ErrorCode::kNetworkException});
    return;
  }
  if (outcome.error != kafka::ErrorCode::kNone) {
    Trouble trouble{Trouble::Kind::kReconcile,
                    make_error_code(outcome.error).message() +
                        (outcome.message.empty() ? "" : " (" + outcome.message + ")"),
                    Offset(-1), outcome.error};
    report(std::move(trouble));
    return;
  }
  if (outcome.base_offset < map_.downstream_end()) {
    report({Trouble::Kind::kReconcile,
            fmt::format("the target put a batch at {}, before {}", outcome.base_offset,
                        map_.downstream_end()),
            Offset(-1), kafka::ErrorCode::kNone});
    return;
  }
  if (outcome.base_offset > map_.downstream_end() &&
      context_.settings.loss.on_foreign_write == LossAction::kStop) {
    // prepare() tells what stands there, and applies the policy.
    report({Trouble::Kind::kReconcile,
            fmt::format("the target put a batch at {}, behind {}", outcome.base_offset,
                        map_.downstream_end()),
            Offset(-1), kafka::ErrorCode::kNone});
    return;
  }
  answered_at_ = net::Clock::now();
  const Copied copied = pipeline_.acknowledged();
  enter(copied, outcome.base_offset);
  drain_pipeline();
  report_after_pending();
  context_.reader.resume(subscription_);
  if (pipeline_.has_pending()) context_.writer.ready(publication_);
}

// It may have lost its end, which an idle partition would learn with the next record only.
void PartitionReplicator::on_leader_moved() {
  if (phase_ != Phase::kRunning) return;
  report({Trouble::Kind::kReconcile, "the target's leader moved", Offset(-1),
          kafka::ErrorCode::kNone});
}

// What can't be read or copied stops the partition only after all that comes before it is there.
void PartitionReplicator::report_after_pending() {
  if (!after_pending_ || pipeline_.has_pending() || pipeline_.in_flight() > 0) return;
  report(*std::exchange(after_pending_, std::nullopt));
}

void PartitionReplicator::enter(const Copied& copied, Offset downstream) {
  if (downstream > map_.downstream_end()) {
    const Offset from = map_.downstream_end();
    map_.advance_downstream(downstream, OffsetMap::DownstreamGap::kForeign);
    note_loss(loss(LossKind::kForeignWrites, from, downstream,
                   fmt::format("{} offsets of {} were written by somebody else", downstream - from,
                               spec_.target_topic)));
  }
  std::int64_t done = 0;
  for (const OffsetRun& run : copied.runs) {
    enter_run(run.first, downstream + done, run.count);
    done += run.count;
  }
  enter_position(copied);
  records_ += copied.count;
  bytes_ += static_cast<std::int64_t>(copied.bytes);
  if (copied.max_timestamp_ms >= 0) {
    last_latency_ms_ = std::max<std::int64_t>(0, wall_clock_ms() - copied.max_timestamp_ms);
  }
}

void PartitionReplicator::enter_position(const Copied& copied) {
  map_.advance_upstream(copied.upstream_next);
  if (copied.leader_epoch.value() >= 0) state_.leader_epoch = copied.leader_epoch;
}

// --- journal ---

std::vector<MapRecord> PartitionReplicator::plan() {
  // A position past a loss is not durable before the loss is.
  if (!has_map_ || !unwritten_losses_.empty()) return {};
  planned_ordinal_ = map_.next_ordinal();
  return log_.plan(state_, map_);
}

void PartitionReplicator::committed() {
  log_.committed();
  while (!announced_.empty() && announced_.front().ordinal_end <= planned_ordinal_) {
    announced_begin_ = announced_.front().ordinal_end;
    announced_upstream_begin_ = announced_.front().upstream_next;
    announced_.pop_front();
  }
}

// Compacted upstream topics: which upstream offsets the coming ordinals stand for is written before
// they are sent, because a second read may find fewer records.
net::Task<void> PartitionReplicator::run_announcer(PartitionReplicator* self) {
  for (;;) {
    const auto waiting = self->phase_ == Phase::kRunning && !self->trouble_
                             ? self->pipeline_.unannounced()
                             : std::vector<CopyPipeline::Announcement>{};
    if (waiting.empty()) {
      if (!co_await self->event_.wait()) co_return;
      continue;
    }
    IntentRecord record;
    record.lineage = self->map_.lineage();
    record.ordinal_begin = self->announced_begin_;
    record.upstream_begin = self->announced_upstream_begin_;
    for (const auto& entry : waiting) {
      IntentRecord::Entry announced;
      announced.ordinal_end = entry.ordinal_end;
      announced.upstream_next = entry.upstream_next;
      for (const OffsetRun& run : entry.runs) announced.runs.push_back({run.first, run.count});
      self->announced_.push_back(std::move(announced));
    }
    record.entries.assign(self->announced_.begin(), self->announced_.end());
    const std::uint64_t attempt = self->attempt_;
    const Status written =
        co_await self->context_.journal.write(self->log_.key(), self->log_.intent(record));
    if (!written) {
      if (is_cancelled(written.error())) co_return;
      if (attempt == self->attempt_) {
        self->report({Trouble::Kind::kReconcile, written.error().to_string(), Offset(-1),
                      kafka::ErrorCode::kNone});
      }
      continue;
    }
    if (attempt != self->attempt_ || self->phase_ != Phase::kRunning) continue;
    self->pipeline_.announced_until(waiting.back().ordinal_end);
    self->context_.writer.ready(self->publication_);
  }
}

// --- status ---

void PartitionReplicator::tick() {
  const net::Deadline now = net::Clock::now();
  const double seconds = std::chrono::duration<double>(now - ticked_at_).count();
  if (seconds > 0) {
    const double records = static_cast<double>(records_ - ticked_records_) / seconds;
    const double bytes = static_cast<double>(bytes_ - ticked_bytes_) / seconds;
    records_per_second_ = 0.6 * records_per_second_ + 0.4 * records;
    bytes_per_second_ = 0.6 * bytes_per_second_ + 0.4 * bytes;
    if (records_per_second_ < 0.01) records_per_second_ = bytes_per_second_ = 0;
  }
  ticked_at_ = now;
  ticked_records_ = records_;
  ticked_bytes_ = bytes_;
  const bool behind =
      ends_.last_stable_offset.value() >= 0 && map_.upstream_position() < ends_.last_stable_offset;
  if (map_.upstream_position() != progress_position_ || (!behind && reachability_.empty())) {
    progress_position_ = map_.upstream_position();
    progress_at_ = now;
  }
}

std::chrono::milliseconds PartitionReplicator::stalled_for() const {
  if (paused_ || phase_ == Phase::kStandingStill) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - progress_at_);
}

std::optional<Translation> PartitionReplicator::translate(Offset upstream) const {
  if (!has_map_) return std::nullopt;
  return map_.translate(upstream);
}

PositionReport PartitionReplicator::position() const {
  PositionReport report;
  report.partition = spec_.source;
  report.upstream_position = map_.upstream_position();
  if (has_map_ && !map_.runs().empty()) {
    const Run& last = map_.runs().back();
    report.last = std::pair{last.upstream_end() - 1, last.downstream_end() - 1};
  }
  return report;
}

PartitionStatus PartitionReplicator::status() const {
  PartitionStatus s;
  s.topic = spec_.source.topic;
  s.target_topic = spec_.target_topic;
  s.partition = spec_.source.partition;
  s.upstream_position = map_.upstream_position();
  if (ends_.last_stable_offset.value() >= 0) s.upstream_end = ends_.last_stable_offset;
  if (ends_.log_start_offset.value() >= 0) s.upstream_log_start = ends_.log_start_offset;
  if (has_map_) s.downstream_end = map_.downstream_end();
  s.records = records_;
  s.bytes = bytes_;
  s.dropped_records = pipeline_.dropped_records();
  s.records_per_second = records_per_second_;
  s.bytes_per_second = bytes_per_second_;
  s.losses = losses_;
  s.path = pipeline_.last_path();
  if (last_record_age_ms_ >= 0) s.record_age_ms = static_cast<double>(last_record_age_ms_);
  if (last_latency_ms_ >= 0) s.replication_latency_ms = static_cast<double>(last_latency_ms_);
  const bool behind = s.upstream_end && s.upstream_position < *s.upstream_end;
  if (!behind) {
    if (s.upstream_end) s.lag_seconds = 0;
  } else if (pipeline_.oldest_timestamp_ms() >= 0) {
    s.lag_seconds = std::max(
        0.0, static_cast<double>(wall_clock_ms() - pipeline_.oldest_timestamp_ms()) / 1000);
  }
  s.reason = !reason_.empty() ? reason_ : reachability_;
  if (source_deleted_) s.reason = "the topic was deleted on the source; the copy is kept";
  switch (phase_) {
    case Phase::kStandingStill:
      s.state = PartitionState::kQuarantined;
      break;
    case Phase::kPreparing:
    case Phase::kSettling:
      s.state = PartitionState::kStarting;
      break;
    case Phase::kRunning: {
      const bool lagging =
          s.lag_seconds && *s.lag_seconds * 1000 > static_cast<double>(kLaggingAfter.count());
      const bool throttled = net::Clock::now() < throttled_until_;
      s.state = !behind && pipeline_.in_flight() == 0 ? PartitionState::kIdle
                : throttled                           ? PartitionState::kThrottled
                : lagging                             ? PartitionState::kLagging
                                                      : PartitionState::kCopying;
      if (throttled && s.reason.empty()) s.reason = "a quota of a broker slows it down";
      break;
    }
  }
  if (paused_) s.state = PartitionState::kPaused;
  if (stopping_) s.state = PartitionState::kStopped;
  return s;
}

}  // namespace ottla::flow
