#include "flow/engine/map_journal.h"

#include <map>

#include "base/log.h"

namespace ottla::flow {

namespace {
constexpr std::chrono::seconds kFlushTimeout{20};
}

MapJournal::MapJournal(net::TaskGroup& group, InternalLog& log, std::int32_t topic_partitions,
                       net::Duration interval)
    : log_(log),
      topic_partitions_(topic_partitions),
      interval_(interval),
      wanted_event_(group.context()),
      done_event_(group.context()) {
  group.spawn("map journal", run(this));
}

PartitionId MapJournal::topic_partition(const PartitionKey& key) const {
  return PartitionId(map_topic_partition(key, topic_partitions_));
}

net::Task<Status> MapJournal::flush(net::Deadline deadline) {
  // A flush that is under way may have asked this client before its last change.
  const std::uint64_t mine = started_ + 1;
  wanted_ = std::max(wanted_, mine);
  wanted_event_.notify_all();
  while (completed_ < mine) {
    OTTLA_CO_TRY(co_await done_event_.wait(deadline));
  }
  co_return Status{};
}

net::Task<Status> MapJournal::write(PartitionKey key, MapRecord record) {
  const PartitionId partition = topic_partition(key);
  std::vector<LogRecord> records;
  records.push_back({std::move(record.key), std::move(record.value)});
  co_return co_await log_.append(partition, std::move(records), net::Clock::now() + kFlushTimeout);
}

net::Task<Result<std::optional<LoadedPartition>>> MapJournal::load(PartitionKey key) {
  MapLoader loader;
  const auto visit = [&](std::string_view record_key, std::optional<std::string_view> value) {
    (void)loader.add(record_key, value);  // an unreadable key is of another partition
  };
  OTTLA_CO_TRY(co_await log_.read(topic_partition(key), visit));
  auto found = loader.finish();
  const auto it = found.find(key);
  if (it == found.end()) co_return std::nullopt;
  if (!it->second) co_return std::unexpected(std::move(it->second).error());
  co_return std::optional<LoadedPartition>(*std::move(it->second));
}

net::Task<Status> MapJournal::flush_once() {
  std::map<PartitionId, std::vector<LogRecord>> records;
  std::vector<JournalClient*> planned;
  for (JournalClient* client : clients_) {
    std::vector<MapRecord> plan = client->plan();
    if (plan.empty()) continue;
    planned.push_back(client);
    auto& batch = records[topic_partition(client->journal_key())];
    for (MapRecord& record : plan) {
      batch.push_back({std::move(record.key), std::move(record.value)});
    }
  }
  for (auto& [partition, batch] : records) {
    OTTLA_CO_TRY(
        co_await log_.append(partition, std::move(batch), net::Clock::now() + kFlushTimeout));
  }
  for (JournalClient* client : planned) {
    if (clients_.contains(client)) client->committed();
  }
  co_return Status{};
}

net::Task<void> MapJournal::run(MapJournal* self) {
  net::Deadline next = net::Clock::now() + self->interval_;
  for (;;) {
    if (self->wanted_ <= self->started_) {
      const Status waited = co_await self->wanted_event_.wait(next);
      if (!waited && is_cancelled(waited.error())) co_return;
      if (self->wanted_ <= self->started_ && net::Clock::now() < next) continue;
    }
    const std::uint64_t number = ++self->started_;
    const Status flushed = co_await self->flush_once();
    next = net::Clock::now() + self->interval_;
    if (flushed) {
      if (!self->trouble_.empty()) OTTLA_INFO("{}: written again", self->log_.topic());
      self->trouble_.clear();
      self->completed_ = number;
      self->done_event_.notify_all();
      continue;
    }
    if (is_cancelled(flushed.error())) co_return;
    if (self->trouble_.empty()) {
      OTTLA_WARN("{}: not written: {}", self->log_.topic(), flushed.error().to_string());
    }
    self->trouble_ = flushed.error().to_string();
    self->wanted_ = std::max(self->wanted_, self->started_ + 1);  // whoever waits goes on waiting
    if (!co_await net::sleep_for(net::Duration(200))) co_return;
  }
}

}  // namespace ottla::flow
