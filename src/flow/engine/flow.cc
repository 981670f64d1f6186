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
      event_(runtime.shard(0)) {}

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
  catalog_ = std::make_unique<TopicCatalog>(*source_, *target_, settings_);
  core_settings_.memory_bytes_max =
      std::max(options_.memory_bytes_max / options_.cores, kMemoryPerCoreMin);
  core_settings_.map_topic = kOffsetMapTopic;
  core_settings_.ledger_topic = kLossLedgerTopic;
  core_settings_.map_topic_partitions = kMapTopicPartitions;
  group_.spawn("flow " + settings_.to_string(), run(this));
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
  const auto init = [this] { return kafka::init_producer_id(*target_); };
  OTTLA_CO_ASSIGN(const kafka::ProducerIdentity identity, co_await kafka::retrying(init, deadline));
  start_cores(identity.id, co_await producer_memory());
  opened_ = true;
  co_return Status{};
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
  for (std::int32_t p = 0; p < kMapTopicPartitions; ++p) {
    const auto visit = [&](std::string_view key, std::optional<std::string_view> value) {
      if (const Status added = loader.add(key, value); !added) {
        OTTLA_WARN("{}: {}: {}", settings_.to_string(), map_log_->topic(),
                   added.error().to_string());
      }
    };
    OTTLA_CO_TRY(co_await map_log_->read(PartitionId(p), visit));
  }
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
  runtime_.post(core, [this, core, work = std::move(work)] { work(*cores_[core]); });
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
  co_return Status{};
}

void Flow::hand_out(const Discovery& found) {
  std::vector<std::vector<CoreAssignment>> shares(cores_.size());
  std::set<TopicPartition> present;
  for (const PartitionSpec& spec : found.partitions) {
    present.insert(spec.source);
    CoreAssignment assignment{spec, std::nullopt};
    if (!assigned_.contains(spec.source)) {
      const PartitionKey key{settings_.source_alias, spec.source.topic, spec.source.partition};
      if (const auto known = loaded_.find(key); known != loaded_.end()) {
        if (known->second) {
          assignment.loaded = *std::move(known->second);
        } else {
          // Without its map nothing may be copied: it could be there already.
          last_.troubles.push_back(known->second.error().to_string());
          OTTLA_ERROR("{}: {}", settings_.to_string(), known->second.error().to_string());
          continue;
        }
        loaded_.erase(known);
      }
      assigned_.insert(spec.source);
    }
    shares[core_of(spec.source)].push_back(std::move(assignment));
  }
  // A topic that is gone from the source keeps its partitions: it may come back, and its copy
  // stays.
  for (const TopicPartition& partition : assigned_) {
    if (present.contains(partition)) {
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

net::Task<void> Flow::stop() {
  group_.cancel();
  co_await group_.join();
  std::size_t left = cores_.size();
  net::Event stopped(runtime_.shard(0));
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    runtime_.post(i, [this, i, &left, &stopped] {
      boost::asio::co_spawn(runtime_.shard(i), cores_[i]->stop(),
                            [this, i, &left, &stopped](std::exception_ptr) {
                              // Destroyed on its own core, after the coroutine has unwound.
                              boost::asio::post(runtime_.shard(i), [this, i, &left, &stopped] {
                                cores_[i].reset();
                                runtime_.post(0, [&left, &stopped] {
                                  --left;
                                  stopped.notify_all();
                                });
                              });
                            });
    });
  }
  while (left > 0) (void)co_await stopped.wait();
  cores_.clear();
  if (writer_) co_await writer_->stop();
  if (source_) co_await source_->stop();
  if (target_) co_await target_->stop();
}

}  // namespace ottla::flow
