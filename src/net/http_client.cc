#include "net/http_client.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "net/deadline_close.h"

namespace ottla::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace urls = boost::urls;

namespace {

constexpr std::uint32_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;

struct Target {
  bool tls = false;
  Endpoint endpoint;
  std::string authority;  // for the Host header
  std::string path;       // with the query
};

Result<Target> target_of(const std::string& text) {
  const auto invalid = [&text](const char* what) {
    return fail(BaseErrc::kInvalidInput, "URL \"" + text + "\": " + what);
  };
  const auto parsed = urls::parse_uri(text);
  if (!parsed) return invalid("can't be read");
  const urls::url_view& url = *parsed;
  Target target;
  target.tls = url.scheme_id() == urls::scheme::https;
  if (!target.tls && url.scheme_id() != urls::scheme::http) {
    return invalid("has to begin with http:// or https://");
  }
  if (url.has_userinfo()) return invalid("user and password don't belong in it");
  target.endpoint.host = url.host_address();
  if (target.endpoint.host.empty()) return invalid("no host");
  // Not port_number(), which takes 99999 for a port.
  const std::string port(url.port());
  const char* port_end = port.data() + port.size();
  target.endpoint.port = target.tls ? 443 : 80;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port_end, target.endpoint.port);
    if (error != std::errc() || end != port_end) return invalid("port out of range");
  }
  target.authority = std::string(url.encoded_host_and_port());
  target.path = std::string(url.encoded_target());
  if (!target.path.starts_with('/')) target.path.insert(0, "/");
  return target;
}

bool is_header_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSeparators = "()<>@,;:\\\"/[]?={} \t";
  return !text.empty() && std::ranges::all_of(text, [kSeparators](char c) {
    return c > 0x20 && c < 0x7F && !kSeparators.contains(c);
  });
}

Result<std::string> text_of(const HttpRequest& request, const Target& target) {
  if (!is_token(request.method)) return fail(BaseErrc::kInvalidInput, "HTTP method");
  std::string text = request.method + " " + target.path + " HTTP/1.1\r\nHost: " + target.authority +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_header_text(value)) {
      return fail(BaseErrc::kInvalidInput, "HTTP header \"" + name + "\" of the request");
    }
    text += name + ": " + value + "\r\n";
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return text + "\r\n" + request.body;
}

using Parser = http::response_parser<http::string_body>;

Error parse_error(const boost::system::error_code& ec) {
  if (ec == http::error::body_limit || ec == http::error::header_limit) {
    return {make_error_code(BaseErrc::kLimitExceeded), "response: " + ec.message()};
  }
  return {make_error_code(BaseErrc::kCorrupt), "response: " + ec.message()};
}

Task<Status> write_all(Stream& stream, std::string_view text) {
  Bytes rest = as_bytes(text);
  while (!rest.empty()) {
    const auto n = co_await stream.write_some({&rest, 1});
    if (!n) co_return std::unexpected(n.error());
    rest = rest.subspan(*n);
  }
  co_return Status{};
}

// Feeds the parser until the response is whole.
Task<Status> read_response(Stream& stream, Parser& parser) {
  std::string pending;
  std::vector<std::byte> buffer(kReadBytes);
  boost::system::error_code ec;
  while (!parser.is_done()) {
    const auto n = co_await stream.read_some(buffer);
    if (!n) {
      if (n.error().code != make_error_code(BaseErrc::kUnavailable)) {
        co_return std::unexpected(n.error());
      }
      // A body without a length ends where the connection does.
      if (!parser.is_header_done() || !parser.need_eof()) co_return std::unexpected(n.error());
      parser.put_eof(ec);
      if (ec) co_return std::unexpected(parse_error(ec));
      break;
    }
    pending += as_string_view(Bytes(buffer).first(*n));
    std::size_t used = 1;
    while (used > 0 && !pending.empty() && !parser.is_done()) {
      used = parser.put(asio::buffer(pending), ec);
      pending.erase(0, used);
      if (ec && ec != http::error::need_more) co_return std::unexpected(parse_error(ec));
    }
  }
  co_return Status{};
}

HttpResponse response_of(Parser& parser) {
  HttpResponse response;
  response.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(parser.get().body());
  return response;
}

Task<Result<std::unique_ptr<Stream>>> connect(const Target& target, const HttpOptions& options) {
  auto stream = co_await connect_tcp(target.endpoint, options.deadline);
  if (!stream || !target.tls) co_return stream;
  co_return co_await handshake_client(options.tls, std::move(*stream), target.endpoint.host,
                                      options.deadline);
}

Task<Status> exchange(Stream& stream, std::string_view request, Parser& parser, Deadline deadline) {
  const DeadlineClose limit(co_await asio::this_coro::executor, stream, deadline);
  Status status = co_await write_all(stream, request);
  if (status) status = co_await read_response(stream, parser);
  if (!status && limit.expired()) co_return fail(BaseErrc::kTimedOut, "wait for the response");
  co_return status;
}

}  // namespace

Task<Result<HttpResponse>> http_request(HttpRequest request, HttpOptions options) {
  const std::string what = "HTTP " + request.method + " " + request.url;
  const auto target = target_of(request.url);
  if (!target) co_return std::unexpected(target.error());
  if (target->tls && options.tls == nullptr) {
    co_return fail(BaseErrc::kInvalidInput, what + ": no TLS settings for https");
  }
  auto text = text_of(request, *target);
  if (!text) co_return std::unexpected(std::move(text).error().within(what));
  auto stream = co_await connect(*target, options);
  if (!stream) co_return std::unexpected(std::move(stream).error().within(what));
  Parser parser;
  parser.body_limit(options.body_bytes_max);
  parser.header_limit(kHeaderBytesMax);
  parser.skip(request.method == "HEAD");
  Status status = co_await exchange(**stream, *text, parser, options.deadline);
  if (!status) co_return std::unexpected(std::move(status).error().within(what));
  co_return response_of(parser);
}

}  // namespace ottla::net
