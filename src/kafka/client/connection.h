#pragma once
// Connection: one TCP or TLS connection to one broker, authenticated, with versions negotiated.
//
// Requests are pipelined; Kafka answers in the order of arrival, so completions run in that order.
// Each response is read straight into one pooled buffer. A broker that answers nonsense, a length
// beyond `response_bytes_max`, or too late costs this connection: it closes, and every request that
// was under way completes with the reason. Whether such a request was executed is unknown to the
// caller: a produce request must then be reconciled against the log, never repeated blindly.
//
// Used on one core. Its coroutines belong to the owner's TaskGroup and hold it alive.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/client/api_version_table.h"
#include "kafka/client/request_frame.h"
#include "kafka/client/settings.h"
#include "kafka/protocol/api.h"
#include "net/stream.h"
#include "net/task_group.h"

namespace ottla::kafka {

// The body of a response, after its header.
struct Response {
  BufferRef buffer;
  MutableBytes body;
};

// A decoded response; views inside `message` point into `buffer`.
template <class Message>
struct Reply {
  Message message;
  std::int16_t version = 0;
  BufferRef buffer;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Completion = std::move_only_function<void(Result<Response>)>;

  // Dials, negotiates versions and authenticates, within `settings.connect_timeout`.
  static net::Task<Result<std::shared_ptr<Connection>>> open(net::TaskGroup& group,
                                                             BufferPool& pool,
                                                             const ConnectionSettings& settings,
                                                             net::Endpoint endpoint);
  ~Connection();

  // Highest version that both sides speak; kUnsupported, with names, when there is none.
  [[nodiscard]] Result<std::int16_t> version_for(ApiKey api, std::int16_t min,
                                                 std::int16_t max) const;

  // Queues a frame that was begun for a version from version_for. `done` runs exactly once, also
  // when the connection is closed already; never from inside send.
  void send(RequestFrame frame, net::Duration timeout, Completion done);

  // Encodes, sends, waits, decodes. `version_max` caps the version where a newer one means
  // something else.
  template <class Request>
  net::Task<Result<Reply<typename Request::Response>>> call(
      const Request& request, net::Duration timeout,
      std::int16_t version_max = Request::kMaxVersion);

  void close(Error why);
  [[nodiscard]] bool closed() const { return closed_; }
  // Requests sent or queued and not yet answered.
  [[nodiscard]] std::size_t pending() const { return pending_.size() + outbox_.size(); }
  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] const std::string& client_id() const { return settings_.client_id; }
  // A frame with kept memory, to avoid allocation in steady state.
  RequestFrame take_frame();

 private:
  struct Queued {
    RequestFrame frame;
    net::Duration timeout;
    Completion done;
    bool during_authentication = false;
  };
  struct Pending {
    ApiKey api;
    std::int16_t header_version;
    CorrelationId correlation;
    net::Deadline deadline;
    Completion done;
  };

  Connection(net::TaskGroup& group, BufferPool& pool, ConnectionSettings settings,
             std::unique_ptr<net::Stream> stream);

  static net::Task<void> run_reader(std::shared_ptr<Connection> self);
  static net::Task<void> run_writer(std::shared_ptr<Connection> self);
  static net::Task<void> run_watchdog(std::shared_ptr<Connection> self);
  static net::Task<void> run_reauthentication(std::shared_ptr<Connection> self);
  void start();

  net::Task<Result<BufferRef>> read_frame();
  net::Task<Status> fill_staging();
  net::Task<Status> write_frame(const RequestFrame& frame);
  Status complete(BufferRef frame);
  void enqueue(Queued queued);
  net::Task<Result<Response>> exchange(RequestFrame frame, net::Duration timeout,
                                       bool authenticating);
  net::Task<Status> negotiate();
  net::Task<Status> authenticate();

  net::TaskGroup& group_;
  BufferPool& pool_;
  ConnectionSettings settings_;
  std::unique_ptr<net::Stream> stream_;
  std::string peer_;
  ApiVersionTable versions_;

  std::deque<Queued> outbox_;
  std::deque<Pending> pending_;
  std::vector<RequestFrame> spare_frames_;
  net::Event outbox_event_;
  net::Event pending_event_;
  net::Event timers_event_;  // closed, or a deadline came that is earlier than all others
  net::Deadline watched_until_ = net::Deadline::max();
  std::int32_t next_correlation_ = 1;
  bool authenticating_ = false;  // holds back everything else (KIP-368)
  std::optional<net::Deadline> session_expires_;
  bool served_ = false;  // a request beyond the login was answered
  bool closed_ = false;
  std::optional<Error> close_reason_;

  BufferRef staging_;
  std::size_t staging_begin_ = 0;
  std::size_t staging_end_ = 0;
};

template <class Request>
net::Task<Result<Reply<typename Request::Response>>> Connection::call(const Request& request,
                                                                      net::Duration timeout,
                                                                      std::int16_t version_max) {
  constexpr auto kApi = static_cast<ApiKey>(Request::kApiKey);
  OTTLA_CO_ASSIGN(
      const std::int16_t version,
      version_for(kApi, Request::kMinVersion, std::min(version_max, Request::kMaxVersion)));
  RequestFrame frame = take_frame();
  frame.begin(kApi, version, settings_.client_id);
  request.encode(frame.meta(), version);
  OTTLA_CO_ASSIGN(Response response, co_await exchange(std::move(frame), timeout, false));
  Reply<typename Request::Response> reply;
  reply.version = version;
  wire::Reader reader(response.body);
  if (Status decoded = reply.message.decode(reader, version); !decoded) {
    Error error = std::move(decoded).error().within(peer_);
    close(error);
    co_return std::unexpected(std::move(error));
  }
  reply.buffer = std::move(response.buffer);
  co_return reply;
}

}  // namespace ottla::kafka
