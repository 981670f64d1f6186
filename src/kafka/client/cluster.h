#pragma once
// Cluster: one core's way to one Kafka cluster: its connections, its metadata, and calls that find
// the right broker. Admin calls are made with `call_*` and the generated request types.
//
// Connections are per (broker, lane): a broker answers one request at a time per connection, so
// long fetches, produces and control calls never share one. A broker that is down is dialled with
// exponential backoff; an authentication failure backs off for long (no retry storm).
//
// Used on one core. stop() closes everything and waits for all coroutines; required before
// destruction.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/bytes.h"
#include "kafka/client/connection.h"
#include "kafka/client/metadata.h"
#include "kafka/client/settings.h"

namespace ottla::kafka {

enum class LanePurpose : std::uint8_t { kControl, kFetch, kProduce };

struct Lane {
  LanePurpose purpose = LanePurpose::kControl;
  std::uint16_t index = 0;
  auto operator<=>(const Lane&) const = default;
};

enum class CoordinatorType : std::int8_t { kGroup = 0, kTransaction = 1 };

class Cluster {
 public:
  Cluster(net::IoContext& context, BufferPool& pool, ClusterSettings settings);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  net::Task<void> stop();

  [[nodiscard]] const ClusterSettings& settings() const { return settings_; }
  [[nodiscard]] const std::string& alias() const { return settings_.connection.alias; }
  [[nodiscard]] net::IoContext& context() { return group_.context(); }
  [[nodiscard]] BufferPool& pool() { return pool_; }

  // --- metadata ---
  // The newest
  // view; empty before the first refresh.
  [[nodiscard]] const std::shared_ptr<const Metadata>& metadata() const { return metadata_; }
  // Topics that refresh() asks for, besides brokers. Data-plane shards follow only theirs.
  void follow(const std::string& topic);
  void unfollow(const std::string& topic);
  // Asks any broker now; concurrent calls share one request.
  net::Task<Status> refresh();
  // Every topic of the cluster, without changing what is followed.
  net::Task<Result<std::shared_ptr<const Metadata>>> all_topics();
  // The given topics (used to wait for a created topic).
  net::Task<Result<std::shared_ptr<const Metadata>>> describe_topics(
      std::vector<std::string> names);
  // Refreshes soon, at most about every `reconnect_backoff_max`; many askers cost one refresh.
  void request_refresh();
  // Runs after each refresh that changed something about leaders.
  net::Event& metadata_changed() { return metadata_changed_; }

  // --- connections ---
  net::Task<Result<std::shared_ptr<Connection>>> connection(BrokerId broker, Lane lane);
  net::Task<Result<std::shared_ptr<Connection>>> any_connection();

  // --- calls ---
  // One
  // attempt each; errors inside the response are the caller's. kUnavailable etc. may be retried.
  template <class Request>
  net::Task<Result<Reply<typename Request::Response>>> call_broker(
      BrokerId broker, Request request, std::int16_t version_max = Request::kMaxVersion);
  template <class Request>
  net::Task<Result<Reply<typename Request::Response>>> call_any(Request request);
  template <class Request>
  net::Task<Result<Reply<typename Request::Response>>> call_controller(Request request);
  // `key`: group id or transactional id.
  template <class Request>
  net::Task<Result<Reply<typename Request::Response>>> call_coordinator(
      CoordinatorType type, std::string key, Request request,
      std::int16_t version_max = Request::kMaxVersion);
  // Forget a coordinator after NOT_COORDINATOR and the like.
  void forget_coordinator(CoordinatorType type, const std::string& key);

 private:
  struct Dial {
    std::shared_ptr<Connection> connection;
    bool dialling = false;
    int failures = 0;
    net::Deadline not_before{};
    std::optional<Error> last_error;
  };
  using DialKey = std::pair<BrokerId, Lane>;

  net::Task<Result<std::shared_ptr<Connection>>> dial(Dial& slot, net::Endpoint endpoint,
                                                      std::string what);
  net::Task<Result<std::shared_ptr<const Metadata>>> fetch_metadata(
      std::optional<std::vector<std::string>> topics);
  net::Task<Result<BrokerId>> coordinator(CoordinatorType type, const std::string& key);
  static net::Task<void> run_refresher(Cluster* self);
  void adopt(std::shared_ptr<const Metadata> fresh);
  [[nodiscard]] net::Duration backoff_after(int failures, const Error& error) const;

  BufferPool& pool_;
  ClusterSettings settings_;
  net::TaskGroup group_;
  std::map<DialKey, std::unique_ptr<Dial>> dials_;
  std::vector<std::unique_ptr<Dial>> bootstrap_dials_;
  std::size_t next_bootstrap_ = 0;
  net::Event dial_done_;

  std::shared_ptr<const Metadata> metadata_;
  std::map<std::string, int> followed_;
  net::Event metadata_changed_;
  net::Event refresh_wanted_event_;
  net::Event refresh_done_;
  bool refresh_wanted_ = false;
  bool refreshing_ = false;
  Status last_refresh_;
  std::map<std::pair<CoordinatorType, std::string>, BrokerId> coordinators_;
};

template <class Request>
net::Task<Result<Reply<typename Request::Response>>> Cluster::call_broker(
    BrokerId broker, Request request, std::int16_t version_max) {
  OTTLA_CO_ASSIGN(auto connection, co_await this->connection(broker, Lane{}));
  co_return co_await connection->call(request, settings_.connection.request_timeout, version_max);
}

template <class Request>
net::Task<Result<Reply<typename Request::Response>>> Cluster::call_any(Request request) {
  OTTLA_CO_ASSIGN(auto connection, co_await any_connection());
  co_return co_await connection->call(request, settings_.connection.request_timeout);
}

template <class Request>
net::Task<Result<Reply<typename Request::Response>>> Cluster::call_controller(Request request) {
  // Brokers forward what belongs to the controller (KRaft); older ones must be asked directly.
  if (!metadata_) {
    OTTLA_CO_TRY(co_await refresh());
  }
  const BrokerId controller = metadata_->controller;
  if (controller.value() >= 0 && metadata_->brokers.contains(controller)) {
    co_return co_await call_broker(controller, std::move(request));
  }
  co_return co_await call_any(std::move(request));
}

template <class Request>
net::Task<Result<Reply<typename Request::Response>>> Cluster::call_coordinator(
    CoordinatorType type, std::string key, Request request, std::int16_t version_max) {
  OTTLA_CO_ASSIGN(const BrokerId broker, co_await coordinator(type, key));
  auto reply = co_await call_broker(broker, std::move(request), version_max);
  if (!reply) forget_coordinator(type, key);
  co_return reply;
}

}  // namespace ottla::kafka
