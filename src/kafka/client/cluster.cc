#include "kafka/client/cluster.h"

#include <algorithm>

#include "base/log.h"
#include "kafka/protocol/errors.h"
#include "kafka/protocol/generated/find_coordinator.h"
#include "kafka/protocol/generated/metadata.h"

namespace ottla::kafka {

namespace {

// What stays until somebody changes the configuration.
bool is_authentication_error(const Error& error) {
  if (error.code.category() == net::tls_category()) return error.code != net::TlsErrc::kBroken;
  return error.code == make_error_code(ErrorCode::kSaslAuthenticationFailed) ||
         error.code == make_error_code(ErrorCode::kUnsupportedSaslMechanism) ||
         error.code == make_error_code(ErrorCode::kIllegalSaslState) ||
         error.code == make_error_code(BaseErrc::kInvalidInput);
}

bool same_leaders(const Metadata& a, const Metadata& b) {
  if (a.topics.size() != b.topics.size() || a.brokers.size() != b.brokers.size()) return false;
  for (const auto& [name, topic] : a.topics) {
    const auto other = b.topics.find(name);
    if (other == b.topics.end() || other->second.id != topic.id ||
        other->second.partitions.size() != topic.partitions.size()) {
      return false;
    }
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const PartitionMetadata& p = topic.partitions[i];
      const PartitionMetadata& q = other->second.partitions[i];
      if (p.leader != q.leader || p.leader_epoch != q.leader_epoch) return false;
    }
  }
  for (const auto& [id, broker] : a.brokers) {
    const auto other = b.brokers.find(id);
    if (other == b.brokers.end() || other->second.endpoint != broker.endpoint) return false;
  }
  return true;
}

TopicMetadata to_topic(const MetadataResponse::Topic& source) {
  TopicMetadata topic;
  topic.error = source.error_code;
  topic.id = source.topic_id;
  topic.internal = source.is_internal;
  topic.partitions.resize(source.partitions.size());
  for (const auto& p : source.partitions) {
    const auto index = static_cast<std::size_t>(p.partition_index.value());
    if (index >= topic.partitions.size()) continue;  // a broker that counts wrongly
    PartitionMetadata& partition = topic.partitions[index];
    partition.error = p.error_code;
    partition.leader = p.leader_id;
    partition.leader_epoch = p.leader_epoch;
    partition.replicas = p.replica_nodes;
    partition.in_sync_replicas = p.isr_nodes;
  }
  return topic;
}

std::shared_ptr<const Metadata> to_metadata(const MetadataResponse& response) {
  auto metadata = std::make_shared<Metadata>();
  metadata->cluster_id = response.cluster_id.value_or("");
  metadata->controller = response.controller_id;
  for (const auto& b : response.brokers) {
    metadata->brokers[b.node_id] = {{b.host, static_cast<std::uint16_t>(b.port)}, b.rack};
  }
  for (const auto& t : response.topics) {
    if (t.name) metadata->topics.emplace(*t.name, to_topic(t));
  }
  return metadata;
}

}  // namespace

Cluster::Cluster(net::IoContext& context, BufferPool& pool, ClusterSettings settings)
    : pool_(pool),
      settings_(std::move(settings)),
      group_(context),
      dial_done_(context),
      metadata_changed_(context),
      refresh_wanted_event_(context),
      refresh_done_(context) {
  for (std::size_t i = 0; i < settings_.bootstrap.size(); ++i) {
    bootstrap_dials_.push_back(std::make_unique<Dial>());
  }
  group_.spawn("metadata " + alias(), run_refresher(this));
}

Cluster::~Cluster() = default;

net::Task<void> Cluster::stop() {
  const Error why(make_error_code(BaseErrc::kCancelled), alias());
  for (auto& [key, slot] : dials_) {
    if (slot->connection) slot->connection->close(why);
  }
  for (auto& slot : bootstrap_dials_) {
    if (slot->connection) slot->connection->close(why);
  }
  group_.cancel();
  co_await group_.join();
}

net::Duration Cluster::backoff_after(int failures, const Error& error) const {
  if (is_authentication_error(error)) return settings_.authentication_backoff;
  const auto doubled = settings_.reconnect_backoff * (1 << std::min(failures - 1, 10));
  return std::min(doubled, settings_.reconnect_backoff_max);
}

