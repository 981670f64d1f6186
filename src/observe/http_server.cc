#include "observe/http_server.h"

#include <algorithm>

#include "base/log.h"

namespace ottla::observe {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// How much of a refused request is read and thrown away: closing a socket with unread bytes makes
// the kernel reset the connection, and the client would never see why it was refused.
constexpr std::size_t kDrainBytesMax = 1024 * 1024;
constexpr net::Duration kDrainTime{500};

}  // namespace

struct HttpServer::Connection {
  std::unique_ptr<net::Stream> stream;
  std::string arrived;  // not consumed yet
  net::Deadline deadline;
  bool in_request = false;  // some bytes of a request are there, not all
};

HttpServer::HttpServer(net::IoContext& context, HttpServerOptions options, HttpHandler handler,
                       std::unique_ptr<net::Listener> listener)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      listener_(std::move(listener)),
      group_(context) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(net::IoContext& context,
                                                      HttpServerOptions options,
                                                      HttpHandler handler) {
  auto listener = net::listen_tcp(context, options.endpoint);
  if (!listener) {
    return std::unexpected(std::move(listener).error().within(
        "REST listener " + options.endpoint.to_string() + " (setting: ottla.rest.listen)"));
  }
  std::unique_ptr<HttpServer> server(
      new HttpServer(context, std::move(options), std::move(handler), *std::move(listener)));
  server->group_.spawn("http accept", server->accept_loop());
  server->group_.spawn("http sweep", server->sweep_loop());
  return server;
}

net::Task<void> HttpServer::stop() {
  listener_->close();
  group_.cancel();
  for (const auto& connection : connections_) connection->stream->close();
  co_await group_.join();
}

net::Task<void> HttpServer::accept_loop() {
  while (!group_.cancelled()) {
    auto accepted = co_await listener_->accept();
    if (!accepted) {
      if (is_cancelled(accepted.error())) co_return;
      // Out of descriptors, mostly: existing connections go on, new ones wait.
      OTTLA_WARN("REST: {}", accepted.error().to_string());
      if (!co_await net::sleep_for(net::Duration(100))) co_return;
      continue;
    }
    if (connections_.size() >= options_.connections_max) {
      const std::string busy =
          response_bytes(error_response(503, "Too many connections."), false, false);
      (*accepted)->write_now(as_bytes(busy));
      (*accepted)->close();
      continue;
    }
    auto connection = std::make_unique<Connection>();
    connection->stream = *std::move(accepted);
    connection->deadline = net::Clock::now() + options_.request_timeout;
    connections_.push_back(std::move(connection));
    group_.spawn("http connection", serve(std::prev(connections_.end())));
  }
}

net::Task<void> HttpServer::sweep_loop() {
  const net::Duration shortest =
      std::min({options_.request_timeout, options_.idle_timeout, options_.response_timeout});
  const net::Duration period = std::clamp(shortest / 4, net::Duration(10), net::Duration(500));
  while (co_await net::sleep_for(period)) {
    const net::Deadline now = net::Clock::now();
    for (const auto& connection : connections_) {
      if (connection->deadline <= now) expire(*connection);
    }
  }
}

void HttpServer::expire(Connection& connection) {
  if (connection.in_request) {
    const std::string late =
        response_bytes(error_response(408, "The request did not arrive in time."), false, false);
    connection.stream->write_now(as_bytes(late));
  }
  connection.stream->close();
}

net::Task<void> HttpServer::serve(Connections::iterator at) {
  Connection& connection = **at;
  while (co_await answer_next(connection)) {
  }
  connection.stream->close();
  connections_.erase(at);
}

// False when the connection is to be closed.
net::Task<bool> HttpServer::answer_next(Connection& connection) {
  RequestParser parser(options_.limits);
  if (!co_await read_request(connection, parser)) co_return false;
  connection.in_request = false;
  connection.deadline = net::Clock::now() + options_.response_timeout;
  if (parser.state() == RequestParser::State::kFailed) {
    std::string refusal = response_bytes(parser.failure(), false, false);
    if (co_await write_all(connection, std::move(refusal))) co_await drain(connection);
    co_return false;
  }
  const bool keep_alive = parser.keep_alive();
  const bool head_only = parser.is_head();
  HttpResponse response = co_await handler_(parser.take());
  const Status written =
      co_await write_all(connection, response_bytes(response, keep_alive, head_only));
  co_return written&& keep_alive;
}

// True when the parser is done or has failed; false when the peer went away.
net::Task<bool> HttpServer::read_request(Connection& connection, RequestParser& parser) {
  std::string& arrived = connection.arrived;
  bool continued = false;
  connection.in_request = !arrived.empty();
  connection.deadline = net::Clock::now() +
                        (connection.in_request ? options_.request_timeout : options_.idle_timeout);
  while (true) {
    arrived.erase(0, parser.feed(arrived));
    if (parser.state() != RequestParser::State::kNeedMore) co_return true;
    if (parser.expects_continue() && !continued) {
      continued = true;
      if (!co_await write_all(connection, "HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
    }
    const std::size_t had = arrived.size();
    arrived.resize(had + kReadBytes);
    const MutableBytes space(reinterpret_cast<std::byte*>(arrived.data()) + had, kReadBytes);
    const Result<std::size_t> got = co_await connection.stream->read_some(space);
    arrived.resize(had + got.value_or(0));
    if (!got) co_return false;
    if (!connection.in_request) {
      connection.in_request = true;
      connection.deadline = net::Clock::now() + options_.request_timeout;
    }
  }
}

net::Task<Status> HttpServer::write_all(Connection& connection, std::string bytes) {
  Bytes rest = as_bytes(bytes);
  while (!rest.empty()) {
    const Result<std::size_t> n = co_await connection.stream->write_some({&rest, 1});
    if (!n) co_return std::unexpected(n.error());
    rest = rest.subspan(*n);
  }
  co_return Status{};
}

net::Task<void> HttpServer::drain(Connection& connection) {
  connection.deadline = net::Clock::now() + kDrainTime;
  std::string scrap(kReadBytes, '\0');
  const MutableBytes space(reinterpret_cast<std::byte*>(scrap.data()), scrap.size());
  for (std::size_t total = 0; total < kDrainBytesMax;) {
    const Result<std::size_t> got = co_await connection.stream->read_some(space);
    if (!got) co_return;
    total += *got;
  }
}

}  // namespace ottla::observe
