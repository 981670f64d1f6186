#include "flow/groups/mm2_publisher.h"

#include "base/log.h"
#include "base/wall_clock.h"
#include "flow/engine/replica_context.h"
#include "flow/groups/group_calls.h"
#include "flow/offsets/murmur2.h"

namespace ottla::flow {

namespace {

constexpr std::chrono::seconds kWriteTimeout{20};
constexpr std::chrono::milliseconds kSyncPeriod{1000};
constexpr int kPeriodsPerPosition = 5;
constexpr std::chrono::milliseconds kRetryPause{1000};

std::int16_t replicas(std::int32_t wanted) {
  return static_cast<std::int16_t>(wanted);
}

}  // namespace

Mm2Publisher::Mm2Publisher(kafka::Cluster& source, kafka::Cluster& target,
                           kafka::Writer& source_writer, kafka::Writer& target_writer,
                           const FlowSettings& settings, const ReplicationPolicy& policy,
                           CollectPositions collect)
    : source_(source),
      target_(target),
      syncs_cluster_(settings.offset_syncs_location == SyncsLocation::kSource ? source : target),
      settings_(settings),
      collect_(std::move(collect)),
      heartbeats_(target, target_writer, policy.heartbeats_topic()),
      syncs_(
          syncs_cluster_,
          settings.offset_syncs_location == SyncsLocation::kSource ? source_writer : target_writer,
          settings.offset_syncs_topic()),
      positions_(target, target_writer, settings.offset_storage_topic),
      group_(target.context()) {}

Mm2Publisher::~Mm2Publisher() = default;

void Mm2Publisher::start() {
  if (settings_.emit_heartbeats.enabled) {
    group_.spawn("heartbeats " + settings_.to_string(), run_heartbeats(this));
  }
  if (settings_.enabled) {
    group_.spawn("positions " + settings_.to_string(), run_positions(this));
  }
}

net::Task<void> Mm2Publisher::halt() {
  group_.cancel();
  co_await group_.join();
}

net::Task<void> Mm2Publisher::finish(std::vector<PositionReport> last) {
  if (!opened_ || last.empty()) co_return;
  Status done = co_await publish_syncs(last);
  if (done) done = co_await publish_positions(last);
  if (done) done = co_await publish_progress(last);
  if (!done) OTTLA_WARN("{}: {}", settings_.to_string(), done.error().to_string());
}

net::Task<Result<std::map<TopicPartition, Offset>>> Mm2Publisher::stored_positions() {
  std::map<TopicPartition, Offset> found;
  std::vector<std::string> names{positions_.topic()};
  OTTLA_CO_ASSIGN(const auto view, co_await target_.describe_topics(std::move(names)));
  const auto topic = view->topics.find(positions_.topic());
  if (topic == view->topics.end() || topic->second.error != kafka::ErrorCode::kNone)
    co_return found;
  const auto visit = [&](std::string_view key, std::optional<std::string_view> value) {
    const Result<ConnectSourceKey> place = decode_connect_source_key(key);
    if (!place || place->connector != "MirrorSourceConnector" ||
        place->source_alias != settings_.source_alias) {
      return;
    }
    const TopicPartition partition{place->topic, place->partition};
    if (!value) {
      found.erase(partition);
    } else if (const Result<Offset> offset = decode_connect_offset_value(*value)) {
      found[partition] = *offset;
    }
  };
  for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
    OTTLA_CO_TRY(co_await positions_.read(PartitionId(static_cast<std::int32_t>(p)), visit));
  }
  co_return found;
}

net::Task<void> Mm2Publisher::run_heartbeats(Mm2Publisher* self) {
  const auto period =
      std::max(self->settings_.emit_heartbeats.interval, std::chrono::milliseconds(100));
  bool ensured = false;
  for (;;) {
    Status done;
    if (!ensured) {
      done = co_await ensure_internal_topic(self->target_, self->heartbeats_.topic(), 1,
                                            replicas(self->settings_.internal_replicas.heartbeats),
                                            net::Clock::now() + kWriteTimeout);
      ensured = done.has_value();
    }
    if (done) {
      const std::int64_t now = wall_clock_ms();
      Result<Mm2Record> record =
          encode(Heartbeat{self->settings_.source_alias, self->settings_.target_alias, now});
      if (!record) co_return;  // an alias too long for the format: reported by plan
      std::vector<LogRecord> records;
      records.push_back({std::move(record->key), std::move(record->value), now});
      done = co_await self->heartbeats_.append(PartitionId(0), std::move(records),
                                               net::Clock::now() + kWriteTimeout);
    }
    if (!done && is_cancelled(done.error())) co_return;
    self->trouble_ = done ? "" : done.error().to_string();
    if (!co_await net::sleep_for(period)) co_return;
  }
}

