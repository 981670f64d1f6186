#pragma once
// SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) without channel binding, both sides.
//
// As in Kafka, passwords are taken as their UTF-8 bytes: SASLprep is not applied, or credentials
// that kafka-configs.sh made from unusual passwords would not match.

#include "kafka/session/sasl/sasl.h"

namespace ottla::kafka::session {

enum class ScramHash { kSha256, kSha512 };

// Fewer iterations are refused, as Kafka does; more would stall the core that computes them.
inline constexpr int kScramIterationsMin = 4096;
inline constexpr int kScramIterationsMax = 262'144;

std::string_view scram_name(ScramHash hash);  // "SCRAM-SHA-256"

struct ScramClientOptions {
  ScramHash hash = ScramHash::kSha256;
  std::string username = {};
  std::string password = {};
  bool token_auth = false;  // the user is a delegation token (tokenauth=true, KIP-48)
  std::string nonce = {};   // empty: random; given in tests only
};
std::unique_ptr<SaslMechanism> make_scram_client(ScramClientOptions options);

// What a server stores instead of a password.
struct ScramCredential {
  std::string salt;
  std::string stored_key;
  std::string server_key;
  int iterations = kScramIterationsMin;
};
ScramCredential make_scram_credential(ScramHash hash, std::string_view password,
                                      std::string_view salt, int iterations);

// nullopt: no such user.
using ScramLookup = std::function<std::optional<ScramCredential>(std::string_view username)>;

// The server of one exchange: next(client message) twice, sending each result. done() holds after
// the client has proven that it knows the password.
class ScramServer {
 public:
  // An empty nonce: random.
  ScramServer(ScramHash hash, ScramLookup lookup, std::string nonce = {});

  Result<std::string> next(Bytes from_client);
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& username() const { return username_; }

 private:
  Result<std::string> answer_first(std::string_view message);
  Result<std::string> answer_final(std::string_view message);

  ScramHash hash_;
  ScramLookup lookup_;
  std::string nonce_;
  std::string username_;
  std::optional<ScramCredential> credential_;
  std::string client_first_bare_;
  std::string server_first_;
  bool done_ = false;
};

}  // namespace ottla::kafka::session
