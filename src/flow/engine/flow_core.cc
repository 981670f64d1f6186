#include "flow/engine/flow_core.h"

#include <algorithm>

#include "base/log.h"

namespace ottla::flow {

namespace {

// Free blocks that are kept for reuse; beyond it they go back to the system.
constexpr std::size_t kRetainedBytesMax = 24U << 20;
constexpr std::chrono::seconds kStopTimeout{20};

kafka::ReaderSettings reader_settings(const FlowSettings& flow, const CoreSettings& core) {
  kafka::ReaderSettings settings;
  const ReaderSettings& wanted = flow.clients.source_reader.reader;
  settings.isolation_level = wanted.read_committed ? 1 : 0;
  settings.memory_bytes_max = core.memory_bytes_max;
  // A response must fit twice: one is processed while the next is on its way.
  settings.bulk_fetch_bytes = static_cast<std::int32_t>(
      std::min<std::size_t>(8U << 20, std::max<std::size_t>(core.memory_bytes_max / 6, 1U << 20)));
  settings.tail_fetch_bytes = std::min(settings.bulk_fetch_bytes, 2 << 20);
  if (wanted.fetch_max_bytes) {
    settings.bulk_fetch_bytes = std::min(settings.bulk_fetch_bytes, *wanted.fetch_max_bytes);
    settings.tail_fetch_bytes = std::min(settings.tail_fetch_bytes, *wanted.fetch_max_bytes);
  }
  if (wanted.fetch_max_wait) settings.tail_wait = *wanted.fetch_max_wait;
  return settings;
}

kafka::WriterSettings writer_settings(const FlowSettings& flow) {
  kafka::WriterSettings settings;
  settings.lanes = static_cast<std::size_t>(std::max(1, flow.writer_connections));
  // As Kafka's producer: what the broker may take for replication is the client's request timeout.
  settings.timeout_ms =
      static_cast<std::int32_t>(flow.clients.target_writer.request_timeout.count());
  if (const auto& wanted = flow.clients.target_writer.writer.request_bytes_max) {
    settings.request_bytes_max = static_cast<std::size_t>(std::max(*wanted, 1024));
  }
  return settings;
}

kafka::WriterSettings log_writer_settings(const FlowSettings& flow) {
  kafka::WriterSettings settings = writer_settings(flow);
  settings.lanes = 1;
  settings.first_lane = 1000;
  return settings;
}

}  // namespace

FlowCore::FlowCore(net::IoContext& context, const FlowSettings& settings, CoreSettings core)
    : settings_(settings),
      core_(std::move(core)),
      pool_(kRetainedBytesMax),
      source_(context, pool_, core_.source),
      target_(context, pool_, core_.target),
      group_(context),
      reader_(source_, reader_settings(settings, core_)),
      writer_(target_, writer_settings(settings)),
      log_writer_(target_, log_writer_settings(settings)),
      tools_(pool_),
      map_log_(target_, log_writer_, core_.map_topic),
      ledger_log_(target_, log_writer_, core_.ledger_topic),
      journal_(group_, map_log_, core_.map_topic_partitions, settings.map_flush),
      losses_(ledger_log_, settings.to_string()),
      context_{settings_, source_,  target_, reader_,           writer_,
               tools_,    journal_, losses_, core_.producer_id, core_.producer_memory},
      ended_event_(context) {
  group_.spawn("ticks " + settings.to_string(), run_ticks(this));
}

FlowCore::~FlowCore() = default;

void FlowCore::assign(std::vector<CoreAssignment> assignments) {
  if (stopping_) return;
  std::set<TopicPartition> wanted;
  waiting_.clear();
  for (CoreAssignment& assignment : assignments) {
    const TopicPartition key = assignment.spec.source;
    wanted.insert(key);
    const auto found = replicators_.find(key);
    if (found == replicators_.end()) {
      begin(std::move(assignment));
    } else if (found->second.leaving) {
      waiting_.insert_or_assign(key, std::move(assignment));
    } else {
      PartitionReplicator& running = *found->second.replicator;
      running.on_source_recreated(assignment.spec.source_id);
      running.on_target_recreated(assignment.spec.target_id);
      running.set_target_batch_bytes_max(assignment.spec.target_batch_bytes_max);
    }
  }
  for (auto& [key, owned] : replicators_) {
    if (wanted.contains(key) || owned.leaving) continue;
    owned.leaving = true;
    owned.replicator->stop();
  }
}

void FlowCore::begin(CoreAssignment assignment) {
  const TopicPartition key = assignment.spec.source;
  auto replicator = std::make_unique<PartitionReplicator>(context_, std::move(assignment.spec),
                                                          std::move(assignment.loaded));
  replicator->pause(paused_);
  replicators_[key] = Owned{std::move(replicator), false, false};
  group_.spawn("replicate " + key.to_string(), run_replicator(this, key));
}

net::Task<void> FlowCore::run_replicator(FlowCore* self, TopicPartition key) {
  co_await PartitionReplicator::run(self->replicators_.at(key).replicator.get());
  Owned& owned = self->replicators_.at(key);
  owned.ended = true;
  if (owned.leaving && !self->stopping_) {
    // Its last position is written before somebody else may begin here.
    (void)co_await self->journal_.flush(net::Clock::now() + kStopTimeout);
    self->replicators_.erase(key);
    if (const auto next = self->waiting_.find(key); next != self->waiting_.end()) {
      CoreAssignment assignment = std::move(next->second);
      self->waiting_.erase(next);
      self->begin(std::move(assignment));
    }
  }
  self->ended_event_.notify_all();
}

void FlowCore::source_deleted(const std::string& topic) {
  for (auto& [key, owned] : replicators_) {
    if (key.topic == topic) owned.replicator->on_source_deleted();
  }
}

void FlowCore::pause(bool paused) {
  paused_ = paused;
  for (auto& [key, owned] : replicators_) owned.replicator->pause(paused);
}

void FlowCore::retry() {
  for (auto& [key, owned] : replicators_) owned.replicator->retry();
}

net::Task<void> FlowCore::run_ticks(FlowCore* self) {
  while (co_await net::sleep_for(std::chrono::seconds(1))) {
    for (auto& [key, owned] : self->replicators_) owned.replicator->tick();
  }
}

CoreStatus FlowCore::status() const {
  CoreStatus status;
  status.partitions.reserve(replicators_.size());
  for (const auto& [key, owned] : replicators_) {
    status.partitions.push_back(owned.replicator->status());
    const auto stalled = owned.replicator->stalled_for();
    if (stalled > status.longest_stall) {
      status.longest_stall = stalled;
      status.stalled_place = key.to_string();
    }
  }
  status.ledger.assign(losses_.newest().begin(), losses_.newest().end());
  status.ledger_entries = losses_.entries();
  status.journal_trouble = journal_.trouble();
  return status;
}

std::vector<PositionReport> FlowCore::positions() const {
  if (replicators_.empty()) return last_positions_;
  std::vector<PositionReport> reports;
  reports.reserve(replicators_.size());
  for (const auto& [key, owned] : replicators_) reports.push_back(owned.replicator->position());
  return reports;
}

std::vector<std::optional<Translation>> FlowCore::translate(
    const std::vector<UpstreamPlace>& places) const {
  std::vector<std::optional<Translation>> answers;
  answers.reserve(places.size());
  for (const UpstreamPlace& place : places) {
    const auto found = replicators_.find(place.partition);
    answers.push_back(found == replicators_.end()
                          ? std::nullopt
                          : found->second.replicator->translate(place.offset));
  }
  return answers;
}

net::Task<void> FlowCore::stop() {
  stopping_ = true;
  for (auto& [key, owned] : replicators_) owned.replicator->stop();
  const net::Deadline deadline = net::Clock::now() + kStopTimeout;
  const auto all_ended = [this] {
    return std::ranges::all_of(replicators_, [](const auto& entry) { return entry.second.ended; });
  };
  while (!all_ended()) {
    if (!co_await ended_event_.wait(deadline)) break;
  }
  if (!all_ended()) {
    OTTLA_WARN("{}: not everything was answered in time; the next start will sort it out",
               settings_.to_string());
  }
  const Status flushed = co_await journal_.flush(net::Clock::now() + kStopTimeout);
  if (!flushed) OTTLA_WARN("{}: {}", settings_.to_string(), flushed.error().to_string());
  group_.cancel();
  co_await group_.join();
  last_positions_ = positions();
  replicators_.clear();
  co_await reader_.stop();
  co_await writer_.stop();
  co_await log_writer_.stop();
  co_await source_.stop();
  co_await target_.stop();
}

}  // namespace ottla::flow
