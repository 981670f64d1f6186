// PartitionReplicator: what happens when something is not as it should be. See
// partition_replicator.h.

#include <algorithm>

#include "base/log.h"
#include "base/wall_clock.h"
#include "flow/engine/partition_replicator.h"
#include "kafka/client/admin.h"

namespace ottla::flow {

namespace {

using kafka::ErrorCode;

constexpr std::chrono::milliseconds kPauseMax{1000};
constexpr std::chrono::seconds kForbiddenPause{10};
constexpr std::chrono::hours kUntilSomebodyActs{24 * 365};
constexpr std::size_t kSmallestBatchLimit = 16U << 10;

// Errors of a produce request that another attempt can't mend.
bool needs_a_person(ErrorCode error) {
  switch (error) {
    case ErrorCode::kTopicAuthorizationFailed:
    case ErrorCode::kClusterAuthorizationFailed:
    case ErrorCode::kInvalidTimestamp:
    case ErrorCode::kInvalidRecord:
    case ErrorCode::kCorruptMessage:
    case ErrorCode::kPolicyViolation:
    case ErrorCode::kInvalidTopicException:
    case ErrorCode::kUnsupportedCompressionType:
      return true;
    default:
      return false;
  }
}

}  // namespace

void PartitionReplicator::report(Trouble trouble) {
  if (trouble_) return;  // the first one is the cause
  trouble_ = std::move(trouble);
  event_.notify_all();
}

net::Task<void> PartitionReplicator::settle() {
  phase_ = Phase::kSettling;
  context_.reader.rest(subscription_);
  // Each answer comes or its connection ends: both are bounded by the request timeout.
  while (unanswered_ > 0) {
    if (!co_await event_.wait()) break;
  }
}

net::Task<Status> PartitionReplicator::handle(Trouble trouble) {
  switch (trouble.kind) {
    case Trouble::Kind::kReconcile:
      co_return co_await handle_reconcile(trouble);
    case Trouble::Kind::kOutOfRange:
      co_return co_await handle_out_of_range();
    case Trouble::Kind::kTruncated:
      co_return co_await handle_truncation(trouble.offset);
    case Trouble::Kind::kTooLarge:
      co_return co_await handle_too_large(trouble);
    case Trouble::Kind::kPermanent:
      OTTLA_ERROR("{}: {}", place(), trouble.text);
      co_await stand_still(trouble.text, kForbiddenPause);
      co_return Status{};
  }
  co_return Status{};
}

net::Task<Status> PartitionReplicator::handle_reconcile(const Trouble& trouble) {
  reason_ = trouble.text;
  if (trouble.error == ErrorCode::kMessageTooLarge) {
    const std::size_t limit = pipeline_.options().batch_bytes_max;
    if (limit > kSmallestBatchLimit) {
      // The target takes less than its settings said: smaller from here on.
      set_target_batch_bytes_max(limit / 2);
      co_return Status{};
    }
  }
  if (needs_a_person(trouble.error)) {
    OTTLA_ERROR("{}: {}", place(), trouble.text);
    co_await stand_still(
        fmt::format(
            "writing {}{}: {}", spec_.target_topic,
            trouble.error == ErrorCode::kTopicAuthorizationFailed ? ", which needs WRITE" : "",
            trouble.text),
        kForbiddenPause);
    co_return Status{};
  }
  OTTLA_INFO("{}: settling after: {}", place(), trouble.text);
  // A target that goes on refusing is asked less and less often.
  if (map_.upstream_position() != troubled_at_) failures_in_row_ = 0;
  troubled_at_ = map_.upstream_position();
  const int doublings = std::min(failures_in_row_++, 6);
  const auto pause = std::min(std::chrono::milliseconds(20) * (1 << doublings), kPauseMax);
  const net::Deadline until = net::Clock::now() + pause;
  while (net::Clock::now() < until && !stopping_) {
    const Status waited = co_await event_.wait(until);
    if (!waited && is_cancelled(waited.error())) co_return waited;
  }
  co_return Status{};
}

// Everything before the record is on the target. Nothing behind it is sent before the position past
// it is durable: prepare writes the map first.
net::Task<Status> PartitionReplicator::handle_too_large(const Trouble& trouble) {
  OTTLA_ERROR("{}: {}", place(), trouble.text);
  if (context_.settings.loss.on_too_large == LossAction::kStop || trouble.offset.value() < 0) {
    co_await stand_still(trouble.text + ". Raise max.message.bytes of " + spec_.target_topic +
                             ", or set ottla.on.too.large=continue to leave such records out",
                         kUntilSomebodyActs);
    co_return Status{};
  }
  OTTLA_CO_ASSIGN(const bool go_on,
                  co_await lose(loss(LossKind::kRecordTooLarge, trouble.offset, trouble.offset + 1,
                                     trouble.text + " of " + spec_.target_topic),
                                LossAction::kContinue));
  if (go_on) map_.advance_upstream(trouble.offset + 1);
  co_return Status{};
}

// The position lies outside of the upstream log: retention has overtaken us, or the log was cut.
net::Task<Status> PartitionReplicator::handle_out_of_range() {
  OTTLA_CO_ASSIGN(const Offset start,
                  co_await kafka::list_offset(context_.source, spec_.source, kafka::kEarliest, 0));
  OTTLA_CO_ASSIGN(const Offset end,
                  co_await kafka::list_offset(context_.source, spec_.source, kafka::kLatest, 0));
  const Offset position = map_.upstream_position();
  if (position > end) co_return co_await handle_truncation(end);
  if (position >= start) co_return Status{};
  OTTLA_WARN("{}: retention has deleted offsets {} to {} before they were copied", place(),
             position, start - 1);
  OTTLA_CO_ASSIGN(
      const bool go_on,
      co_await lose(
          loss(LossKind::kRetentionOvertook, position, start,
               "deleted on the source before they were copied; raise retention.ms there, or "
               "the rate of the copy"),
          context_.settings.loss.on_retention));
  if (!go_on) co_return Status{};
  map_.advance_upstream(start);
  state_.leader_epoch = LeaderEpoch(-1);  // nothing was read at the new position
  co_return Status{};
}

// The upstream log ends before what was copied: records on the target that the source has no more.
net::Task<Status> PartitionReplicator::handle_truncation(Offset end) {
  const Offset position = map_.upstream_position();
  if (end >= position) co_return Status{};
  OTTLA_WARN("{}: the upstream log was truncated at {}; copied up to {}", place(), end, position);
  OTTLA_CO_ASSIGN(
      const bool go_on,
      co_await lose(
          loss(LossKind::kUpstreamTruncated, end, position,
               "the source lost these after they were copied (unclean leader election); the "
               "target keeps them"),
          context_.settings.loss.on_truncation));
  if (!go_on) co_return Status{};
  map_.truncate_upstream(end);
  state_.leader_epoch = LeaderEpoch(-1);
  // What stands at an ordinal is another record from here on.
  OTTLA_CO_TRY(co_await begin_generation(ProducerEpoch(0), false, map_.next_ordinal()));
  co_return Status{};
}

net::Task<Status> PartitionReplicator::handle_recreations() {
  if (recreated_source_) {
    const TopicId id = *recreated_source_;
    const Offset position = map_.upstream_position();
    OTTLA_WARN("{}: the topic was created again on the source", place());
    OTTLA_CO_ASSIGN(
        const bool go_on,
        co_await lose(loss(LossKind::kUpstreamRecreated, Offset(0), position,
                           "the topic was deleted and created again on the source; records of the "
                           "old topic that were not copied are gone"),
                      context_.settings.loss.on_recreate));
    if (!go_on) co_return fail(BaseErrc::kUnavailable, "waits for a decision");
    recreated_source_.reset();
    spec_.source_id = id;
    state_.source_topic_id = id;
    state_.leader_epoch = LeaderEpoch(-1);
    if (has_map_) {
      map_.truncate_upstream(Offset(0));
      OTTLA_CO_TRY(co_await begin_generation(ProducerEpoch(0), false, map_.next_ordinal()));
    }
    context_.reader.remove(subscription_);
    subscription_ = context_.reader.add(spec_.source.topic, id, spec_.source.partition, this);
  }
  if (recreated_target_) {
    const TopicId id = *recreated_target_;
    OTTLA_WARN("{}: {} was created again on the target", place(), spec_.target_topic);
    OTTLA_CO_ASSIGN(
        const bool go_on,
        co_await lose(
            loss(LossKind::kTargetRecreated, Offset(0), map_.downstream_end(),
                 spec_.target_topic + " was deleted and created again; with `continue` all that "
                                      "the source still has is copied again"),
            context_.settings.loss.on_recreate));
    if (!go_on) co_return fail(BaseErrc::kUnavailable, "waits for a decision");
    for (MapRecord& record : log_.forget()) {
      OTTLA_CO_TRY(co_await context_.journal.write(log_.key(), std::move(record)));
    }
    recreated_target_.reset();
    spec_.target_id = id;
    log_ = MapLog(log_.key());
    has_map_ = false;  // begins anew
    context_.writer.remove(publication_);
    publication_ = context_.writer.add(spec_.target_topic, id, spec_.source.partition, this);
  }
  co_return Status{};
}

LossEntry PartitionReplicator::loss(LossKind kind, Offset from, Offset to, std::string text) const {
  LossEntry entry;
  entry.kind = kind;
  entry.topic = spec_.source.topic;
  entry.partition = spec_.source.partition;
  entry.from = from;
  entry.to = to;
  entry.detected_at_ms = wall_clock_ms();
  entry.flow = context_.settings.to_string();
  entry.policy = "continue";
  entry.text = std::move(text);
  return entry;
}

net::Task<Result<bool>> PartitionReplicator::lose(LossEntry entry, LossAction action) {
  entry.policy = action == LossAction::kStop ? "stop" : "continue";
  const std::string text = render(entry);
  OTTLA_CO_TRY(co_await context_.losses.record(std::move(entry)));
  ++losses_;
  if (action == LossAction::kContinue) co_return true;
  co_await stand_still(
      text + ". Stopped by policy: decide, then set the ottla.on.* key to continue",
      kUntilSomebodyActs);
  co_return false;
}

void PartitionReplicator::note_loss(LossEntry entry) {
  unwritten_losses_.push_back(std::move(entry));
  event_.notify_all();
}

net::Task<void> PartitionReplicator::run_loss_writer(PartitionReplicator* self) {
  for (;;) {
    if (self->unwritten_losses_.empty()) {
      if (!co_await self->event_.wait()) co_return;
      continue;
    }
    const Status written = co_await self->context_.losses.record(self->unwritten_losses_.front());
    if (written) {
      self->unwritten_losses_.pop_front();
      ++self->losses_;
      self->event_.notify_all();
      continue;
    }
    if (is_cancelled(written.error())) co_return;
    self->reason_ = "the loss ledger can't be written: " + written.error().to_string();
    if (!co_await net::sleep_for(kPauseMax)) co_return;
  }
}

net::Task<void> PartitionReplicator::stand_still(std::string reason, net::Duration until_retry) {
  phase_ = Phase::kStandingStill;
  reason_ = std::move(reason);
  retry_ = false;
  const net::Deadline until = net::Clock::now() + until_retry;
  while (!retry_ && !stopping_ && net::Clock::now() < until) {
    const Status waited = co_await event_.wait(until);
    if (!waited && is_cancelled(waited.error())) break;
  }
  retry_ = false;
}

}  // namespace ottla::flow
