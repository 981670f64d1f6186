#include "flow/engine/engine_testing.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/wall_clock.h"
#include "kafka/protocol/generated/produce.h"

namespace ottla::flow::testing {

namespace {

constexpr std::int32_t kMapPartitions = 8;

std::string servers(const fake::FakeCluster& cluster) {
  std::string text;
  for (const net::Endpoint& endpoint : cluster.bootstrap()) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", endpoint.host, endpoint.port);
  }
  return text;
}

// Those that were killed stay as they were: a process that is gone runs no destructors.
std::vector<FlowProcess>& killed() {
  static auto* processes = new std::vector<FlowProcess>;
  return *processes;
}

net::Task<void> stop_flow(Flow* flow) {
  co_await flow->stop();
}

}  // namespace

FlowSettings make_settings(const fake::FakeCluster& source, const fake::FakeCluster& target,
                           const std::string& more) {
  FakeConfigFiles files;
  const std::string text = fmt::format(
      "clusters = A, B\nA.bootstrap.servers = {}\nB.bootstrap.servers = {}\n"
      "A->B.enabled = true\nA->B.topics = .*\nreplication.factor = 1\n"
      "ottla.loss.policy = continue\n{}\n",
      servers(source), servers(target), more);
  const ConfigOutcome outcome = Mm2Config::parse(text, {}, files);
  EXPECT_TRUE(outcome.ok()) << outcome.errors("mm2.properties");
  FlowSettings settings = *outcome.config->find_flow("A", "B");
  settings.refresh_topics = {true, 100ms};
  settings.map_flush = 50ms;
  FlowClients& c = settings.clients;
  for (ClientSettings* client :
       {&c.source_reader, &c.target_writer, &c.source_admin, &c.target_admin, &c.target_reader}) {
    client->request_timeout = 1500ms;
    client->reconnect_backoff = 10ms;
    client->reconnect_backoff_max = 50ms;
  }
  c.source_reader.reader.fetch_max_wait = 100ms;
  return settings;
}

Mirror::Mirror(std::int32_t brokers)
    : source_(std::make_unique<fake::FakeCluster>(
          brokers_context_, fake::FakeClusterOptions{.brokers = brokers, .cluster_id = "A"})),
      target_(std::make_unique<fake::FakeCluster>(
          brokers_context_, fake::FakeClusterOptions{.brokers = brokers, .cluster_id = "B"})) {}

Mirror::~Mirror() {
  stop();
  for (auto* cluster : {source_.get(), target_.get()}) {
    net::testing::run_to_end(brokers_context_, cluster->stop());
  }
  net::testing::run_ready(brokers_context_);
}

void Mirror::start() {
  OTTLA_ASSERT(!is_running());
  process_.runtime = std::make_unique<net::Runtime>(1);
  process_.settings =
      std::make_unique<FlowSettings>(make_settings(*source_, *target_, more_settings));
  FlowClients& clients = process_.settings->clients;
  for (ClientSettings* client : {&clients.source_reader, &clients.target_writer,
                                 &clients.source_admin, &clients.target_admin}) {
    client->request_timeout = request_timeout;
  }
  process_.flow = std::make_unique<Flow>(*process_.runtime, *process_.settings, FlowOptions{});
  const Status started = process_.flow->start();
  ASSERT_TRUE(started.has_value()) << started.error().to_string();
}

void Mirror::stop() {
  if (!is_running()) return;
  bool stopped = false;
  boost::asio::co_spawn(process_.runtime->shard(0), stop_flow(process_.flow.get()),
                        [&stopped](std::exception_ptr) { stopped = true; });
  EXPECT_TRUE(run_until([&] { return stopped; })) << "the flow does not stop";
  if (!stopped) return kill();
  net::testing::run_ready(process_.runtime->shard(0));
  process_.flow.reset();
  process_ = {};
}

void Mirror::kill() {
  if (!is_running()) return;
  killed().push_back(std::move(process_));
  process_ = {};
  for (auto* cluster : {source_.get(), target_.get()}) {
    for (std::int32_t id = 1; id <= static_cast<std::int32_t>(cluster->bootstrap().size()); ++id) {
      cluster->cut_connections(BrokerId(id));
    }
  }
  net::testing::run_ready(brokers_context_);
}

FlowStatus Mirror::status() {
  std::optional<FlowStatus> status;
  flow().snapshot([&status](FlowStatus s) { status = std::move(s); });
  EXPECT_TRUE(run_until([&] { return status.has_value(); }));
  return status.value_or(FlowStatus{});
}

std::string Mirror::trouble() {
  if (!is_running()) return "not running";
  const FlowStatus now = status();
  std::string text = fmt::format("{}", fmt::join(now.reasons, "; "));
  for (const PartitionStatus& p : now.partitions) {
    text += fmt::format("\n{}-{} {} at {}: {}", p.topic, p.partition, name(p.state),
                        p.upstream_position, p.reason);
  }
  return text;
}

std::size_t Mirror::step() {
  brokers_context_.restart();
  std::size_t done = brokers_context_.poll();
  if (is_running()) {
    process_.runtime->shard(0).restart();
    done += process_.runtime->shard(0).poll();
  }
  return done;
}

bool Mirror::run_until(const std::function<bool()>& condition, net::Duration limit) {
  const net::Deadline deadline = net::Clock::now() + limit;
  while (!condition()) {
    if (net::Clock::now() >= deadline) return false;
    if (step() > 0) continue;
    brokers_context_.restart();
    brokers_context_.run_one_for(std::chrono::microseconds(500));
  }
  return true;
}

