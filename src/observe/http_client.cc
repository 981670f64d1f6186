#include "observe/http_client.h"

#include <fmt/format.h>

#include <charconv>

#include "net/task_group.h"
#include "observe/http_parser.h"

namespace ottla::observe {
namespace {

constexpr std::size_t kBodyBytesMax = 256 * 1024 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::uint16_t kDefaultPort = 8083;

struct Exchange {
  Exchange(net::IoContext& context, net::Deadline d) : deadline(d), done(context) {}
  net::Deadline deadline;
  net::Stream* stream = nullptr;
  bool late = false;
  net::Event done;
};

// Closes the stream when the deadline passes; streams know no deadlines of their own.
net::Task<void> watch(Exchange& exchange) {
  const Status waited = co_await exchange.done.wait(exchange.deadline);
  if (waited || waited.error().code != make_error_code(BaseErrc::kTimedOut)) co_return;
  exchange.late = true;
  if (exchange.stream != nullptr) exchange.stream->close();
}

net::Task<Status> write_all(net::Stream& stream, std::string bytes) {
  Bytes rest = as_bytes(bytes);
  while (!rest.empty()) {
    const Result<std::size_t> n = co_await stream.write_some({&rest, 1});
    if (!n) co_return std::unexpected(n.error());
    rest = rest.subspan(*n);
  }
  co_return Status{};
}

net::Task<Result<HttpResponse>> read_response(net::Stream& stream) {
  ResponseParser parser(kBodyBytesMax);
  std::string arrived;
  while (!parser.done() && parser.error().empty()) {
    const std::size_t had = arrived.size();
    arrived.resize(had + kReadBytes);
    const MutableBytes space(reinterpret_cast<std::byte*>(arrived.data()) + had, kReadBytes);
    const Result<std::size_t> got = co_await stream.read_some(space);
    arrived.resize(had + got.value_or(0));
    if (!got) {
      parser.finish();
      break;
    }
    arrived.erase(0, parser.feed(arrived));
  }
  if (!parser.error().empty()) {
    co_return fail(BaseErrc::kCorrupt, "answer of " + stream.peer() + ": " + parser.error());
  }
  co_return parser.take();
}

net::Task<Result<HttpResponse>> exchange_over(net::Stream& stream, std::string method, Url url) {
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      method, url.target, url.endpoint.to_string());
  OTTLA_CO_TRY(co_await write_all(stream, request));
  co_return co_await read_response(stream);
}

net::Task<void> run_into(std::string method, Url url, net::Deadline deadline,
                         std::optional<Result<HttpResponse>>& out) {
  out = co_await http_request(std::move(method), std::move(url), deadline);
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const std::string shown(text);
  const auto bad = [&](std::string_view why) {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("URL '{}' {}; expected http://host:port", shown, why));
  };
  if (text.starts_with("https://")) return bad("uses https, which is not supported here");
  if (text.starts_with("http://")) text.remove_prefix(7);
  const std::size_t slash = text.find('/');
  Url url{.endpoint = {.host = {}, .port = kDefaultPort},
          .target = slash == std::string_view::npos ? "/" : std::string(text.substr(slash))};
  std::string_view authority = text.substr(0, slash);
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad("lacks a ']'");
    url.endpoint.host = std::string(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.endpoint.host = std::string(authority.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (url.endpoint.host.empty()) return bad("has no host");
  for (const char c : shown) {
    if (static_cast<unsigned char>(c) <= ' ') return bad("has a blank or control character");
  }
  if (port.empty()) return url;
  const auto [end, ec] =
      std::from_chars(port.data() + 1, port.data() + port.size(), url.endpoint.port);
  if (!port.starts_with(':') || ec != std::errc() || end != port.data() + port.size()) {
    return bad("has a port that is not a number up to 65535");
  }
  return url;
}

net::Task<Result<HttpResponse>> http_request(std::string method, Url url, net::Deadline deadline) {
  const std::string where = method + " http://" + url.endpoint.to_string() + url.target;
  auto stream = co_await net::connect_tcp(url.endpoint, deadline);
  if (!stream) co_return std::unexpected(std::move(stream).error().within(where));
  // The watchdog refers to this frame, so its group ends first, whatever the exchange came to.
  auto& context =
      static_cast<net::IoContext&>((co_await boost::asio::this_coro::executor).context());
  Exchange exchange(context, deadline);
  exchange.stream = stream->get();
  net::TaskGroup group(context);
  group.spawn("http deadline", watch(exchange));
  auto response = co_await exchange_over(**stream, std::move(method), std::move(url));
  exchange.done.notify_all();
  group.cancel();
  co_await group.join();
  if (exchange.late) co_return fail(BaseErrc::kTimedOut, where);
  if (!response) co_return std::unexpected(std::move(response).error().within(where));
  co_return response;
}

Result<HttpResponse> http_request_blocking(std::string method, Url url, net::Duration timeout) {
  net::IoContext context(1);
  std::optional<Result<HttpResponse>> out;
  {
    net::TaskGroup group(context);
    group.spawn("http request",
                run_into(std::move(method), std::move(url), net::Clock::now() + timeout, out));
    context.run();
  }
  if (!out) return fail(BaseErrc::kUnavailable, "no answer");
  return *std::move(out);
}

}  // namespace ottla::observe
