#pragma once
// Where bearer tokens come from (KIP-255, KIP-768), without I/O but for reading a file: unsecured
// tokens from JAAS options, a token file, and the client credentials grant of an identity provider
// (RFC 6749 section 4.4), whose request and response pass through the caller's HTTP client.

#include <chrono>
#include <vector>

#include "kafka/session/sasl/sasl.h"

namespace ottla::kafka::session {

using WallTime = std::chrono::system_clock::time_point;
using JaasOptions = std::map<std::string, std::string>;

// What we need to know about a JSON web token. Its signature is the broker's concern.
struct TokenClaims {
  std::string principal;  // "sub", empty when absent
  WallTime expires;
  std::optional<WallTime> issued;
};
Result<TokenClaims> parse_token_claims(std::string_view token);

// When to fetch the next token, as Kafka's refreshing login does.
struct TokenRefresh {
  double window_factor = 0.8;           // sasl.login.refresh.window.factor
  double window_jitter = 0.05;          // sasl.login.refresh.window.jitter
  std::chrono::seconds min_period{60};  // sasl.login.refresh.min.period.seconds
  std::chrono::seconds buffer{300};     // sasl.login.refresh.buffer.seconds
};
// `random` is in [0, 1).
WallTime token_refresh_time(const TokenRefresh& refresh, WallTime now, WallTime expires,
                            double random);

// A token with "alg":"none" from unsecuredLoginStringClaim_<name>,
// unsecuredLoginNumberClaim_<name>, unsecuredLoginListClaim_<name> (first character separates),
// unsecuredLoginLifetimeSeconds and unsecuredLoginPrincipalClaimName. Other options are ignored.
Result<std::string> make_unsecured_token(const JaasOptions& options, WallTime now);
// unsecuredLoginExtension_<name>, or extension_<name> with the client credentials grant.
SaslExtensions token_extensions(const JaasOptions& options);

// The file of sasl.oauthbearer.token.endpoint.url=file:…; blanks around the token are dropped.
Result<std::string> read_token_file(const std::string& path);

struct ClientCredentials {
  std::string client_id;
  std::string client_secret;
  std::string scope;              // empty: none
  bool header_urlencode = false;  // sasl.oauthbearer.header.urlencode
};
struct TokenRequest {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // to be sent with POST
};
TokenRequest make_token_request(const ClientCredentials& credentials);

// The access token. kRejected: asking again is of no use; BaseErrc::kUnavailable: try again later.
Result<std::string> parse_token_response(unsigned status, std::string_view body);

}  // namespace ottla::kafka::session
