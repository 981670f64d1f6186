#include "flow/engine/flow.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>

#include "base/log.h"
#include "flow/engine/client_factory.h"

namespace ottla::flow {

namespace {

constexpr std::int32_t kMapTopicPartitions = 8;
constexpr std::int16_t kInternalReplicasMax = 3;
constexpr std::chrono::seconds kOpenTimeout{30};
constexpr std::chrono::milliseconds kSoon{50};
constexpr std::chrono::milliseconds kRetryPause{1000};
constexpr std::size_t kMemoryPerCoreMin = 12U << 20;

}  // namespace

Flow::Flow(net::Runtime& runtime, const FlowSettings& settings, FlowOptions options)
    : runtime_(runtime),
      settings_(settings),
      options_(options),
      pool_(1U << 20),
      group_(runtime.shard(0)),
      event_(runtime.shard(0)),
      rules_(settings.topic_rules()) {}

Flow::~Flow() = default;

Status Flow::start() {
  OTTLA_ASSIGN(core_settings_.source,
               make_cluster_settings(settings_.clients.source_reader, settings_.source_alias,
                                     settings_.to_string() + "|source"));
  OTTLA_ASSIGN(core_settings_.target,
               make_cluster_settings(settings_.clients.target_writer, settings_.target_alias,
                                     settings_.to_string() + "|target"));
  OTTLA_ASSIGN(auto source_admin,
               make_cluster_settings(settings_.clients.source_admin, settings_.source_alias,
                                     settings_.to_string() + "|source-admin"));
  OTTLA_ASSIGN(auto target_admin,
               make_cluster_settings(settings_.clients.target_admin, settings_.target_alias,
                                     settings_.to_string() + "|target-admin"));
  net::IoContext& context = runtime_.shard(0);
  source_ = std::make_unique<kafka::Cluster>(context, pool_, std::move(source_admin));
  target_ = std::make_unique<kafka::Cluster>(context, pool_, std::move(target_admin));
  writer_ = std::make_unique<kafka::Writer>(*target_, kafka::WriterSettings{.lanes = 1});
  map_log_ = std::make_unique<InternalLog>(*target_, *writer_, std::string(kOffsetMapTopic));
  ledger_log_ = std::make_unique<InternalLog>(*target_, *writer_, std::string(kLossLedgerTopic));
  source_writer_ = std::make_unique<kafka::Writer>(*source_, kafka::WriterSettings{.lanes = 1});
  catalog_ = std::make_unique<TopicCatalog>(*source_, *target_, settings_);
  publisher_ =
      std::make_unique<Mm2Publisher>(*source_, *target_, *source_writer_, *writer_, settings_,
                                     rules_.policy(), [this] { return collect_positions(); });
  core_settings_.memory_bytes_max =
      std::max(options_.memory_bytes_max / options_.cores, kMemoryPerCoreMin);
  core_settings_.map_topic = kOffsetMapTopic;
  core_settings_.ledger_topic = kLossLedgerTopic;
  core_settings_.map_topic_partitions = kMapTopicPartitions;
  if (settings_.enabled) {
    group_.spawn("flow " + settings_.to_string(), run(this));
  } else {
    publisher_->start();  // heartbeats alone
  }
  return {};
}

net::Task<void> Flow::run(Flow* self) {
  while (!self->group_.cancelled()) {
    Status done;
    if (!self->opened_) done = co_await self->open();
    if (done) done = co_await self->discover_once();
    if (!done && is_cancelled(done.error())) co_return;
    std::chrono::milliseconds pause = self->settings_.refresh_topics.enabled
                                          ? self->settings_.refresh_topics.interval
                                          : std::chrono::milliseconds(std::chrono::hours(24));
    if (done) {
      if (!self->trouble_.empty()) OTTLA_INFO("{}: works again", self->settings_.to_string());
      self->trouble_.clear();
      if (self->last_.again_soon) pause = kSoon;
    } else {
      const std::string text = done.error().to_string();
      if (self->trouble_ != text) OTTLA_WARN("{}: {}", self->settings_.to_string(), text);
      if (self->trouble_.empty()) self->trouble_since_ = net::Clock::now();
      self->trouble_ = text;
      pause = kRetryPause;
    }
    const net::Deadline next = net::Clock::now() + pause;
    while (!self->wake_ && net::Clock::now() < next) {
      const Status waited = co_await self->event_.wait(next);
      if (!waited && is_cancelled(waited.error())) co_return;
    }
    self->wake_ = false;
  }
}

net::Task<Status> Flow::open() {
  const net::Deadline deadline = net::Clock::now() + kOpenTimeout;
  OTTLA_CO_TRY(co_await target_->refresh());
  OTTLA_CO_TRY(co_await source_->refresh());
  const auto brokers = static_cast<std::int16_t>(target_->metadata()->brokers.size());
  const std::int16_t replicas = std::max<std::int16_t>(1, std::min(brokers, kInternalReplicasMax));
  OTTLA_CO_TRY(co_await ensure_internal_topic(*target_, map_log_->topic(), kMapTopicPartitions,
                                              replicas, deadline));
  OTTLA_CO_TRY(
      co_await ensure_internal_topic(*target_, ledger_log_->topic(), 1, replicas, deadline));
  OTTLA_CO_TRY(co_await load_maps());
  OTTLA_CO_TRY(co_await load_ledger());
  OTTLA_CO_ASSIGN(stored_positions_, co_await publisher_->stored_positions());
  OTTLA_CO_ASSIGN(const ProducerId producer_id, co_await agree_on_producer(deadline));
  start_cores(producer_id, co_await producer_memory());
  opened_ = true;
  publisher_->start();
  co_return Status{};
}

// All processes of the flow begin partitions with one producer id, so that two that begin the same
// one send the same sequences, of which the broker takes each once. The record that comes first in
// the log counts; written again if a later one stands, since compaction keeps the last.
net::Task<Result<ProducerId>> Flow::agree_on_producer(net::Deadline deadline) {
  const PartitionKey flow{settings_.source_alias, "", PartitionId(0)};
  const std::string key = encode_key({flow, MapRecordKind::kState, 0});
  const PartitionId place(map_topic_partition(flow, kMapTopicPartitions));
  for (;;) {
    std::optional<std::string> first;
    std::optional<std::string> last;
    OTTLA_CO_TRY(co_await map_log_->read(
        place, [&](std::string_view found, std::optional<std::string_view> value) {
          if (found != key || !value) return;
          if (!first) first.emplace(*value);
          last.emplace(*value);
        }));
    StateRecord record;
    if (first) {
      OTTLA_CO_ASSIGN(record, decode_state(*first));
      if (record.state.generations.empty()) {
        co_return fail(BaseErrc::kCorrupt,
                       map_log_->topic() + ": no producer id in the flow's record");
      }
    } else {
      const auto init = [this] { return kafka::init_producer_id(*target_); };
      OTTLA_CO_ASSIGN(const kafka::ProducerIdentity fresh,
                      co_await kafka::retrying(init, deadline));
      record.state.begin_generation({fresh.id, fresh.epoch, 0, Offset(0)});
    }
    if (!first || first != last) {
      std::vector<LogRecord> records;
      records.push_back({key, encode(record)});
      OTTLA_CO_TRY(co_await map_log_->append(place, std::move(records), deadline));
    }
    if (first) co_return record.state.generations.front().producer_id;
  }
}

net::Task<Status> Flow::load_maps() {
  MapLoader loader;
  std::vector<std::string> names{map_log_->topic()};
  OTTLA_CO_ASSIGN(const auto view, co_await target_->describe_topics(std::move(names)));
  const auto topic = view->topics.find(map_log_->topic());
  if (topic == view->topics.end() || topic->second.partitions.size() != kMapTopicPartitions) {
    co_return fail(BaseErrc::kInvalidInput,
                   fmt::format("{}: {} must have {} partitions; it was made by something else. Its "
                               "records can't be trusted in another layout",
                               settings_.target_alias, map_log_->topic(), kMapTopicPartitions));
  }
  const InternalLog::Visitor visit = [&](std::string_view key,
                                         std::optional<std::string_view> value) {
    if (const Status added = loader.add(key, value); !added) {
      OTTLA_WARN("{}: {}: {}", settings_.to_string(), map_log_->topic(), added.error().to_string());
    }
  };
  OTTLA_CO_TRY(co_await map_log_->read_all(kMapTopicPartitions, visit));
  loaded_ = loader.finish();
  co_return Status{};
}

net::Task<Status> Flow::load_ledger() {
  std::vector<LossEntry> entries;
  const std::string flow = settings_.to_string();
  const auto visit = [&](std::string_view key, std::optional<std::string_view> value) {
    if (!value) return;
    Result<LossEntry> entry = decode_ledger(key, *value);
    if (!entry) {
      OTTLA_WARN("{}: {} {}: {}", flow, kLossLedgerTopic, key, entry.error().to_string());
    } else if (entry->flow == flow) {
      entries.push_back(*std::move(entry));
    }
  };
  OTTLA_CO_TRY(co_await ledger_log_->read(PartitionId(0), visit));
  old_loss_entries_ = static_cast<std::int64_t>(entries.size());
  old_losses_.clear();
  for (auto it = entries.rbegin(); it != entries.rend() && old_losses_.size() < 50; ++it) {
    old_losses_.push_back(render(*it));
  }
  co_return Status{};
}

// producer.id.expiration.ms of the target's brokers; Kafka's default where it can't be read.
net::Task<std::chrono::milliseconds> Flow::producer_memory() {
  constexpr std::chrono::milliseconds kDefault{86'400'000};
  if (target_->metadata()->brokers.empty()) co_return kDefault;
  const std::string name = std::to_string(target_->metadata()->brokers.begin()->first.value());
  std::vector<std::string> names{name};
  const auto described =
      co_await kafka::describe_configs(*target_, kafka::ConfigResource::kBroker, std::move(names));
  if (!described) co_return kDefault;
  const auto broker = described->find(name);
  if (broker == described->end() || !broker->second) co_return kDefault;
  const auto entry = broker->second->find("producer.id.expiration.ms");
  if (entry == broker->second->end() || !entry->second.value) co_return kDefault;
  std::int64_t ms = 0;
  const std::string& text = *entry->second.value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  co_return error == std::errc() && ms > 0 ? std::chrono::milliseconds(ms) : kDefault;
}

void Flow::start_cores(ProducerId producer_id, std::chrono::milliseconds memory) {
  core_settings_.producer_id = producer_id;
  core_settings_.producer_memory = memory;
  cores_.resize(options_.cores);
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    runtime_.post(i, [this, i, paused = paused_] {
      cores_[i] = std::make_unique<FlowCore>(runtime_.shard(i), settings_, core_settings_);
      cores_[i]->pause(paused);
    });
  }
}