net::Task<Result<std::shared_ptr<Connection>>> Cluster::dial(Dial& slot, net::Endpoint endpoint,
                                                             std::string what) {
  for (;;) {
    if (slot.connection && !slot.connection->closed()) co_return slot.connection;
    if (!slot.dialling) break;
    OTTLA_CO_TRY(co_await dial_done_.wait());
  }
  if (slot.last_error && net::Clock::now() < slot.not_before) {
    co_return std::unexpected(*slot.last_error);
  }
  slot.dialling = true;
  slot.connection.reset();
  auto opened = co_await Connection::open(group_, pool_, settings_.connection, std::move(endpoint));
  slot.dialling = false;
  if (opened) {
    if (slot.failures > 0) OTTLA_INFO("{}: connected again", what);
    slot.failures = 0;
    slot.last_error.reset();
    slot.connection = *opened;
  } else if (!is_cancelled(opened.error())) {
    ++slot.failures;
    const Error error = opened.error();
    if (!slot.last_error || slot.last_error->to_string() != error.to_string()) {
      OTTLA_WARN("{}: {}", what, error.to_string());
    }
    slot.last_error = error;
    slot.not_before = net::Clock::now() + backoff_after(slot.failures, error);
  }
  dial_done_.notify_all();
  co_return opened;
}

net::Task<Result<std::shared_ptr<Connection>>> Cluster::connection(BrokerId broker, Lane lane) {
  if (!metadata_) {
    OTTLA_CO_TRY(co_await refresh());
  }
  const auto known = metadata_->brokers.find(broker);
  if (known == metadata_->brokers.end()) {
    request_refresh();
    co_return fail(BaseErrc::kUnavailable,
                   fmt::format("{}: broker {} is not known", alias(), broker));
  }
  auto& slot = dials_[{broker, lane}];
  if (!slot) slot = std::make_unique<Dial>();
  auto result = co_await dial(
      *slot, known->second.endpoint,
      fmt::format("{}: broker {} at {}", alias(), broker, known->second.endpoint.to_string()));
  if (!result) request_refresh();
  co_return result;
}

net::Task<Result<std::shared_ptr<Connection>>> Cluster::any_connection() {
  if (metadata_) {
    for (const auto& [key, slot] : dials_) {
      if (key.second == Lane{} && slot->connection && !slot->connection->closed()) {
        co_return slot->connection;
      }
    }
    std::vector<BrokerId> brokers;
    for (const auto& [id, broker] : metadata_->brokers) brokers.push_back(id);
    for (const BrokerId id : brokers) {
      auto& slot = dials_[{id, Lane{}}];
      if (!slot) slot = std::make_unique<Dial>();
      const auto known = metadata_->brokers.find(id);
      if (known == metadata_->brokers.end()) continue;
      auto opened = co_await dial(
          *slot, known->second.endpoint,
          fmt::format("{}: broker {} at {}", alias(), id, known->second.endpoint.to_string()));
      if (opened) co_return opened;
      if (is_cancelled(opened.error())) co_return opened;
    }
  }
  std::optional<Error> last;
  for (std::size_t i = 0; i < settings_.bootstrap.size(); ++i) {
    const std::size_t index = (next_bootstrap_ + i) % settings_.bootstrap.size();
    const net::Endpoint& endpoint = settings_.bootstrap[index];
    auto opened = co_await dial(*bootstrap_dials_[index], endpoint,
                                fmt::format("{}: bootstrap {}", alias(), endpoint.to_string()));
    if (opened) {
      next_bootstrap_ = index;
      co_return opened;
    }
    last = std::move(opened).error();
    if (is_cancelled(*last)) break;
  }
  if (!last) co_return fail(BaseErrc::kInvalidInput, alias() + ": no bootstrap.servers");
  co_return std::unexpected(*std::move(last));
}

net::Task<Result<std::shared_ptr<const Metadata>>> Cluster::fetch_metadata(
    std::optional<std::vector<std::string>> topics) {
  MetadataRequest request;
  request.allow_auto_topic_creation = false;
  if (topics) {
    request.topics.emplace();
    for (std::string& name : *topics) {
      MetadataRequest::Topic topic;
      topic.name = std::move(name);
      request.topics->push_back(std::move(topic));
    }
  } else {
    request.topics.reset();
  }
  OTTLA_CO_ASSIGN(auto reply, co_await call_any(std::move(request)));
  co_return to_metadata(reply.message);
}

net::Task<Result<std::shared_ptr<const Metadata>>> Cluster::all_topics() {
  return fetch_metadata(std::nullopt);
}

