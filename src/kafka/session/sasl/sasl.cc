#include "kafka/session/sasl/sasl.h"

#include <algorithm>

namespace ottla::kafka::session {
namespace {

class SaslCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "sasl"; }
  std::string message(int value) const override {
    switch (static_cast<SaslErrc>(value)) {
      case SaslErrc::kCredentials:
        return "unusable credentials";
      case SaslErrc::kMalformed:
        return "malformed SASL message";
      case SaslErrc::kRejected:
        return "authentication failed";
      case SaslErrc::kServerForged:
        return "server not authentic";
    }
    return "unknown SASL error";
  }
};

class PlainClient final : public SaslMechanism {
 public:
  PlainClient(std::string username, std::string password)
      : username_(std::move(username)), password_(std::move(password)) {}

  std::string_view name() const override { return "PLAIN"; }
  bool done() const override { return done_; }

  Result<std::string> next(Bytes from_peer) override {
    if (sent_) {
      done_ = true;
      return std::string();
    }
    if (!from_peer.empty()) return fail(SaslErrc::kMalformed, "SASL PLAIN: server spoke first");
    if (username_.empty() || username_.contains('\0') || password_.contains('\0')) {
      return fail(SaslErrc::kCredentials, "SASL PLAIN: user name empty, or a zero byte inside");
    }
    sent_ = true;
    return std::string(1, '\0') + username_ + '\0' + password_;
  }

 private:
  std::string username_;
  std::string password_;
  bool sent_ = false;
  bool done_ = false;
};

}  // namespace

const std::error_category& sasl_category() noexcept {
  static const SaslCategory category;
  return category;
}

std::unique_ptr<SaslMechanism> make_plain_client(std::string username, std::string password) {
  return std::make_unique<PlainClient>(std::move(username), std::move(password));
}

Result<PlainCredentials> parse_plain(Bytes message) {
  const std::string_view text = as_string_view(message);
  const std::size_t first = text.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\0', first + 1);
  if (second == std::string_view::npos || text.find('\0', second + 1) != std::string_view::npos) {
    return fail(SaslErrc::kMalformed, "SASL PLAIN: three fields between zero bytes expected");
  }
  PlainCredentials credentials{std::string(text.substr(0, first)),
                               std::string(text.substr(first + 1, second - first - 1)),
                               std::string(text.substr(second + 1))};
  if (credentials.username.empty()) {
    return fail(SaslErrc::kMalformed, "SASL PLAIN: user name empty");
  }
  return credentials;
}

}  // namespace ottla::kafka::session