void Flow::on_core(std::size_t core, std::function<void(FlowCore&)> work) {
  runtime_.post(core, [this, core, work = std::move(work)] {
    if (cores_[core]) work(*cores_[core]);
  });
}

std::size_t Flow::core_of(const TopicPartition& partition) const {
  const std::size_t spread = std::hash<std::string>{}(partition.topic) +
                             static_cast<std::size_t>(partition.partition.value());
  return spread % cores_.size();
}

net::Task<Status> Flow::discover_once() {
  OTTLA_CO_ASSIGN(Discovery found, co_await catalog_->discover());
  hand_out(found);
  last_ = std::move(found);
  // What else reads the source waits until the first partitions are on their way.
  const bool groups = settings_.emit_checkpoints.enabled || settings_.sync_group_offsets.enabled;
  if (groups && !group_sync_) {
    group_sync_ = std::make_unique<GroupSync>(
        *source_, *target_, *writer_, settings_, rules_,
        [this](std::vector<UpstreamPlace> places) { return translate(std::move(places)); });
  }
  if (!metadata_sync_) {
    metadata_sync_ = std::make_unique<MetadataSync>(*source_, *target_, settings_, rules_,
                                                    [this] { return copied_topics(); });
  }
  co_return Status{};
}

void Flow::hand_out(Discovery& found) {
  std::vector<std::vector<CoreAssignment>> shares(cores_.size());
  std::set<TopicPartition> present;
  for (const PartitionSpec& spec : found.partitions) {
    present.insert(spec.source);
    CoreAssignment assignment{spec, std::nullopt};
    if (const auto stored = stored_positions_.find(spec.source);
        stored != stored_positions_.end()) {
      assignment.spec.stored_position = stored->second;
    }
    if (!assigned_.contains(spec.source)) {
      const PartitionKey key{settings_.source_alias, spec.source.topic, spec.source.partition};
      if (const auto known = loaded_.find(key); known != loaded_.end()) {
        if (known->second) {
          assignment.loaded = *std::move(known->second);
        } else {
          // Without its map nothing may be copied: it could be there already.
          found.troubles.push_back(known->second.error().to_string());
          OTTLA_ERROR("{}: {}", settings_.to_string(), known->second.error().to_string());
          continue;
        }
        loaded_.erase(known);
      }
    }
    assigned_.insert_or_assign(spec.source, spec);
    shares[core_of(spec.source)].push_back(std::move(assignment));
  }
  // What is not listed keeps its partitions, with all that they know: a broker that just started
  // may list less than there is, a topic may come back, and its copy stays.
  std::set<std::string> on_source;
  for (const TopicNote& note : found.notes) on_source.insert(note.topic);
  for (const auto& [partition, spec] : assigned_) {
    if (!present.contains(partition)) {
      shares[core_of(partition)].push_back({spec, std::nullopt});
    }
    if (on_source.contains(partition.topic)) {
      missing_.erase(partition.topic);
      continue;
    }
    if (missing_.insert(partition.topic).second) {
      OTTLA_WARN("{}: topic {} is gone from {}", settings_.to_string(), partition.topic,
                 settings_.source_alias);
    }
  }
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    on_core(i, [share = std::make_shared<std::vector<CoreAssignment>>(std::move(shares[i])),
                gone = missing_](FlowCore& core) {
      core.assign(std::move(*share));
      for (const std::string& topic : gone) core.source_deleted(topic);
    });
  }
}