net::Task<Result<std::shared_ptr<const Metadata>>> Cluster::describe_topics(
    std::vector<std::string> names) {
  return fetch_metadata(std::move(names));
}

void Cluster::adopt(std::shared_ptr<const Metadata> fresh) {
  const bool changed = !metadata_ || !same_leaders(*metadata_, *fresh);
  // A broker that moved to another address: its connections lead nowhere.
  if (metadata_) {
    for (const auto& [id, broker] : metadata_->brokers) {
      const auto now = fresh->brokers.find(id);
      if (now != fresh->brokers.end() && now->second.endpoint == broker.endpoint) continue;
      for (auto& [key, slot] : dials_) {
        if (key.first != id) continue;
        slot->last_error.reset();
        if (slot->connection) {
          slot->connection->close({make_error_code(BaseErrc::kUnavailable),
                                   fmt::format("{}: broker {} has moved", alias(), id)});
        }
      }
    }
  }
  metadata_ = std::move(fresh);
  if (changed) metadata_changed_.notify_all();
}

net::Task<Status> Cluster::refresh() {
  if (refreshing_) {
    while (refreshing_) {
      OTTLA_CO_TRY(co_await refresh_done_.wait());
    }
    // One that was cancelled says nothing about the cluster.
    if (last_refresh_ || !is_cancelled(last_refresh_.error())) co_return last_refresh_;
  }
  refreshing_ = true;
  refresh_wanted_ = false;
  std::vector<std::string> names;
  names.reserve(followed_.size());
  for (const auto& [name, count] : followed_) names.push_back(name);
  auto fresh = co_await fetch_metadata(std::move(names));
  refreshing_ = false;
  last_refresh_ = fresh ? Status{} : Status(std::unexpected(std::move(fresh).error()));
  if (last_refresh_) adopt(*std::move(fresh));
  refresh_done_.notify_all();
  co_return last_refresh_;
}

void Cluster::follow(const std::string& topic) {
  if (followed_[topic]++ == 0) request_refresh();
}

void Cluster::unfollow(const std::string& topic) {
  const auto it = followed_.find(topic);
  if (it != followed_.end() && --it->second == 0) followed_.erase(it);
}

void Cluster::request_refresh() {
  refresh_wanted_ = true;
  refresh_wanted_event_.notify_all();
}

net::Task<void> Cluster::run_refresher(Cluster* self) {
  net::Duration pause = self->settings_.reconnect_backoff;
  while (!self->group_.cancelled()) {
    if (!self->refresh_wanted_) {
      const Status waited = co_await self->refresh_wanted_event_.wait(
          net::Clock::now() + self->settings_.metadata_max_age);
      if (!waited && is_cancelled(waited.error())) co_return;
    }
    const Status refreshed = co_await self->refresh();
    if (!refreshed && is_cancelled(refreshed.error())) co_return;
    if (!refreshed) self->refresh_wanted_ = true;
    // Leaders move rarely: while somebody keeps asking, ask the cluster ever more slowly.
    pause = self->refresh_wanted_ ? std::min(pause * 2, self->settings_.reconnect_backoff_max)
                                  : self->settings_.reconnect_backoff;
    if (!co_await net::sleep_for(pause)) co_return;
  }
}

net::Task<Result<BrokerId>> Cluster::coordinator(CoordinatorType type, const std::string& key) {
  if (const auto it = coordinators_.find({type, key}); it != coordinators_.end()) {
    co_return it->second;
  }
  FindCoordinatorRequest request;
  request.key = key;
  request.key_type = static_cast<std::int8_t>(type);
  request.coordinator_keys = {key};
  OTTLA_CO_ASSIGN(auto reply, co_await call_any(std::move(request)));
  ErrorCode code{};
  BrokerId broker{-1};
  if (reply.version >= 4) {
    if (reply.message.coordinators.empty()) {
      co_return fail(BaseErrc::kCorrupt, alias() + ": FindCoordinator answered nothing");
    }
    code = reply.message.coordinators[0].error_code;
    broker = reply.message.coordinators[0].node_id;
  } else {
    code = reply.message.error_code;
    broker = reply.message.node_id;
  }
  if (code != ErrorCode::kNone) {
    co_return fail(code, fmt::format("{}: coordinator of {}", alias(), key));
  }
  coordinators_[{type, key}] = broker;
  co_return broker;
}

void Cluster::forget_coordinator(CoordinatorType type, const std::string& key) {
  coordinators_.erase({type, key});
}

}  // namespace ottla::kafka
