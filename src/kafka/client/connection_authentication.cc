#include "kafka/client/connection.h"
#include "kafka/protocol/errors.h"
#include "kafka/protocol/generated/sasl_authenticate.h"
#include "kafka/protocol/generated/sasl_handshake.h"
#include "kafka/session/sasl/sasl.h"

namespace ottla::kafka {

net::Task<Status> Connection::authenticate() {
  OTTLA_CO_ASSIGN(auto mechanism, co_await settings_.sasl(peer_));
  SaslHandshakeRequest handshake;
  handshake.mechanism = settings_.sasl_mechanism;
  RequestFrame frame = take_frame();
  frame.begin(ApiKey::kSaslHandshake, 1, settings_.client_id);
  handshake.encode(frame.meta(), 1);
  OTTLA_CO_ASSIGN(Response shaken,
                  co_await exchange(std::move(frame), settings_.connect_timeout, true));
  SaslHandshakeResponse offer;
  wire::Reader offer_reader(shaken.body);
  OTTLA_CO_TRY(offer.decode(offer_reader, 1));
  if (const auto code = offer.error_code; code != ErrorCode::kNone) {
    co_return fail(
        code, fmt::format("{}: sasl.mechanism={} is not offered here; the listener has: {}", peer_,
                          settings_.sasl_mechanism, fmt::join(offer.mechanisms, ", ")));
  }
  OTTLA_CO_ASSIGN(const std::int16_t version,
                  version_for(ApiKey::kSaslAuthenticate, SaslAuthenticateRequest::kMinVersion,
                              SaslAuthenticateRequest::kMaxVersion));
  OTTLA_CO_ASSIGN(std::string message, mechanism->next({}));
  while (!mechanism->done()) {
    SaslAuthenticateRequest request;
    request.auth_bytes = as_bytes(message);
    RequestFrame step = take_frame();
    step.begin(ApiKey::kSaslAuthenticate, version, settings_.client_id);
    request.encode(step.meta(), version);
    OTTLA_CO_ASSIGN(Response response,
                    co_await exchange(std::move(step), settings_.connect_timeout, true));
    SaslAuthenticateResponse answer;
    wire::Reader reader(response.body);
    OTTLA_CO_TRY(answer.decode(reader, version));
    if (answer.error_code != ErrorCode::kNone) {
      co_return fail(answer.error_code,
                     fmt::format("{}: login refused with sasl.mechanism={}: {}. Check "
                                 "sasl.jaas.config (user, password) of this cluster",
                                 peer_, settings_.sasl_mechanism,
                                 answer.error_message.value_or("no detail given")));
    }
    OTTLA_CO_ASSIGN(message, mechanism->next(answer.auth_bytes));
    session_expires_.reset();
    if (answer.session_lifetime_ms > 0) {
      // Renewed at 80 %, before the broker would close the connection (KIP-368).
      session_expires_ = net::Clock::now() + net::Duration(answer.session_lifetime_ms * 8 / 10);
    }
  }
  authenticating_ = false;
  outbox_event_.notify_all();
  co_return Status{};
}

net::Task<void> Connection::run_reauthentication(std::shared_ptr<Connection> self) {
  while (!self->closed_ && self->session_expires_) {
    const Status waited = co_await self->timers_event_.wait(*self->session_expires_);
    if (self->closed_ || (!waited && is_cancelled(waited.error()))) co_return;
    if (net::Clock::now() < *self->session_expires_) continue;
    // The broker takes no other request between the two of a login: new ones wait, those under way
    // are answered first because answers come in order.
    self->authenticating_ = true;
    if (Status renewed = co_await self->authenticate(); !renewed) {
      self->close(std::move(renewed).error().within("re-authentication"));
    }
  }
}

}  // namespace ottla::kafka
