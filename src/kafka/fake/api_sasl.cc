#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/sasl_authenticate.h"
#include "kafka/protocol/generated/sasl_handshake.h"

namespace ottla::kafka::fake {

std::optional<SaslHandshakeResponse> handle(const SaslHandshakeRequest& request, Call& call) {
  SaslHandshakeResponse response;
  if (call.state.sasl_plain) response.mechanisms = {"PLAIN"};
  response.error_code =
      call.error(!call.state.sasl_plain         ? ErrorCode::kIllegalSaslState
                 : request.mechanism != "PLAIN" ? ErrorCode::kUnsupportedSaslMechanism
                                                : ErrorCode::kNone);
  call.connection.mechanism = response.error_code == ErrorCode::kNone ? request.mechanism : "";
  return response;
}

// PLAIN (RFC 4616): authorization id NUL user NUL password.
std::optional<SaslAuthenticateResponse> handle(const SaslAuthenticateRequest& request, Call& call) {
  SaslAuthenticateResponse response;
  response.error_message.reset();
  if (call.connection.mechanism.empty() || !call.state.sasl_plain) {
    response.error_code = ErrorCode::kIllegalSaslState;
    return response;
  }
  const auto& [user, password] = *call.state.sasl_plain;
  const std::string expected = std::string(1, '\0') + user + '\0' + password;
  const bool good = as_string_view(request.auth_bytes) == expected;
  response.error_code = call.error(good ? ErrorCode::kNone : ErrorCode::kSaslAuthenticationFailed);
  if (response.error_code != ErrorCode::kNone) {
    response.error_message = "Authentication failed: Invalid username or password";
    return response;
  }
  call.connection.authenticated = true;
  response.session_lifetime_ms = call.state.sasl_session_lifetime_ms;
  return response;
}

}  // namespace ottla::kafka::fake
