#include <algorithm>

#include "kafka/session/sasl/sasl.h"

namespace ottla::kafka::session {
namespace {

constexpr char kSeparator = '\x01';
constexpr std::string_view kAuthKey = "auth";
constexpr std::size_t kErrorBytesShown = 500;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 7628 section 3.1: vchar, space, tab, CR, LF; Kafka asks for at least one.
bool is_value_char(char c) {
  return (c >= 0x20 && c <= 0x7E) || c == '\t' || c == '\r' || c == '\n';
}

bool is_extension(std::string_view key, std::string_view value) {
  return !key.empty() && key != kAuthKey && std::ranges::all_of(key, is_letter) && !value.empty() &&
         std::ranges::all_of(value, is_value_char);
}

// b64token of RFC 6750 section 2.1.
bool is_token(std::string_view token) {
  return !token.empty() && std::ranges::all_of(token, [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("-._~+/=").contains(c);
  });
}

std::string printable_start(std::string_view text) {
  std::string shown(text.substr(0, kErrorBytesShown));
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return shown;
}

class OAuthBearerClient final : public SaslMechanism {
 public:
  OAuthBearerClient(std::string token, SaslExtensions extensions)
      : token_(std::move(token)), extensions_(std::move(extensions)) {}

  std::string_view name() const override { return "OAUTHBEARER"; }
  bool done() const override { return state_ == State::kDone; }

  Result<std::string> next(Bytes from_peer) override {
    switch (state_) {
      case State::kStart:
        return first();
      case State::kSent:
        if (from_peer.empty()) {
          state_ = State::kDone;
          return std::string();
        }
        // The server sends why it refuses, and says so in its protocol only after this byte.
        refusal_ = printable_start(as_string_view(from_peer));
        state_ = State::kRefused;
        return std::string(1, kSeparator);
      case State::kRefused:
        return fail(SaslErrc::kRejected,
                    "SASL OAUTHBEARER: the server refused the token: " + refusal_);
      case State::kDone:
        break;
    }
    return fail(SaslErrc::kMalformed, "SASL OAUTHBEARER: a message after the end");
  }

 private:
  enum class State { kStart, kSent, kRefused, kDone };

  Result<std::string> first() {
    if (!is_token(token_)) {
      return fail(SaslErrc::kCredentials,
                  "SASL OAUTHBEARER: the token is empty or no bearer token");
    }
    std::string message = std::string("n,,") + kSeparator + "auth=Bearer " + token_ + kSeparator;
    for (const auto& [key, value] : extensions_) {
      if (!is_extension(key, value)) {
        return fail(SaslErrc::kCredentials,
                    "SASL OAUTHBEARER: extension \"" + key + "\" has an invalid name or value");
      }
      message += key + '=' + value + kSeparator;
    }
    state_ = State::kSent;
    return message + kSeparator;
  }

  std::string token_;
  SaslExtensions extensions_;
  std::string refusal_;
  State state_ = State::kStart;
};

}  // namespace

std::unique_ptr<SaslMechanism> make_oauthbearer_client(std::string token,
                                                       SaslExtensions extensions) {
  return std::make_unique<OAuthBearerClient>(std::move(token), std::move(extensions));
}

Result<OAuthBearerCredentials> parse_oauthbearer(Bytes message) {
  const auto malformed = [](const char* what) {
    return fail(SaslErrc::kMalformed, std::string("SASL OAUTHBEARER: ") + what);
  };
  std::string_view rest = as_string_view(message);
  OAuthBearerCredentials credentials;
  const std::size_t header_end = rest.find(kSeparator);
  if (header_end == std::string_view::npos) return malformed("no end of the header");
  const std::string_view header = rest.substr(0, header_end);
  if (header.starts_with("n,a=") && header.ends_with(',')) {
    credentials.authorization_id = header.substr(4, header.size() - 5);
  } else if (header != "n,,") {
    return malformed("header is not \"n,,\"");
  }
  rest.remove_prefix(header_end + 1);
  while (!rest.empty() && rest.front() != kSeparator) {
    const std::size_t end = rest.find(kSeparator);
    if (end == std::string_view::npos) return malformed("a field without an end");
    const std::string_view field = rest.substr(0, end);
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) return malformed("a field without a value");
    const std::string_view key = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (key == kAuthKey) {
      constexpr std::string_view kScheme = "bearer ";
      const bool is_bearer =
          value.size() > kScheme.size() &&
          std::ranges::equal(value.substr(0, kScheme.size()), kScheme,
                             [](char a, char b) { return (is_letter(a) ? (a | 0x20) : a) == b; });
      if (!is_bearer) return malformed("auth is not \"Bearer\"");
      const std::string_view token = value.substr(value.find_last_of(' ') + 1);
      if (!is_token(token)) return malformed("the token has characters that no token has");
      credentials.token = token;
    } else if (is_extension(key, value)) {
      credentials.extensions.emplace(key, value);
    } else {
      return malformed("an extension with an invalid name or value");
    }
    rest.remove_prefix(end + 1);
  }
  if (rest.size() != 1) return malformed("no single separator at the end");
  if (credentials.token.empty()) return malformed("no auth field");
  return credentials;
}

}  // namespace ottla::kafka::session