std::vector<std::string> Flow::copied_topics() const {
  std::set<std::string> topics;
  for (const PartitionSpec& spec : last_.partitions) topics.insert(spec.source.topic);
  return {topics.begin(), topics.end()};
}

void Flow::pause(bool paused) {
  paused_ = paused;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    on_core(i, [paused](FlowCore& core) { core.pause(paused); });
  }
}

void Flow::retry() {
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    on_core(i, [](FlowCore& core) { core.retry(); });
  }
  wake_ = true;
  event_.notify_all();
}

template <class T>
net::Task<std::vector<T>> Flow::ask_cores(std::function<T(const FlowCore&)> question) {
  struct Gathering {
    explicit Gathering(net::IoContext& context) : event(context) {}
    net::Event event;
    std::vector<T> answers;
    std::size_t left = 0;
  };
  auto gathering = std::make_shared<Gathering>(runtime_.shard(0));
  gathering->answers.resize(cores_.size());
  gathering->left = cores_.size();
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    on_core(i, [this, i, gathering, question](FlowCore& core) {
      runtime_.post(0, [i, gathering, answer = question(core)]() mutable {
        gathering->answers[i] = std::move(answer);
        if (--gathering->left == 0) gathering->event.notify_all();
      });
    });
  }
  while (gathering->left > 0) {
    if (!co_await gathering->event.wait()) co_return std::vector<T>(cores_.size());
  }
  co_return std::move(gathering->answers);
}

