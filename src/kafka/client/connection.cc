#include "kafka/client/connection.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "kafka/protocol/errors.h"
#include "kafka/protocol/generated/api_versions.h"

namespace ottla::kafka {

namespace {

constexpr std::size_t kStagingBytes = 64U << 10;
constexpr std::size_t kSpareFramesMax = 16;
constexpr std::size_t kPiecesPerWriteMax = 512;
constexpr const char* kSoftwareVersion = "0.1.0";

Error closed_error(const std::optional<Error>& why, const std::string& peer) {
  if (why) return *why;
  return {make_error_code(BaseErrc::kUnavailable), peer + ": connection closed"};
}

std::int32_t read_int32(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
  return static_cast<std::int32_t>(value);
}

bool belongs_to_login(ApiKey api) {
  return api == ApiKey::kApiVersions || api == ApiKey::kSaslHandshake ||
         api == ApiKey::kSaslAuthenticate;
}

}  // namespace

Connection::Connection(net::TaskGroup& group, BufferPool& pool, ConnectionSettings settings,
                       std::unique_ptr<net::Stream> stream)
    : group_(group),
      pool_(pool),
      settings_(std::move(settings)),
      stream_(std::move(stream)),
      peer_(settings_.alias.empty() ? stream_->peer() : settings_.alias + " " + stream_->peer()),
      outbox_event_(group.context()),
      pending_event_(group.context()),
      timers_event_(group.context()),
      staging_(BufferRef::allocate(kStagingBytes)) {}

Connection::~Connection() {
  OTTLA_ASSERT(closed_ || (pending_.empty() && outbox_.empty()));
}

net::Task<Result<std::shared_ptr<Connection>>> Connection::open(net::TaskGroup& group,
                                                                BufferPool& pool,
                                                                const ConnectionSettings& settings,
                                                                net::Endpoint endpoint) {
  const net::Deadline deadline = net::Clock::now() + settings.connect_timeout;
  auto dialled = co_await net::connect_tcp(endpoint, deadline);
  if (!dialled) co_return std::unexpected(std::move(dialled).error().within(settings.alias));
  std::unique_ptr<net::Stream> stream = *std::move(dialled);
  if (settings.tls) {
    auto secured =
        co_await net::handshake_client(settings.tls, std::move(stream), endpoint.host, deadline);
    if (!secured) {
      co_return std::unexpected(
          std::move(secured).error().within(settings.alias + " " + endpoint.to_string()));
    }
    stream = *std::move(secured);
  }
  std::shared_ptr<Connection> connection(new Connection(group, pool, settings, std::move(stream)));
  connection->start();
  Status ready = co_await connection->negotiate();
  if (ready && settings.sasl) ready = co_await connection->authenticate();
  if (!ready) {
    connection->close(ready.error());
    co_return std::unexpected(std::move(ready).error());
  }
  if (connection->session_expires_) {
    group.spawn("reauthentication " + connection->peer_, run_reauthentication(connection));
  }
  co_return connection;
}

void Connection::start() {
  authenticating_ = true;  // until negotiate and authenticate are through
  group_.spawn("read " + peer_, run_reader(shared_from_this()));
  group_.spawn("write " + peer_, run_writer(shared_from_this()));
  group_.spawn("watchdog " + peer_, run_watchdog(shared_from_this()));
}

Result<std::int16_t> Connection::version_for(ApiKey api, std::int16_t min, std::int16_t max) const {
  return versions_.choose(api, min, max, peer_);
}

RequestFrame Connection::take_frame() {
  if (spare_frames_.empty()) return {};
  RequestFrame frame = std::move(spare_frames_.back());
  spare_frames_.pop_back();
  return frame;
}

void Connection::send(RequestFrame frame, net::Duration timeout, Completion done) {
  enqueue({std::move(frame), timeout, std::move(done), false});
}

void Connection::enqueue(Queued queued) {
  if (closed_) {
    boost::asio::post(group_.context(), [done = std::move(queued.done),
                                         error = closed_error(close_reason_, peer_)]() mutable {
      done(std::unexpected(std::move(error)));
    });
    return;
  }
  if (queued.during_authentication) {
    outbox_.push_front(std::move(queued));
  } else {
    outbox_.push_back(std::move(queued));
  }
  outbox_event_.notify_all();
}

void Connection::close(Error why) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = std::move(why);
  stream_->close();
  outbox_event_.notify_all();
  pending_event_.notify_all();
  timers_event_.notify_all();
  std::deque<Pending> pending = std::move(pending_);
  std::deque<Queued> queued = std::move(outbox_);
  pending_.clear();
  outbox_.clear();
  // Completed from the event loop: the caller may be in the middle of anything.
  boost::asio::post(group_.context(), [self = shared_from_this(), pending = std::move(pending),
                                       queued = std::move(queued)]() mutable {
    for (Pending& p : pending)
      p.done(std::unexpected(closed_error(self->close_reason_, self->peer_)));
    for (Queued& q : queued)
      q.done(std::unexpected(closed_error(self->close_reason_, self->peer_)));
  });
}