net::Task<Status> Mm2Publisher::open() {
  const net::Deadline deadline = net::Clock::now() + kWriteTimeout;
  if (settings_.emit_offset_syncs) {
    OTTLA_CO_TRY(co_await ensure_internal_topic(syncs_cluster_, syncs_.topic(), 1,
                                                replicas(settings_.internal_replicas.offset_syncs),
                                                deadline));
  }
  OTTLA_CO_TRY(co_await ensure_internal_topic(
      target_, positions_.topic(), settings_.offset_storage_partitions,
      replicas(settings_.internal_replicas.offset_storage), deadline));
  OTTLA_CO_ASSIGN(connect_partitions_, co_await connect_partitions());
  opened_ = true;
  co_return Status{};
}

net::Task<Result<std::int32_t>> Mm2Publisher::connect_partitions() {
  std::vector<std::string> names{positions_.topic()};
  OTTLA_CO_ASSIGN(const auto view, co_await target_.describe_topics(std::move(names)));
  const auto topic = view->topics.find(positions_.topic());
  if (topic == view->topics.end() || topic->second.partitions.empty()) {
    co_return fail(kafka::ErrorCode::kUnknownTopicOrPartition, positions_.topic());
  }
  co_return static_cast<std::int32_t>(topic->second.partitions.size());
}

net::Task<void> Mm2Publisher::run_positions(Mm2Publisher* self) {
  for (int period = 0;; ++period) {
    Status done;
    if (!self->opened_) done = co_await self->open();
    if (done) {
      const std::vector<PositionReport> reports = co_await self->collect_();
      done = co_await self->publish_syncs(reports);
      if (done && period % kPeriodsPerPosition == 0) {
        done = co_await self->publish_positions(reports);
        if (done) done = co_await self->publish_progress(reports);
      }
    }
    if (!done && is_cancelled(done.error())) co_return;
    const std::string trouble = done ? "" : done.error().to_string();
    if (!done && trouble != self->trouble_) {
      OTTLA_WARN("{}: positions: {}", self->settings_.to_string(), trouble);
    }
    self->trouble_ = trouble;
    if (!co_await net::sleep_for(done ? kSyncPeriod : kRetryPause)) co_return;
  }
}

// One sync per partition that has moved: the newest acknowledged record.
net::Task<Status> Mm2Publisher::publish_syncs(const std::vector<PositionReport>& reports) {
  if (!settings_.emit_offset_syncs) co_return Status{};
  std::vector<LogRecord> records;
  std::vector<std::pair<Published*, Offset>> done;
  for (const PositionReport& report : reports) {
    Published& published = published_[report.partition];
    if (!report.last || report.last->first == published.synced) continue;
    OTTLA_CO_ASSIGN(Mm2Record record,
                    encode(OffsetSync{report.partition.topic, report.partition.partition,
                                      report.last->first, report.last->second}));
    records.push_back({std::move(record.key), std::move(record.value)});
    done.emplace_back(&published, report.last->first);
  }
  if (records.empty()) co_return Status{};
  OTTLA_CO_TRY(co_await syncs_.append(PartitionId(0), std::move(records),
                                      net::Clock::now() + kWriteTimeout));
  for (const auto& [published, offset] : done) published->synced = offset;
  co_return Status{};
}

net::Task<Status> Mm2Publisher::publish_positions(const std::vector<PositionReport>& reports) {
  std::map<PartitionId, std::vector<LogRecord>> records;
  std::vector<std::pair<Published*, Offset>> done;
  for (const PositionReport& report : reports) {
    // MM2 goes on behind the offset that it finds: control records at the end are covered, too.
    const Offset last = report.upstream_position - 1;
    Published& published = published_[report.partition];
    if (!report.last || last == published.stored) continue;
    std::string key = connect_source_key(settings_.source_alias, report.partition.topic,
                                         report.partition.partition);
    const PartitionId partition(partition_of_key(key, connect_partitions_));
    records[partition].push_back({std::move(key), connect_offset_value(last)});
    done.emplace_back(&published, last);
  }
  for (auto& [partition, batch] : records) {
    OTTLA_CO_TRY(
        co_await positions_.append(partition, std::move(batch), net::Clock::now() + kWriteTimeout));
  }
  for (const auto& [published, offset] : done) published->stored = offset;
  co_return Status{};
}

net::Task<Status> Mm2Publisher::publish_progress(const std::vector<PositionReport>& reports) {
  if (settings_.progress_group.empty()) co_return Status{};
  GroupOffsets offsets;
  for (const PositionReport& report : reports) {
    Published& published = published_[report.partition];
    if (report.upstream_position == published.progress) continue;
    offsets[report.partition] = {report.upstream_position, "", -1};
  }
  if (offsets.empty()) co_return Status{};
  const GroupOffsets written = offsets;
  OTTLA_CO_TRY(
      co_await commit_group_offsets(source_, settings_.progress_group, std::move(offsets)));
  for (const auto& [partition, commit] : written) published_[partition].progress = commit.offset;
  co_return Status{};
}

}  // namespace ottla::flow