net::Task<std::vector<PositionReport>> Flow::collect_positions() {
  std::function<std::vector<PositionReport>(const FlowCore&)> question = [](const FlowCore& core) {
    return core.positions();
  };
  const auto answers = co_await ask_cores(std::move(question));
  std::vector<PositionReport> all;
  for (const auto& answer : answers) all.insert(all.end(), answer.begin(), answer.end());
  co_return all;
}

net::Task<std::vector<std::optional<Translation>>> Flow::translate(
    std::vector<UpstreamPlace> places) {
  const auto shared = std::make_shared<const std::vector<UpstreamPlace>>(std::move(places));
  std::function<std::vector<std::optional<Translation>>(const FlowCore&)> question =
      [shared](const FlowCore& core) { return core.translate(*shared); };
  const auto answers = co_await ask_cores(std::move(question));
  std::vector<std::optional<Translation>> merged(shared->size());
  for (const auto& answer : answers) {
    for (std::size_t i = 0; i < answer.size(); ++i) {
      if (answer[i]) merged[i] = answer[i];
    }
  }
  co_return merged;
}

net::Task<void> Flow::stop() {
  group_.cancel();
  co_await group_.join();
  if (metadata_sync_) co_await metadata_sync_->stop();
  if (group_sync_) co_await group_sync_->stop();
  if (publisher_) co_await publisher_->halt();
  std::size_t left = cores_.size();
  net::Event stopped(runtime_.shard(0));
  std::vector<PositionReport> last;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    runtime_.post(i, [this, i, &left, &stopped, &last] {
      boost::asio::co_spawn(runtime_.shard(i), cores_[i]->stop(),
                            [this, i, &left, &stopped, &last](std::exception_ptr) {
                              // Destroyed on its own core, after the coroutine has unwound.
                              boost::asio::post(
                                  runtime_.shard(i), [this, i, &left, &stopped, &last] {
                                    auto positions = cores_[i]->positions();
                                    cores_[i].reset();
                                    runtime_.post(0, [&left, &stopped, &last, positions] {
                                      last.insert(last.end(), positions.begin(), positions.end());
                                      --left;
                                      stopped.notify_all();
                                    });
                                  });
                            });
    });
  }
  while (left > 0) (void)co_await stopped.wait();
  cores_.clear();
  if (publisher_) co_await publisher_->finish(std::move(last));
  if (source_writer_) co_await source_writer_->stop();
  if (writer_) co_await writer_->stop();
  if (source_) co_await source_->stop();
  if (target_) co_await target_->stop();
}

}  // namespace ottla::flow
