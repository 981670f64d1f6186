#include "kafka/session/sasl/scram.h"

#include <algorithm>
#include <charconv>

#include "kafka/session/sasl/base64.h"
#include "kafka/session/sasl/scram_crypto.h"

namespace ottla::kafka::session {
namespace {

// Base64 of the header "n,,": no channel binding, no authorization id.
constexpr std::string_view kHeader = "n,,";
constexpr std::string_view kHeaderBase64 = "biws";

std::unexpected<Error> malformed(ScramHash hash, const std::string& what) {
  return fail(SaslErrc::kMalformed, "SASL " + std::string(scram_name(hash)) + ": " + what);
}

// Takes "k=value," off the front; nullopt when the next attribute is another one.
std::optional<std::string_view> take_attribute(std::string_view& rest, char key) {
  if (rest.size() < 2 || rest[0] != key || rest[1] != '=') return std::nullopt;
  const std::size_t end = std::min(rest.find(','), rest.size());
  const std::string_view value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

std::optional<int> number_of(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

// saslname: "," and "=" are escaped.
std::string escaped_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescaped_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.front() != '=') {
      out += name.front();
      name.remove_prefix(1);
      continue;
    }
    if (!name.starts_with("=2C") && !name.starts_with("=3D")) return std::nullopt;
    out += name[1] == '2' ? ',' : '=';
    name.remove_prefix(3);
  }
  return out;
}

class ScramClient final : public SaslMechanism {
 public:
  explicit ScramClient(ScramClientOptions options) : options_(std::move(options)) {
    if (options_.nonce.empty()) options_.nonce = random_nonce();
  }

  std::string_view name() const override { return scram_name(options_.hash); }
  bool done() const override { return state_ == State::kDone; }

  Result<std::string> next(Bytes from_peer) override {
    const std::string_view message = as_string_view(from_peer);
    switch (std::exchange(state_, State::kFailed)) {
      case State::kStart:
        return first();
      case State::kFirstSent:
        return final(message);
      case State::kFinalSent:
        return finish(message);
      case State::kDone:
      case State::kFailed:
        break;
    }
    return malformed(options_.hash, "a message after the end");
  }

 private:
  enum class State { kStart, kFirstSent, kFinalSent, kDone, kFailed };

  Result<std::string> first() {
    if (options_.username.empty() || options_.username.contains('\0')) {
      return fail(SaslErrc::kCredentials,
                  "SASL " + std::string(name()) + ": user name empty, or a zero byte inside");
    }
    first_bare_ = "n=" + escaped_name(options_.username) + ",r=" + options_.nonce;
    if (options_.token_auth) first_bare_ += ",tokenauth=true";
    state_ = State::kFirstSent;
    return std::string(kHeader) + first_bare_;
  }

  Result<std::string> final(std::string_view message) {
    std::string_view rest = message;
    if (const auto error = take_attribute(rest, 'e')) return rejected(*error);
    const auto nonce = take_attribute(rest, 'r');
    const auto salt = take_attribute(rest, 's').and_then(base64_decode);
    const auto iterations = take_attribute(rest, 'i').and_then(number_of);
    if (!nonce || !salt || !iterations || salt->empty()) {
      return malformed(options_.hash, "the first message of the server can't be read");
    }
    if (!is_nonce(*nonce) || !nonce->starts_with(options_.nonce) ||
        nonce->size() == options_.nonce.size()) {
      return malformed(options_.hash, "the server's nonce does not extend ours");
    }
    if (*iterations < kScramIterationsMin || *iterations > kScramIterationsMax) {
      return malformed(options_.hash, "the server asks for " + std::to_string(*iterations) +
                                          " iterations, accepted are " +
                                          std::to_string(kScramIterationsMin) + " to " +
                                          std::to_string(kScramIterationsMax));
    }
    const ScramHash hash = options_.hash;
    const std::string salted = scram_salted_password(hash, options_.password, *salt, *iterations);
    const std::string client_key = scram_hmac(hash, salted, "Client Key");
    const std::string without_proof =
        "c=" + std::string(kHeaderBase64) + ",r=" + std::string(*nonce);
    const std::string auth_message = first_bare_ + "," + std::string(message) + "," + without_proof;
    const std::string signature = scram_hmac(hash, scram_digest(hash, client_key), auth_message);
    server_signature_ = scram_hmac(hash, scram_hmac(hash, salted, "Server Key"), auth_message);
    state_ = State::kFinalSent;
    return without_proof + ",p=" + base64_encode(xor_of(client_key, signature));
  }

