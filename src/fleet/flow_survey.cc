#include "fleet/flow_survey.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "fleet/plan_maker.h"
#include "flow/engine/client_factory.h"
#include "net/runtime.h"

namespace ottla::fleet {

namespace {

constexpr std::chrono::milliseconds kConnectTimeoutMax{5'000};
constexpr std::chrono::milliseconds kRequestTimeoutMax{10'000};

// Elements of a list of patterns that can only mean one topic.
std::vector<std::string> literal_names(const flow::PatternList& patterns) {
  std::vector<std::string> names;
  for (const std::string& element : patterns.elements()) {
    if (flow::topic_name_fault(element).empty()) names.push_back(element);
  }
  return names;
}

// Surveys one flow; lives on the runtime's only shard.
class Surveyor {
 public:
  Surveyor(net::IoContext& context, BufferPool& pool, FlowSurvey& out)
      : context_(context), pool_(pool), out_(out), group_(context), done_(context) {}

  static net::Task<void> run(Surveyor* self, net::Deadline deadline) {
    self->begin();
    while (!self->finished_) {
      if (!co_await self->done_.wait(deadline)) break;
    }
    self->group_.cancel();
    co_await self->group_.join();
    for (const auto& cluster : self->clusters_) co_await cluster->stop();
  }

 private:
  struct Client {
    const flow::ClientSettings& settings;
    const std::string& alias;
    ClusterSurvey& survey;
    std::vector<std::string> named{};  // topics to ask for by name
    kafka::Cluster* cluster = nullptr;
  };

  void begin() {
    const flow::FlowSettings& flow = *out_.settings;
    const auto& c = flow.clients;
    const std::vector<std::string> named = literal_names(flow.topics);
    clients_ = std::vector<Client>{{c.source_admin, flow.source_alias, out_.source_admin, named},
                                   {c.target_admin, flow.target_alias, out_.target_admin},
                                   {c.source_reader, flow.source_alias, out_.source_reader, named},
                                   {c.target_writer, flow.target_alias, out_.target_writer}};
    for (Client& client : clients_) open(client);
    group_.spawn("survey " + flow.to_string(), survey(this));
  }

  void open(Client& client) {
    client.survey.alias = client.alias;
    // Stays unless an answer comes in time.
    client.survey.error = Error(make_error_code(BaseErrc::kTimedOut), "no answer");
    auto made = flow::make_cluster_settings(client.settings, client.alias,
                                            out_.settings->to_string() + "|check");
    if (!made) {
      client.survey.error = std::move(made).error();
      return;
    }
    auto& connection = made->connection;
    connection.connect_timeout = std::min(connection.connect_timeout, kConnectTimeoutMax);
    connection.request_timeout = std::min(connection.request_timeout, kRequestTimeoutMax);
    clusters_.push_back(std::make_unique<kafka::Cluster>(context_, pool_, *std::move(made)));
    client.cluster = clusters_.back().get();
  }

  static net::Task<void> ask(Surveyor* self, Client* client) {
    ClusterSurvey answer;
    co_await survey_cluster(*client->cluster, client->named, answer);
    const bool interrupted = answer.error && is_cancelled(*answer.error);
    if (!interrupted) client->survey = std::move(answer);
    --self->asked_;
    self->done_.notify_all();
  }

  static net::Task<void> survey(Surveyor* self) {
    for (Client& client : self->clients_) {
      if (client.cluster == nullptr) continue;
      ++self->asked_;
      self->group_.spawn("ask " + client.alias, ask(self, &client));
    }
    while (self->asked_ > 0) {
      if (!co_await self->done_.wait()) co_return;
    }
    if (self->out_.reached() && self->out_.settings->enabled) {
      const Status detailed = co_await self->survey_details();
      if (!detailed) self->out_.troubles.push_back(detailed.error().to_string());
    }
    self->finished_ = true;
    self->done_.notify_all();
  }

  net::Task<Status> survey_details() {
    kafka::Cluster& source = *clients_[0].cluster;
    kafka::Cluster& target = *clients_[1].cluster;
    flow::FlowPlan draft = plan_flow(out_);
    std::vector<std::string> from;
    std::vector<std::string> to;
    for (const flow::PlannedTopic& topic : draft.topics) {
      if (!topic.decision.copy) continue;
      from.push_back(topic.topic);
      const std::string& name = topic.decision.target_topic;
      if (out_.target_admin.topics.contains(name)) to.push_back(name);
    }
    OTTLA_CO_TRY(co_await survey_configs(source, std::move(from), out_.source_admin));
    OTTLA_CO_TRY(co_await survey_configs(target, std::move(to), out_.target_admin));
    OTTLA_CO_TRY(co_await survey_creation(target, out_.target_admin));
    if (out_.settings->emit_checkpoints.enabled) {
      OTTLA_CO_TRY(co_await survey_groups(source, out_.source_admin));
    }
    draft = plan_flow(out_);
    std::vector<flow::CreateTopicSpec> on_target;
    std::vector<flow::CreateTopicSpec> on_source;
    for (const flow::PlannedTopic& topic : draft.topics) {
      if (topic.create) on_target.push_back(*topic.create);
    }
    for (const OwnTopic& own : own_topics(*out_.settings)) {
      const ClusterSurvey& cluster = own.on_source ? out_.source_admin : out_.target_admin;
      if (cluster.topics.contains(own.name)) continue;
      flow::CreateTopicSpec spec{own.name, 1, 1, {{"cleanup.policy", "compact"}}};
      (own.on_source ? on_source : on_target).push_back(std::move(spec));
    }
    OTTLA_CO_ASSIGN(out_.target_admin.creation_faults,
                    co_await validate_creation(target, std::move(on_target)));
    OTTLA_CO_ASSIGN(out_.source_admin.creation_faults,
                    co_await validate_creation(source, std::move(on_source)));
    co_return Status{};
  }

  net::IoContext& context_;
  BufferPool& pool_;
  FlowSurvey& out_;
  std::vector<Client> clients_;
  std::vector<std::unique_ptr<kafka::Cluster>> clusters_;
  net::TaskGroup group_;
  net::Event done_;
  std::size_t asked_ = 0;
  bool finished_ = false;
};

net::Task<void> run_all(net::Runtime* runtime, std::vector<FlowSurvey>* surveys,
                        net::Deadline deadline) {
  net::IoContext& context = runtime->shard(0);
  BufferPool pool(1U << 20);
  std::vector<std::unique_ptr<Surveyor>> surveyors;
  net::TaskGroup group(context);
  for (FlowSurvey& survey : *surveys) {
    surveyors.push_back(std::make_unique<Surveyor>(context, pool, survey));
    group.spawn("surveyor", Surveyor::run(surveyors.back().get(), deadline));
  }
  co_await group.join();
  surveyors.clear();
  runtime->stop();
}

}  // namespace

std::vector<FlowSurvey> survey_flows(const flow::Mm2Config& config,
                                     std::chrono::milliseconds limit) {
  std::vector<FlowSurvey> surveys;
  for (const flow::FlowSettings& settings : config.flows()) {
    surveys.emplace_back().settings = &settings;
  }
  net::Runtime runtime(1);
  const net::Deadline deadline = net::Clock::now() + limit;
  boost::asio::co_spawn(runtime.shard(0), run_all(&runtime, &surveys, deadline),
                        boost::asio::detached);
  runtime.run();
  return surveys;
}

}  // namespace ottla::fleet
