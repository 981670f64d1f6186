#include "observe/http_parser.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>
#include <limits>

namespace ottla::observe {

namespace http = boost::beast::http;

namespace {

std::string_view view(boost::beast::string_view s) {
  return {s.data(), s.size()};
}

std::uint32_t saturated(std::size_t n) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(n, std::numeric_limits<std::uint32_t>::max()));
}

// A page of another site must not be able to make a browser pause a flow: browsers name the page's
// origin on every request that changes something.
bool is_foreign(std::string_view origin, std::string_view host) {
  const std::size_t scheme_end = origin.find("://");
  return scheme_end == std::string_view::npos || origin.substr(scheme_end + 3) != host;
}

// Feeds until the parser asks for more or is done: Beast stops after each part of a message.
template <class Parser>
std::size_t put_all(Parser& parser, std::string_view arrived, boost::system::error_code& ec) {
  std::size_t consumed = 0;
  while (!parser.is_done() && consumed < arrived.size()) {
    const std::string_view rest = arrived.substr(consumed);
    const std::size_t n = parser.put(boost::asio::buffer(rest.data(), rest.size()), ec);
    consumed += n;
    if (ec || n == 0) break;
  }
  if (ec == http::error::need_more) ec = {};
  return consumed;
}

}  // namespace

struct RequestParser::Beast {
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(const HttpParserLimits& limits) : beast_(std::make_unique<Beast>()) {
  beast_->parser.header_limit(saturated(limits.header_bytes_max));
  beast_->parser.body_limit(limits.body_bytes_max);
  beast_->parser.eager(true);
}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view arrived) {
  if (state_ != State::kNeedMore) return 0;
  boost::system::error_code ec;
  const std::size_t consumed = put_all(beast_->parser, arrived, ec);
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    fail_with(431, "The request's header is too large.");
  } else if (ec == http::error::body_limit) {
    fail_with(413, "The request's body is too large.");
  } else if (ec == http::error::bad_version) {
    fail_with(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  } else if (ec) {
    fail_with(400, "Not an HTTP request: " + ec.message());
  } else if (beast_->parser.is_done()) {
    finish();
  }
  return consumed;
}

void RequestParser::fail_with(int status, std::string_view message) {
  state_ = State::kFailed;
  failure_ = error_response(status, message);
}

void RequestParser::finish() {
  auto& message = beast_->parser.get();
  state_ = State::kDone;
  if (message.version() >= 11 && message.count(http::field::host) != 1) {
    return fail_with(400, "HTTP/1.1 requests need exactly one Host header.");
  }
  request_.method = std::string(view(message.method_string()));
  head_ = request_.method == "HEAD";
  if (head_) request_.method = "GET";
  const std::string_view host = view(message[http::field::host]);
  const auto origin = message.find(http::field::origin);
  if (request_.method != "GET" && origin != message.end() &&
      is_foreign(view(origin->value()), host)) {
    return fail_with(403, "Requests from pages of other sites may not change anything.");
  }
  if (!parse_target(view(message.target()), request_)) {
    return fail_with(400, "The request's target is malformed.");
  }
  request_.body = std::move(message.body());
}

RequestParser::State RequestParser::state() const {
  return state_;
}

bool RequestParser::expects_continue() const {
  if (!beast_->parser.is_header_done() || beast_->parser.is_done()) return false;
  return boost::beast::iequals(beast_->parser.get()[http::field::expect], "100-continue");
}

bool RequestParser::keep_alive() const {
  return beast_->parser.get().keep_alive();
}
bool RequestParser::is_head() const {
  return head_;
}
HttpRequest RequestParser::take() {
  return std::move(request_);
}
const HttpResponse& RequestParser::failure() const {
  return failure_;
}

struct ResponseParser::Beast {
  http::response_parser<http::string_body> parser;
};

ResponseParser::ResponseParser(std::size_t body_bytes_max) : beast_(std::make_unique<Beast>()) {
  beast_->parser.body_limit(body_bytes_max);
  beast_->parser.eager(true);
}

ResponseParser::~ResponseParser() = default;

std::size_t ResponseParser::feed(std::string_view arrived) {
  boost::system::error_code ec;
  const std::size_t consumed = put_all(beast_->parser, arrived, ec);
  if (ec) error_ = ec.message();
  return consumed;
}

void ResponseParser::finish() {
  if (!beast_->parser.got_some()) {
    error_ = "closed without an answer";
    return;
  }
  boost::system::error_code ec;
  beast_->parser.put_eof(ec);
  if (ec) error_ = ec.message();
}

bool ResponseParser::done() const {
  return beast_->parser.is_done();
}

HttpResponse ResponseParser::take() {
  auto& message = beast_->parser.get();
  return {.status = static_cast<int>(message.result_int()),
          .content_type = std::string(view(message[http::field::content_type])),
          .body = std::move(message.body())};
}

std::string response_bytes(const HttpResponse& response, bool keep_alive, bool head_only) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  auto to = std::back_inserter(out);
  if (response.status != 204) {
    fmt::format_to(to, "Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                   response.body.size());
  }
  for (const auto& [name, value] : response.headers) fmt::format_to(to, "{}: {}\r\n", name, value);
  fmt::format_to(to, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  fmt::format_to(to, "Connection: {}\r\n\r\n", keep_alive ? "keep-alive" : "close");
  if (!head_only && response.status != 204) out += response.body;
  return out;
}

}  // namespace ottla::observe
