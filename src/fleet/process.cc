#include "fleet/process.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "base/log.h"
#include "base/wall_clock.h"
#include "flow/status/build_info.h"

namespace ottla::fleet {

namespace {

std::size_t cores_for(const flow::Mm2Config& config) {
  if (config.process().cores > 0) return static_cast<std::size_t>(config.process().cores);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Process::Process(const flow::Mm2Config& config, std::vector<std::string> notes)
    : config_(config),
      notes_(std::move(notes)),
      started_at_ms_(wall_clock_ms()),
      runtime_(cores_for(config)),
      group_(runtime_.shard(0)) {}

Process::~Process() = default;

Status Process::run(ProcessHooks hooks) {
  hooks_ = std::move(hooks);
  runtime_.post(0, [this] { begin(); });
  runtime_.run();
  return std::move(result_);
}

void Process::begin() {
  std::size_t enabled = 0;
  for (const flow::FlowSettings& settings : config_.flows()) enabled += settings.enabled ? 1 : 0;
  const std::size_t memory =
      static_cast<std::size_t>(config_.process().memory_bytes) / std::max<std::size_t>(enabled, 1);
  for (const flow::FlowSettings& settings : config_.flows()) {
    if (!settings.enabled && !settings.emit_heartbeats.enabled) continue;
    flows_.push_back(std::make_unique<flow::Flow>(runtime_, settings,
                                                  flow::FlowOptions{runtime_.shards(), memory}));
    if (result_ = flows_.back()->start(); !result_) return stop();
  }
  group_.spawn("signals", run_signals(this));
  if (hooks_.started) result_ = hooks_.started(runtime_.shard(0), *this);
  if (!result_) stop();
}

net::Task<void> Process::run_signals(Process* self) {
  boost::asio::basic_signal_set<net::Executor> signals(self->runtime_.shard(0), SIGTERM, SIGINT,
                                                       SIGHUP);
  for (;;) {
    const auto [error, number] = co_await signals.async_wait(
        boost::asio::as_tuple(boost::asio::use_awaitable_t<net::Executor>()));
    if (error) co_return;
    if (number == SIGHUP) {
      OTTLA_WARN("SIGHUP: a changed file takes effect at the next start");
      continue;
    }
    OTTLA_INFO("{}: finishing what is under way", number == SIGTERM ? "SIGTERM" : "SIGINT");
    self->stop();
    co_return;
  }
}

void Process::stop() {
  runtime_.post(0, [this] { end(); });
}

void Process::end() {
  if (ending_) return;
  ending_ = true;
  boost::asio::co_spawn(runtime_.shard(0), stop_all(this), boost::asio::detached);
}

net::Task<void> Process::stop_all(Process* self) {
  if (self->hooks_.stopping) co_await self->hooks_.stopping();
  self->group_.cancel();
  co_await self->group_.join();
  for (auto& flow : self->flows_) co_await flow->stop();
  self->flows_.clear();
  self->runtime_.stop();
}

void Process::snapshot(std::function<void(flow::ProcessStatus)> done) {
  runtime_.post(0, [this, done = std::move(done)]() mutable {
    struct Gathering {
      flow::ProcessStatus status;
      std::size_t left = 0;
      std::function<void(flow::ProcessStatus)> done;
    };
    auto gathering = std::make_shared<Gathering>();
    gathering->status.version = std::string(flow::build_version());
    gathering->status.pid = ::getpid();
    gathering->status.started_at_ms = started_at_ms_;
    gathering->status.configuration_notes = notes_;
    gathering->status.flows.resize(flows_.size());
    gathering->left = flows_.size();
    if (flows_.empty()) return done(std::move(gathering->status));
    gathering->done = std::move(done);
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      flows_[i]->snapshot([gathering, i](flow::FlowStatus status) {
        gathering->status.flows[i] = std::move(status);
        if (--gathering->left == 0) gathering->done(std::move(gathering->status));
      });
    }
  });
}

Result<flow::Flow*> Process::find(const std::string& name) {
  for (auto& flow : flows_) {
    if (flow->settings().to_string() == name) return flow.get();
  }
  return fail(BaseErrc::kInvalidInput, "no flow " + name + " runs here");
}

Status Process::pause(const std::string& flow) {
  OTTLA_ASSIGN(flow::Flow * found, find(flow));
  runtime_.post(0, [found] { found->pause(true); });
  return {};
}

Status Process::resume(const std::string& flow) {
  OTTLA_ASSIGN(flow::Flow * found, find(flow));
  runtime_.post(0, [found] {
    found->pause(false);
    found->retry();
  });
  return {};
}

Status Process::restart(const std::string& flow) {
  OTTLA_ASSIGN(flow::Flow * found, find(flow));
  runtime_.post(0, [found] { found->retry(); });
  return {};
}

}  // namespace ottla::fleet
