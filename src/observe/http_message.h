#pragma once
// HTTP requests and responses as values. Parsing and writing live in http_parser.h.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ottla::observe {

struct HttpRequest {
  std::string method{};                 // "GET"; "HEAD" arrives as "GET", the server drops the body
  std::string path{};                   // before the '?', still percent-encoded
  std::vector<std::string> segments{};  // of the path, decoded; "/" has none
  std::vector<std::pair<std::string, std::string>> query{};  // decoded, in order
  std::string body{};
  std::vector<std::pair<std::string, std::string>> parameters{};  // {name} parts, by the router

  // First value, or nothing. Parameters are those of the matched route and always there.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] std::string parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Kafka Connect's error body: {"error_code":404,"message":"…"}.
HttpResponse error_response(int status, std::string_view message);

// Splits and decodes a request target ("/a%20b?x=1"). Nothing when an escape is malformed or the
// target does not start with '/'.
bool parse_target(std::string_view target, HttpRequest& into);

// Percent-encodes everything but unreserved characters.
std::string percent_encode(std::string_view text);

std::string_view reason_phrase(int status);

}  // namespace ottla::observe