  Result<std::string> finish(std::string_view message) {
    std::string_view rest = message;
    if (const auto error = take_attribute(rest, 'e')) return rejected(*error);
    const auto signature = take_attribute(rest, 'v').and_then(base64_decode);
    if (!signature) {
      return malformed(options_.hash, "the final message of the server can't be read");
    }
    if (!equal_in_constant_time(*signature, server_signature_)) {
      return fail(SaslErrc::kServerForged,
                  "SASL " + std::string(name()) + ": the server's signature is wrong");
    }
    state_ = State::kDone;
    return std::string();
  }

  std::unexpected<Error> rejected(std::string_view reason) const {
    return fail(SaslErrc::kRejected, "SASL " + std::string(name()) + ": the server says \"" +
                                         std::string(reason) + "\" for user " + options_.username);
  }

  ScramClientOptions options_;
  State state_ = State::kStart;
  std::string first_bare_;
  std::string server_signature_;
};

}  // namespace

std::string_view scram_name(ScramHash hash) {
  return hash == ScramHash::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
}

std::unique_ptr<SaslMechanism> make_scram_client(ScramClientOptions options) {
  return std::make_unique<ScramClient>(std::move(options));
}

ScramCredential make_scram_credential(ScramHash hash, std::string_view password,
                                      std::string_view salt, int iterations) {
  const std::string salted = scram_salted_password(hash, password, salt, iterations);
  return {std::string(salt), scram_digest(hash, scram_hmac(hash, salted, "Client Key")),
          scram_hmac(hash, salted, "Server Key"), iterations};
}

ScramServer::ScramServer(ScramHash hash, ScramLookup lookup, std::string nonce)
    : hash_(hash),
      lookup_(std::move(lookup)),
      nonce_(nonce.empty() ? random_nonce() : std::move(nonce)) {}

Result<std::string> ScramServer::next(Bytes from_client) {
  const std::string_view message = as_string_view(from_client);
  if (done_) return malformed(hash_, "a message after the end");
  return credential_ ? answer_final(message) : answer_first(message);
}

Result<std::string> ScramServer::answer_first(std::string_view message) {
  if (!message.starts_with(kHeader)) return malformed(hash_, "the header is not \"n,,\"");
  std::string_view rest = message.substr(kHeader.size());
  client_first_bare_ = rest;
  const auto name = take_attribute(rest, 'n').and_then(unescaped_name);
  const auto client_nonce = take_attribute(rest, 'r');
  if (!name || name->empty() || !client_nonce || !is_nonce(*client_nonce)) {
    return malformed(hash_, "the first message of the client can't be read");
  }
  username_ = *name;
  credential_ = lookup_(username_);
  if (!credential_) {
    return fail(SaslErrc::kRejected, "SASL " + std::string(scram_name(hash_)) +
                                         ": no credentials for user " + username_);
  }
  nonce_ = std::string(*client_nonce) + nonce_;
  server_first_ = "r=" + nonce_ + ",s=" + base64_encode(credential_->salt) +
                  ",i=" + std::to_string(credential_->iterations);
  return server_first_;
}

Result<std::string> ScramServer::answer_final(std::string_view message) {
  std::string_view rest = message;
  const auto channel = take_attribute(rest, 'c');
  const auto nonce = take_attribute(rest, 'r');
  const std::size_t proof_at = message.rfind(",p=");
  if (channel != kHeaderBase64 || !nonce || proof_at == std::string_view::npos) {
    return malformed(hash_, "the final message of the client can't be read");
  }
  const auto proof = base64_decode(message.substr(proof_at + 3));
  if (*nonce != nonce_) return malformed(hash_, "the client's nonce is not the one it was given");
  const std::string auth_message =
      client_first_bare_ + "," + server_first_ + "," + std::string(message.substr(0, proof_at));
  const std::string signature = scram_hmac(hash_, credential_->stored_key, auth_message);
  const bool proven = proof && proof->size() == signature.size() &&
                      equal_in_constant_time(scram_digest(hash_, xor_of(*proof, signature)),
                                             credential_->stored_key);
  if (!proven) {
    return fail(SaslErrc::kRejected, "SASL " + std::string(scram_name(hash_)) +
                                         ": wrong password for user " + username_);
  }
  done_ = true;
  return "v=" + base64_encode(scram_hmac(hash_, credential_->server_key, auth_message));
}

}  // namespace ottla::kafka::session
