#include "kafka/fake/fake_cluster.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace ottla::kafka::fake {

namespace {

std::map<ApiKey, VersionRange> all_offered() {
  std::map<ApiKey, VersionRange> offered;
#define OTTLA_FAKE_OFFER(Name) offered[ApiKey::k##Name] = versions(ApiKey::k##Name);
  OTTLA_FAKE_APIS(OTTLA_FAKE_OFFER)
#undef OTTLA_FAKE_OFFER
  offered[ApiKey::kSaslHandshake] = {1, 1};
  offered[ApiKey::kWriteTxnMarkers].min = 1;
  return offered;
}

}  // namespace

FakeCluster::FakeCluster(net::IoContext& context, FakeClusterOptions options)
    : context_(context), changed_(context) {
  state_.cluster_id = options.cluster_id;
  state_.sessions_max = options.fetch_sessions_max;
  state_.sasl_plain = options.sasl_plain;
  state_.sasl_session_lifetime_ms = options.sasl_session_lifetime_ms;
  state_.now_ms = options.now_ms;
  for (std::int32_t i = 1; i <= options.brokers; ++i) {
    const BrokerId id(i);
    auto broker =
        std::make_unique<Broker>(context, state_, changed_, id, options.tls, options.black_hole);
    const Result<net::Endpoint> endpoint = broker->start(0);
    OTTLA_ASSERT(endpoint.has_value());
    BrokerState& known = state_.brokers[id];
    known.id = id;
    known.endpoint = *endpoint;
    known.offered = all_offered();
    brokers_[id] = std::move(broker);
  }
}

FakeCluster::~FakeCluster() = default;

net::Task<void> FakeCluster::stop() {
  for (auto& [id, broker] : brokers_) co_await broker->stop();
}

void FakeCluster::on_context(std::function<void()> work) {
  boost::asio::dispatch(context_, std::move(work));
}

void FakeCluster::notify() {
  boost::asio::post(context_, [this] { changed_.notify_all(); });
}

std::vector<net::Endpoint> FakeCluster::bootstrap() const {
  const std::lock_guard lock(state_.mutex);
  std::vector<net::Endpoint> all;
  for (const auto& [id, broker] : state_.brokers) all.push_back(broker.endpoint);
  return all;
}

net::Endpoint FakeCluster::endpoint(BrokerId broker) const {
  const std::lock_guard lock(state_.mutex);
  return state_.brokers.at(broker).endpoint;
}

PartitionState& FakeCluster::partition(const TopicPartition& wanted) {
  PartitionState* found = state_.partition(wanted.topic, wanted.partition);
  OTTLA_ASSERT(found != nullptr);
  return *found;
}

const PartitionState& FakeCluster::partition(const TopicPartition& wanted) const {
  return const_cast<FakeCluster*>(this)->partition(wanted);
}

TopicId FakeCluster::create_topic(const std::string& name, std::int32_t partitions,
                                  std::map<std::string, std::string> configs) {
  const std::lock_guard lock(state_.mutex);
  OTTLA_ASSERT(state_.topic(name) == nullptr);
  return state_.create_topic(name, partitions, std::move(configs)).id;
}

void FakeCluster::delete_topic(const std::string& name) {
  {
    const std::lock_guard lock(state_.mutex);
    state_.topics.erase(name);
  }
  notify();
}

TopicId FakeCluster::recreate_topic(const std::string& name) {
  TopicId id;
  {
    const std::lock_guard lock(state_.mutex);
    TopicState* old = state_.topic(name);
    OTTLA_ASSERT(old != nullptr);
    const auto count = static_cast<std::int32_t>(old->partitions.size());
    auto configs = old->configs;
    state_.topics.erase(name);
    id = state_.create_topic(name, count, std::move(configs)).id;
  }
  notify();
  return id;
}

TopicId FakeCluster::topic_id(const std::string& name) const {
  const std::lock_guard lock(state_.mutex);
  return state_.topics.at(name).id;
}

Offset FakeCluster::append(const TopicPartition& where, ByteVector batch,
                           std::optional<Offset> at) {
  Offset base;
  {
    const std::lock_guard lock(state_.mutex);
    PartitionState& p = partition(where);
    base = p.log.append(std::move(batch), p.epoch, at);
  }
  notify();
  return base;
}

Offset FakeCluster::append_marker(const TopicPartition& where, ProducerId id, ProducerEpoch epoch,
                                  bool commit) {
  Appended appended;
  {
    const std::lock_guard lock(state_.mutex);
    PartitionState& p = partition(where);
    appended = p.log.append_marker(id, epoch, commit, p.epoch, state_.now());
  }
  OTTLA_ASSERT(appended.error == ErrorCode::kNone);
  notify();
  return appended.base_offset;
}

std::vector<StoredRecord> FakeCluster::records(const TopicPartition& where) const {
  auto found = read_records(bytes(where));
  OTTLA_ASSERT(found.has_value());
  const Offset start = log_start(where);
  std::erase_if(*found, [start](const StoredRecord& record) { return record.offset < start; });
  return *std::move(found);
}

ByteVector FakeCluster::bytes(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).log.all_bytes();
}

Offset FakeCluster::log_start(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).log.start();
}

Offset FakeCluster::log_end(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).log.end();
}

std::map<ProducerId, ProducerState> FakeCluster::producers(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).log.producers();
}

BrokerId FakeCluster::leader(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).leader;
}

LeaderEpoch FakeCluster::leader_epoch(const TopicPartition& where) const {
  const std::lock_guard lock(state_.mutex);
  return partition(where).epoch;
}

std::map<TopicPartition, CommittedOffset> FakeCluster::committed(const std::string& group) const {
  const std::lock_guard lock(state_.mutex);
  const auto found = state_.groups.find(group);
  return found == state_.groups.end() ? std::map<TopicPartition, CommittedOffset>{} : found->second;
}

void FakeCluster::fault(Fault fault) {
  const std::lock_guard lock(state_.mutex);
  state_.faults.add(std::move(fault));
}

void FakeCluster::clear_faults() {
  const std::lock_guard lock(state_.mutex);
  state_.faults.clear();
}

std::size_t FakeCluster::faults_left() const {
  const std::lock_guard lock(state_.mutex);
  return state_.faults.left();
}

void FakeCluster::offer(ApiKey api, VersionRange range) {
  const std::lock_guard lock(state_.mutex);
  for (auto& [id, broker] : state_.brokers) broker.offered[api] = range;
}

std::size_t FakeCluster::requests(ApiKey api) const {
  const std::lock_guard lock(state_.mutex);
  const auto found = state_.requests.find(api);
  return found == state_.requests.end() ? 0 : found->second;
}

std::size_t FakeCluster::fetch_sessions() const {
  const std::lock_guard lock(state_.mutex);
  std::size_t count = 0;
  for (const auto& [id, broker] : state_.brokers) count += broker.sessions.size();
  return count;
}

std::size_t FakeCluster::fetch_sessions_opened() const {
  const std::lock_guard lock(state_.mutex);
  return state_.sessions_opened;
}

std::size_t FakeCluster::connections() const {
  std::size_t count = 0;
  for (const auto& [id, broker] : brokers_) count += broker->connections();
  return count;
}

}  // namespace ottla::kafka::fake