void Mirror::run_for(net::Duration time) {
  const net::Deadline end = net::Clock::now() + time;
  run_until([end] { return net::Clock::now() >= end; }, time + 60s);
}

Values Mirror::produce(const TopicPartition& partition, int count, fake::BatchSpec like) {
  Values values;
  for (int i = 0; i < count; ++i) {
    values.push_back(fmt::format("{}#{}", partition.to_string(), ++serial_));
    fake::Record record;
    record.key = values.back();
    record.value = values.back();
    record.timestamp_ms = wall_clock_ms();
    like.records.push_back(std::move(record));
  }
  source_->append(partition, fake::make_batch(like));
  Values& all = expected_[partition];
  all.insert(all.end(), values.begin(), values.end());
  return values;
}

void Mirror::transaction(const TopicPartition& partition, int count, bool commit) {
  fake::BatchSpec like;
  like.transactional = true;
  like.producer_id = ProducerId(next_transaction_++);
  like.producer_epoch = ProducerEpoch(0);
  like.base_sequence = 0;
  produce(partition, count, like);
  if (!commit) {
    Values& all = expected_[partition];
    all.resize(all.size() - static_cast<std::size_t>(count));
  }
  source_->append_marker(partition, like.producer_id, ProducerEpoch(0), commit);
}

bool Mirror::has_topic(const std::string& target_topic) const {
  try {
    static_cast<void>(target_->topic_id(target_topic));
    return true;
  } catch (const std::out_of_range&) {
    return false;
  }
}

Values Mirror::copied(const TopicPartition& source_partition) const {
  Values values;
  const TopicPartition place = copy_of(source_partition);
  if (!has_topic(place.topic)) return values;
  for (const fake::StoredRecord& record : target_->records(place)) {
    if (!record.control) values.push_back(record.value.value_or("null"));
  }
  return values;
}

std::vector<LossEntry> Mirror::ledger() const {
  std::vector<LossEntry> entries;
  const std::string topic(kLossLedgerTopic);
  if (!has_topic(topic)) return entries;
  for (const fake::StoredRecord& record : target_->records(tp(topic))) {
    if (!record.key || !record.value) continue;
    const auto entry = decode_ledger(*record.key, *record.value);
    EXPECT_TRUE(entry.has_value());
    if (entry) entries.push_back(*entry);
  }
  return entries;
}

std::vector<LossKind> Mirror::loss_kinds() const {
  std::vector<LossKind> kinds;
  for (const LossEntry& entry : ledger()) kinds.push_back(entry.kind);
  return kinds;
}

std::map<PartitionKey, Result<LoadedPartition>> Mirror::maps() const {
  MapLoader loader;
  const std::string topic(kOffsetMapTopic);
  if (!has_topic(topic)) return {};
  for (std::int32_t p = 0; p < kMapPartitions; ++p) {
    for (const fake::StoredRecord& record : target_->records(tp(topic, p))) {
      const auto value = record.value ? std::optional<std::string_view>(*record.value)
                                      : std::optional<std::string_view>();
      EXPECT_TRUE(loader.add(record.key.value_or(""), value).has_value());
    }
  }
  return loader.finish();
}

bool Mirror::run_until_copied() {
  for (const auto& [partition, values] : expected_) {
    const bool there = run_until([&] { return copied(partition).size() >= values.size(); });
    if (there) continue;
    ADD_FAILURE() << partition.to_string() << ": " << copied(partition).size() << " of "
                  << values.size() << " records copied; " << trouble();
    return false;
  }
  return true;
}

void Mirror::check() {
  for (const auto& [partition, values] : expected_) {
    const Values found = copied(partition);
    EXPECT_EQ(found, values) << partition.to_string();
    if (found == values) check_map(partition);
  }
}

void Mirror::check_map(const TopicPartition& partition) {
  const auto loaded = maps();
  const auto found = loaded.find({"A", partition.topic, partition.partition});
  if (found == loaded.end()) {
    EXPECT_TRUE(copied(partition).empty()) << partition.to_string() << " has no map";
    return;
  }
  ASSERT_TRUE(found->second.has_value()) << found->second.error().to_string();
  const OffsetMap& map = found->second->map;
  std::map<Offset, std::string> upstream;
  for (const fake::StoredRecord& record : source_->records(partition)) {
    upstream[record.offset] = record.value.value_or("null");
  }
  for (const fake::StoredRecord& record : target_->records(copy_of(partition))) {
    if (record.control) continue;
    const Translation place = map.inverse(record.offset);
    if (place.kind != Translation::Kind::kRecord) continue;
    const auto original = upstream.find(place.offset);
    if (original == upstream.end()) continue;  // deleted on the source since
    if (map.translate(place.offset).offset != record.offset) continue;  // of a log that was cut
    EXPECT_EQ(original->second, record.value) << partition.to_string();
  }
}

std::function<bool(const fake::RequestInfo&)> produces_to(fake::FakeCluster& cluster,
                                                          const std::string& topic) {
  return [id = cluster.topic_id(topic), topic](const fake::RequestInfo& request) {
    kafka::ProduceRequest produce;
    kafka::wire::Reader reader(request.body);
    if (!produce.decode(reader, request.version)) return false;
    for (const auto& part : produce.topic_data) {
      if (part.name == topic || part.topic_id == id) return true;
    }
    return false;
  };
}

}  // namespace ottla::flow::testing
