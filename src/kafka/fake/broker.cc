#include "kafka/fake/broker.h"

#include <algorithm>

#include "base/assert.h"
#include "kafka/fake/black_hole.h"
#include "kafka/fake/frame_io.h"
#include "kafka/protocol/generated/api_versions.h"

namespace ottla::kafka::fake {

struct Broker::Link {
  explicit Link(net::Stream& s) : stream(s), reader(s) {}
  net::Stream& stream;
  FrameReader reader;
  ConnectionState state;
};

struct Broker::Frame {
  RequestHeader header;
  Bytes body;
};

Broker::Broker(net::IoContext& context, State& state, net::Event& changed, BrokerId id,
               std::shared_ptr<net::TlsContext> tls, BlackHole* black_hole)
    : context_(context),
      state_(state),
      changed_(changed),
      id_(id),
      tls_(std::move(tls)),
      black_hole_(black_hole),
      group_(context),
      zombies_released_(context) {}

Broker::~Broker() = default;

Result<net::Endpoint> Broker::start(std::uint16_t port) {
  OTTLA_ASSIGN(std::unique_ptr<net::Listener> listener,
               net::listen_tcp(context_, {"127.0.0.1", port}));
  listener_ = std::move(listener);
  group_.spawn("fake broker accepts", run_accept(this, listener_));
  return listener_->local();
}

void Broker::close_connections() {
  for (net::Stream* stream : open_) stream->close();
}

void Broker::go_down() {
  if (listener_) listener_->close();
  listener_.reset();
  close_connections();
}

void Broker::release_zombies() {
  zombies_released_.notify_all();
}

net::Task<void> Broker::stop() {
  go_down();
  group_.cancel();
  co_await group_.join();
}

net::Task<void> Broker::run_accept(Broker* self, std::shared_ptr<net::Listener> listener) {
  for (;;) {
    auto accepted = co_await listener->accept();
    if (!accepted) {
      if (self->listener_ != listener || self->group_.cancelled()) co_return;
      continue;
    }
    self->group_.spawn("fake broker serves", run_link(self, *std::move(accepted)));
  }
}

net::Task<void> Broker::run_link(Broker* self, std::unique_ptr<net::Stream> stream) {
  if (!self->listener_) co_return;
  if (self->tls_) {
    auto secured = co_await net::handshake_server(self->tls_, std::move(stream),
                                                  net::Clock::now() + std::chrono::seconds(10));
    if (!secured) co_return;
    stream = *std::move(secured);
  }
  self->open_.push_back(stream.get());
  Link link(*stream);
  for (;;) {
    const Result<Bytes> request = co_await link.reader.next();
    if (!request) break;
    const bool go_on = co_await self->serve_one(link, *request);
    if (!go_on) break;
  }
  self->open_.remove(stream.get());
  stream->close();
}

net::Task<bool> Broker::serve_one(Link& link, Bytes request) {
  Frame frame;
  wire::Reader reader(request);
  auto header = decode_request_header(reader);
  if (!header) co_return false;
  frame.header = *std::move(header);
  frame.body = request.subspan(reader.position());
  Fault fault;
  bool swallowed = false;
  {
    const std::lock_guard lock(state_.mutex);
    swallowed = black_hole_ != nullptr && BlackHole::takes(state_, frame.header, frame.body);
    ++state_.requests[frame.header.request_api_key];
    fault = state_.faults.match(
        {frame.header.request_api_key, frame.header.request_api_version, id_, frame.body});
  }
  if (swallowed) {
    const Status answered = co_await black_hole_->answer(link.stream, frame.header, frame.body);
    co_return answered.has_value();
  }
  const bool go_on = co_await serve_faulty(link, frame, fault);
  co_return go_on;
}

net::Task<bool> Broker::hang(Link& link) {
  std::byte ignored[4096];
  for (;;) {
    const auto n = co_await link.stream.read_some(ignored);
    if (!n) co_return false;
  }
}

net::Task<bool> Broker::serve_faulty(Link& link, const Frame& frame, const Fault& fault) {
  const std::int32_t correlation = frame.header.correlation_id.value();
  if (fault.kind == FaultKind::kCutBefore) co_return false;
  if (fault.kind == FaultKind::kLoseRequest) co_return co_await hang(link);
  if (fault.kind == FaultKind::kZombie) {
    group_.spawn("fake broker zombie", run_zombie(this, link.reader.take_all(), fault.delay));
    co_return false;
  }
  if (fault.kind == FaultKind::kDelayRequest) {
    if (!co_await net::sleep_for(fault.delay)) co_return false;
  }
  wire::Writer out;
  bool answered = false;
  const bool executed = co_await execute(link, frame, fault, out, answered);
  if (!executed) co_return false;
  if (!answered) co_return true;
  switch (fault.kind) {
    case FaultKind::kLoseReply:
      co_return false;
    case FaultKind::kHang:
      co_return co_await hang(link);
    case FaultKind::kSkipReply:
      co_return true;
    case FaultKind::kDelayReply:
      if (!co_await net::sleep_for(fault.delay)) co_return false;
      break;
    case FaultKind::kGarbage:
      co_await write_all(link.stream, as_bytes(fault.garbage));
      co_return true;
    case FaultKind::kHugeLength:
      out.clear();
      out.int32(0x7FFFFFFF);
      co_await write_all(link.stream, out.bytes());
      co_return true;
    case FaultKind::kGarbageBody:
      out.clear();
      out.int32(static_cast<std::int32_t>(fault.garbage.size() + 4));
      out.int32(correlation);
      out.raw(as_bytes(fault.garbage));
      break;
    case FaultKind::kWrongCorrelation:
      out.patch_int32(4, correlation + 1);
      break;
    case FaultKind::kCutMid:
      co_await write_all(link.stream, out.bytes().first(std::min(
                                          fault.bytes.value_or(out.size() / 2), out.size())));
      co_return false;
    default:
      break;
  }
  const Status written = co_await write_all(link.stream, out.bytes());
  co_return written.has_value() && fault.kind != FaultKind::kCutAfter;
}

// Runs one try under the lock. Brokers close a connection that asks for what they do not offer;
// only ApiVersions is answered, in its oldest form.
Outcome Broker::attempt(const Frame& frame, Call& call, wire::Writer& out) {
  const ApiKey api = frame.header.request_api_key;
  const std::int16_t version = frame.header.request_api_version;
  const std::lock_guard lock(state_.mutex);
  const auto offered = call.broker.offered.find(api);
  const bool known = offered != call.broker.offered.end() && offered->second.contains(version);
  const bool login = api == ApiKey::kApiVersions || api == ApiKey::kSaslHandshake ||
                     api == ApiKey::kSaslAuthenticate;
  if (state_.sasl_plain && !call.connection.authenticated && !login) return Outcome::kCloseNow;
  out.clear();
  out.int32(0);
  encode_response_header(out, api, version, frame.header.correlation_id);
  if (!known && api == ApiKey::kApiVersions) {
    ApiVersionsResponse refusal;
    refusal.error_code = ErrorCode::kUnsupportedVersion;
    auto& entry = refusal.api_keys.emplace_back();
    entry.api_key = ApiKey::kApiVersions;
    entry.max_version =
        offered == call.broker.offered.end() ? std::int16_t{0} : offered->second.max;
    refusal.encode(out, 0);
    return Outcome::kAnswered;
  }
  if (!known) return Outcome::kCloseNow;
  wire::Reader reader(frame.body);
  return dispatch(api, reader, call, out);
}

net::Task<bool> Broker::execute(Link& link, const Frame& frame, const Fault& fault,
                                wire::Writer& out, bool& answered) {
  Call call{.state = state_,
            .broker = state_.brokers.at(id_),
            .connection = link.state,
            .version = frame.header.request_api_version};
  if (fault.kind == FaultKind::kAnswerError) call.forced_error = fault.error;
  for (;;) {
    const Outcome outcome = attempt(frame, call, out);
    if (call.changed) changed_.notify_all();
    call.changed = false;
    if (outcome == Outcome::kCloseNow) co_return false;
    if (outcome != Outcome::kWait) {
      answered = outcome == Outcome::kAnswered;
      if (answered) out.patch_int32(0, static_cast<std::int32_t>(out.size() - 4));
      co_return true;
    }
    OTTLA_ASSERT(call.wait_until.has_value());
    call.first_try = false;
    const Status waited = co_await changed_.wait(*call.wait_until);
    if (!waited && is_cancelled(waited.error())) co_return false;
    call.time_is_up = net::Clock::now() >= *call.wait_until;
  }
}

// What a client had sent before its connection died is executed all the same.
net::Task<void> Broker::run_zombie(Broker* self, std::vector<ByteVector> requests,
                                   net::Duration delay) {
  const Status waited =
      delay.count() > 0 ? co_await net::sleep_for(delay) : co_await self->zombies_released_.wait();
  if (!waited) co_return;
  ConnectionState nobody;
  nobody.authenticated = true;
  for (const ByteVector& request : requests) {
    Frame frame;
    wire::Reader reader(request);
    auto header = decode_request_header(reader);
    if (!header) co_return;
    frame.header = *std::move(header);
    frame.body = Bytes(request).subspan(reader.position());
    Call call{.state = self->state_,
              .broker = self->state_.brokers.at(self->id_),
              .connection = nobody,
              .version = frame.header.request_api_version};
    wire::Writer out;
    static_cast<void>(self->attempt(frame, call, out));
  }
  self->changed_.notify_all();
}

}  // namespace ottla::kafka::fake
