#pragma once
// SASL as Kafka's clients speak it inside SaslAuthenticate (KIP-152), without I/O.
//
// Client: send next({}) first, then answer each reply of the broker with next(reply) until done():
//   OTTLA_ASSIGN(std::string message, mechanism->next({}));
//   for (;;) { reply = exchange(message); message = next(reply); if (mechanism->done()) break; }
// An error ends the exchange; the connection has to be closed. Objects are used once.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ottla::kafka::session {

enum class SaslErrc {
  kCredentials = 1,   // what we were given can't be sent
  kMalformed = 2,     // the other side broke the mechanism's format
  kRejected = 3,      // the other side does not accept the credentials
  kServerForged = 4,  // the server does not know the password it checks: not the real one
};

const std::error_category& sasl_category() noexcept;
inline std::error_code make_error_code(SaslErrc e) noexcept {
  return {static_cast<int>(e), sasl_category()};
}

class SaslMechanism {
 public:
  virtual ~SaslMechanism() = default;
  // The name for SaslHandshake, for example "SCRAM-SHA-256".
  [[nodiscard]] virtual std::string_view name() const = 0;
  // The message that answers `from_peer`. When done() holds afterwards, nothing is to be sent.
  virtual Result<std::string> next(Bytes from_peer) = 0;
  [[nodiscard]] virtual bool done() const = 0;
};

// PLAIN (RFC 4616).
std::unique_ptr<SaslMechanism> make_plain_client(std::string username, std::string password);

struct PlainCredentials {
  std::string authorization_id;  // empty: as the user
  std::string username;
  std::string password;
};
// Server side: reads the one message of PLAIN. Kafka answers with no bytes.
Result<PlainCredentials> parse_plain(Bytes message);

// OAUTHBEARER (RFC 7628, KIP-255). Extensions are names of letters with printable values.
using SaslExtensions = std::map<std::string, std::string>;
std::unique_ptr<SaslMechanism> make_oauthbearer_client(std::string token,
                                                       SaslExtensions extensions = {});

struct OAuthBearerCredentials {
  std::string token;
  std::string authorization_id;
  SaslExtensions extensions;
};
// Server side: reads the first message. The answer is no bytes, or an error as JSON
// ({"status":"invalid_token"}), which the client answers with the byte 1.
Result<OAuthBearerCredentials> parse_oauthbearer(Bytes message);

}  // namespace ottla::kafka::session

template <>
struct std::is_error_code_enum<ottla::kafka::session::SaslErrc> : std::true_type {};