net::Task<void> Connection::run_writer(std::shared_ptr<Connection> self) {
  while (!self->closed_) {
    const bool blocked = self->outbox_.empty() ||
                         (self->authenticating_ && !self->outbox_.front().during_authentication);
    if (blocked) {
      if (!co_await self->outbox_event_.wait()) break;
      continue;
    }
    Queued next = std::move(self->outbox_.front());
    self->outbox_.pop_front();
    const CorrelationId correlation(self->next_correlation_++);
    next.frame.seal(correlation);
    const net::Deadline deadline = net::Clock::now() + next.timeout;
    self->pending_.push_back({next.frame.api(),
                              response_header_version(next.frame.api(), next.frame.version()),
                              correlation, deadline, std::move(next.done)});
    if (self->pending_.size() == 1) self->pending_event_.notify_all();
    if (deadline < self->watched_until_) self->timers_event_.notify_all();
    if (Status written = co_await self->write_frame(next.frame); !written) {
      self->close(std::move(written).error().within(self->peer_));
      break;
    }
    if (self->spare_frames_.size() < kSpareFramesMax) {
      next.frame.clear();
      self->spare_frames_.push_back(std::move(next.frame));
    }
  }
  if (!self->closed_) {
    self->close({make_error_code(BaseErrc::kCancelled), self->peer_});
  }
}

net::Task<Status> Connection::write_frame(const RequestFrame& frame) {
  std::vector<Bytes> pieces;
  frame.append_pieces(pieces);
  std::size_t first = 0;
  while (first < pieces.size()) {
    const std::size_t count = std::min(pieces.size() - first, kPiecesPerWriteMax);
    OTTLA_CO_ASSIGN(std::size_t written, co_await stream_->write_some(
                                             std::span<const Bytes>(pieces).subspan(first, count)));
    while (first < pieces.size() && written >= pieces[first].size()) {
      written -= pieces[first].size();
      ++first;
    }
    if (written > 0) pieces[first] = pieces[first].subspan(written);
  }
  co_return Status{};
}

net::Task<void> Connection::run_reader(std::shared_ptr<Connection> self) {
  while (!self->closed_) {
    Result<BufferRef> frame = co_await self->read_frame();
    Status completed = frame ? self->complete(*std::move(frame))
                             : Status(std::unexpected(std::move(frame).error()));
    if (!completed) {
      Error error = std::move(completed).error().within(self->peer_);
      // What a listener does to a client that speaks another protocol than it wants.
      if (!self->served_ && error.code == make_error_code(BaseErrc::kUnavailable)) {
        error.context +=
            " before it answered the first request; if that stays so, check "
            "security.protocol: the listener may want SASL, or TLS";
      }
      self->close(std::move(error));
      break;
    }
  }
  if (!self->closed_) self->close({make_error_code(BaseErrc::kCancelled), self->peer_});
}

net::Task<Status> Connection::fill_staging() {
  if (staging_begin_ > 0) {
    std::memmove(staging_.bytes().data(), staging_.bytes().data() + staging_begin_,
                 staging_end_ - staging_begin_);
    staging_end_ -= staging_begin_;
    staging_begin_ = 0;
  }
  OTTLA_CO_ASSIGN(const std::size_t n,
                  co_await stream_->read_some(staging_.bytes().subspan(staging_end_)));
  staging_end_ += n;
  co_return Status{};
}

