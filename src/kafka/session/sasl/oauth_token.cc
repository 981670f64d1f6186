#include "kafka/session/sasl/oauth_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <fstream>

#include "kafka/session/sasl/base64.h"

namespace ottla::kafka::session {

namespace json = boost::json;

namespace {

constexpr std::size_t kTokenBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBodyBytesShown = 500;
constexpr double kSecondsMax = 1e11;  // the year 5138; more would overflow WallTime
constexpr double kLifetimeSecondsDefault = 3600;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Seconds since 1970, whole or not.
std::optional<WallTime> time_of(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->is_double()  ? value->get_double()
                         : value->is_int64() ? static_cast<double>(value->get_int64())
                                             : static_cast<double>(value->get_uint64());
  if (!(std::abs(seconds) < kSecondsMax)) return std::nullopt;
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
}

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string string_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

// "|a|b" is [a, b].
json::array list_of(std::string_view text) {
  json::array list;
  if (text.size() < 2) return list;
  const char separator = text.front();
  text.remove_prefix(1);
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    list.emplace_back(json::string_view(text.data(), end));
    if (end == text.size()) return list;
    text.remove_prefix(end + 1);
  }
}

// One option of the login module becomes a claim, or nothing.
Status add_claim(json::object& claims, std::string_view option, const std::string& text) {
  const auto claim_name = [option](std::string_view prefix) -> std::string_view {
    return option.starts_with(prefix) ? option.substr(prefix.size()) : std::string_view();
  };
  const std::string_view as_string = claim_name("unsecuredLoginStringClaim_");
  const std::string_view as_number = claim_name("unsecuredLoginNumberClaim_");
  const std::string_view as_list = claim_name("unsecuredLoginListClaim_");
  const std::string_view name = !as_string.empty()   ? as_string
                                : !as_number.empty() ? as_number
                                                     : as_list;
  if (name.empty()) return {};
  const std::string where = "sasl.jaas.config: " + std::string(option);
  if (name == "iat" || name == "exp") {
    return fail(SaslErrc::kCredentials, where + ": this claim is computed and can't be set");
  }
  if (!as_string.empty()) {
    claims[name] = text;
  } else if (!as_list.empty()) {
    claims[name] = list_of(text);
  } else {
    const auto number = number_of(text);
    if (!number) return fail(SaslErrc::kCredentials, where + ": not a number");
    claims[name] = *number;
  }
  return {};
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._*").contains(c);
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// Statuses that will be the same next time, as in Kafka's retriever.
bool is_final(unsigned status) {
  constexpr unsigned kFinal[] = {400, 401, 402, 403, 404, 405, 406, 407, 409,
                                 410, 411, 412, 413, 414, 415, 501, 505};
  return std::ranges::find(kFinal, status) != std::end(kFinal);
}

// What the provider says, without anything that may be a token.
std::string provider_message(std::string_view body) {
  if (const auto object = object_of(body)) {
    const std::string error = string_of(*object, "error");
    if (!error.empty()) return error + ": " + string_of(*object, "error_description");
    const std::string code = string_of(*object, "errorCode");
    if (!code.empty()) return code + ": " + string_of(*object, "errorSummary");
  }
  std::string shown(trimmed(body).substr(0, kBodyBytesShown));
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c > 0x7E; }, ' ');
  return shown.empty() ? "(empty body)" : shown;
}

}  // namespace

Result<TokenClaims> parse_token_claims(std::string_view token) {
  const auto invalid = [](const char* what) {
    return fail(SaslErrc::kCredentials, std::string("the access token is not a JWT: ") + what);
  };
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return invalid("three parts between dots expected");
  }
  const auto text = base64url_decode(token.substr(first + 1, second - first - 1));
  if (!text) return invalid("the claims are not base64url");
  const auto claims = object_of(*text);
  if (!claims) return invalid("the claims are not a JSON object");
  const auto expires = time_of(*claims, "exp");
  if (!expires) return invalid("no expiry time (exp)");
  return TokenClaims{string_of(*claims, "sub"), *expires, time_of(*claims, "iat")};
}