// A length, then so many bytes. What the staging buffer already holds is copied (at most 64 KiB);
// the rest of a large response is read straight into its own buffer.
net::Task<Result<BufferRef>> Connection::read_frame() {
  while (staging_end_ - staging_begin_ < 4) {
    OTTLA_CO_TRY(co_await fill_staging());
  }
  const std::int32_t length = read_int32(staging_.bytes().subspan(staging_begin_, 4));
  if (length < 4 || static_cast<std::size_t>(length) > settings_.response_bytes_max) {
    co_return fail(
        BaseErrc::kCorrupt,
        fmt::format("response length {} is outside 4..{}: not a Kafka broker, or a listener that "
                    "speaks TLS; check security.protocol",
                    length, settings_.response_bytes_max));
  }
  if (pending_.empty()) {
    co_return fail(BaseErrc::kCorrupt, "a response that nothing asked for");
  }
  staging_begin_ += 4;
  const auto size = static_cast<std::size_t>(length);
  BufferRef frame = pool_.take(size);
  std::size_t have = std::min(size, staging_end_ - staging_begin_);
  std::memcpy(frame.bytes().data(), staging_.bytes().data() + staging_begin_, have);
  staging_begin_ += have;
  while (have < size) {
    OTTLA_CO_ASSIGN(const std::size_t n, co_await stream_->read_some(frame.bytes().subspan(have)));
    have += n;
  }
  co_return frame;
}

Status Connection::complete(BufferRef frame) {
  if (pending_.empty()) return fail(BaseErrc::kCorrupt, "a response that nothing asked for");
  wire::Reader reader(frame.bytes());
  const std::int32_t correlation = reader.int32();
  Pending& front = pending_.front();
  if (correlation != front.correlation.value()) {
    return fail(BaseErrc::kCorrupt, fmt::format("response to request {} where {} was due",
                                                correlation, front.correlation));
  }
  if (front.header_version >= 1) reader.unknown_tags();
  if (!reader.ok()) return fail(BaseErrc::kCorrupt, "response header");
  served_ = served_ || !belongs_to_login(front.api);
  Completion done = std::move(front.done);
  pending_.pop_front();
  if (pending_.empty()) pending_event_.notify_all();
  const MutableBytes body = frame.bytes().subspan(reader.position());
  done(Response{std::move(frame), body});
  return {};
}

net::Task<void> Connection::run_watchdog(std::shared_ptr<Connection> self) {
  while (!self->closed_) {
    if (self->pending_.empty()) {
      if (!co_await self->pending_event_.wait()) break;
      continue;
    }
    const auto first = std::ranges::min_element(self->pending_, {}, &Pending::deadline);
    if (net::Clock::now() >= first->deadline) {
      self->close({make_error_code(BaseErrc::kTimedOut),
                   fmt::format("{}: no answer to {} in time", self->peer_, name(first->api))});
      break;
    }
    self->watched_until_ = first->deadline;
    const Status waited = co_await self->timers_event_.wait(first->deadline);
    self->watched_until_ = net::Deadline::max();
    if (!waited && is_cancelled(waited.error())) break;
  }
}

net::Task<Result<Response>> Connection::exchange(RequestFrame frame, net::Duration timeout,
                                                 bool authenticating) {
  struct Waiting {
    explicit Waiting(net::IoContext& context) : event(context) {}
    net::Event event;
    std::optional<Result<Response>> answer;
  };
  auto waiting = std::make_shared<Waiting>(group_.context());
  enqueue({std::move(frame), timeout,
           [waiting](Result<Response> response) {
             waiting->answer = std::move(response);
             waiting->event.notify_all();
           },
           authenticating});
  while (!waiting->answer) {
    OTTLA_CO_TRY(co_await waiting->event.wait());
  }
  co_return *std::move(waiting->answer);
}

// Versions: ask with the newest form; an old broker answers UNSUPPORTED_VERSION in form 0.
net::Task<Status> Connection::negotiate() {
  for (const std::int16_t version : {std::int16_t{3}, std::int16_t{0}}) {
    ApiVersionsRequest request;
    request.client_software_name = "ottla";
    request.client_software_version = kSoftwareVersion;
    RequestFrame frame = take_frame();
    frame.begin(ApiKey::kApiVersions, version, settings_.client_id);
    request.encode(frame.meta(), version);
    OTTLA_CO_ASSIGN(Response response,
                    co_await exchange(std::move(frame), settings_.connect_timeout, true));
    wire::Reader reader(response.body);
    OTTLA_CO_ASSIGN(const ApiVersionsResponse answer, decode_api_versions(reader, version));
    if (answer.error_code == ErrorCode::kUnsupportedVersion && version != 0) continue;
    if (answer.error_code != ErrorCode::kNone) {
      co_return fail(answer.error_code, peer_ + ": ApiVersions");
    }
    versions_ = ApiVersionTable(answer);
    if (!settings_.sasl) {
      authenticating_ = false;
      outbox_event_.notify_all();
    }
    co_return Status{};
  }
  co_return fail(BaseErrc::kUnsupported, peer_ + ": the broker does not answer ApiVersions");
}

}  // namespace ottla::kafka