WallTime token_refresh_time(const TokenRefresh& refresh, WallTime now, WallTime expires,
                            double random) {
  using Seconds = std::chrono::duration<double>;
  const Seconds lifetime = std::max<Seconds>(expires - now, Seconds(0));
  const Seconds at = lifetime * (refresh.window_factor + refresh.window_jitter * random);
  // A lifetime too short for both limits leaves them out, as Kafka does.
  const Seconds earliest = refresh.min_period;
  const Seconds latest = lifetime - Seconds(refresh.buffer);
  const Seconds chosen = latest < earliest ? at : std::clamp(at, earliest, latest);
  return now + std::chrono::duration_cast<WallTime::duration>(chosen);
}

Result<std::string> make_unsecured_token(const JaasOptions& options, WallTime now) {
  double lifetime = kLifetimeSecondsDefault;
  if (const auto found = options.find("unsecuredLoginLifetimeSeconds"); found != options.end()) {
    const auto number = number_of(found->second);
    if (!number || std::abs(*number) > kSecondsMax) {
      return fail(SaslErrc::kCredentials,
                  "sasl.jaas.config: unsecuredLoginLifetimeSeconds: not a number of seconds");
    }
    lifetime = *number;
  }
  json::object claims;
  claims["exp"] = seconds_of(now) + lifetime;
  claims["iat"] = seconds_of(now);
  for (const auto& [option, text] : options) {
    OTTLA_TRY(add_claim(claims, option, text));
  }
  const auto named = options.find("unsecuredLoginPrincipalClaimName");
  const std::string principal =
      named == options.end() ? "sub" : std::string(trimmed(named->second));
  if (string_of(claims, principal).empty()) {
    return fail(SaslErrc::kCredentials, "sasl.jaas.config: set unsecuredLoginStringClaim_" +
                                            principal + " to the name of the user");
  }
  return base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(json::serialize(claims)) +
         ".";
}

SaslExtensions token_extensions(const JaasOptions& options) {
  SaslExtensions extensions;
  for (const auto& [option, text] : options) {
    for (const std::string_view prefix : {"unsecuredLoginExtension_", "extension_"}) {
      if (option.starts_with(prefix)) extensions.emplace(option.substr(prefix.size()), text);
    }
  }
  return extensions;
}

Result<std::string> read_token_file(const std::string& path) {
  const std::string where = "token file " + path;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail({errno, std::generic_category()}, where + ": can't open it");
  std::string bytes(kTokenBytesMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return fail({errno, std::generic_category()}, where + ": can't read it");
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kTokenBytesMax) return fail(BaseErrc::kLimitExceeded, where + ": over 1 MiB");
  std::string token(trimmed(bytes));
  if (token.empty()) return fail(SaslErrc::kCredentials, where + ": holds no token");
  return token;
}

TokenRequest make_token_request(const ClientCredentials& credentials) {
  const auto part = [&](const std::string& text) {
    return credentials.header_urlencode ? url_encoded(text) : text;
  };
  const std::string user = part(credentials.client_id) + ":" + part(credentials.client_secret);
  TokenRequest request;
  request.headers = {{"Accept", "application/json"},
                     {"Authorization", "Basic " + base64_encode(user)},
                     {"Cache-Control", "no-cache"},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "grant_type=client_credentials";
  const std::string_view scope = trimmed(credentials.scope);
  if (!scope.empty()) request.body += "&scope=" + url_encoded(scope);
  return request;
}

Result<std::string> parse_token_response(unsigned status, std::string_view body) {
  const std::string where = "token endpoint: status " + std::to_string(status);
  if (status != 200 && status != 201) {
    const std::error_code code = is_final(status) ? make_error_code(SaslErrc::kRejected)
                                                  : make_error_code(BaseErrc::kUnavailable);
    return fail(code, where + ", " + provider_message(body));
  }
  const auto object = object_of(body);
  if (!object) return fail(SaslErrc::kMalformed, where + ", but the body is not a JSON object");
  std::string token(trimmed(string_of(*object, "access_token")));
  if (token.empty()) return fail(SaslErrc::kMalformed, where + ", but there is no access_token");
  return token;
}

}  // namespace ottla::kafka::session
