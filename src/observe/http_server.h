#pragma once
// A small HTTP/1.1 server for the REST surface and metrics: keep-alive, bounded in every direction.
//
// Lives on one shard. Every connection is a coroutine of the server's own group; a sweeper closes
// those that pass their deadline, so a slow or silent client costs one connection slot for a known
// time and nothing else. Bytes of clients can't fail the server: they are answered 4xx and closed.

#include <functional>
#include <list>
#include <memory>

#include "net/listener.h"
#include "net/task_group.h"
#include "observe/http_message.h"
#include "observe/http_parser.h"

namespace ottla::observe {

struct HttpServerOptions {
  net::Endpoint endpoint{"127.0.0.1", 8083};
  HttpParserLimits limits{};
  std::size_t connections_max = 128;       // further ones are answered 503 and closed
  net::Duration request_timeout{10'000};   // from the first byte of a request to its last
  net::Duration idle_timeout{60'000};      // between requests
  net::Duration response_timeout{30'000};  // handler and writing
};

// Answers one request. The server outlives the call; a handler never throws.
using HttpHandler = std::function<net::Task<HttpResponse>(HttpRequest)>;

class HttpServer {
 public:
  // Fails when the address can't be bound. The server answers once the context runs.
  static Result<std::unique_ptr<HttpServer>> start(net::IoContext& context,
                                                   HttpServerOptions options, HttpHandler handler);
  ~HttpServer();  // after stop()
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The bound address, with the real port.
  [[nodiscard]] const net::Endpoint& local() const { return listener_->local(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  // Closes the listener and every connection, and waits for their coroutines. Idempotent.
  net::Task<void> stop();

 private:
  struct Connection;
  using Connections = std::list<std::unique_ptr<Connection>>;

  HttpServer(net::IoContext& context, HttpServerOptions options, HttpHandler handler,
             std::unique_ptr<net::Listener> listener);
  net::Task<void> accept_loop();
  net::Task<void> sweep_loop();
  net::Task<void> serve(Connections::iterator at);
  net::Task<bool> answer_next(Connection& connection);
  net::Task<bool> read_request(Connection& connection, RequestParser& parser);
  net::Task<Status> write_all(Connection& connection, std::string bytes);
  net::Task<void> drain(Connection& connection);
  void expire(Connection& connection);

  HttpServerOptions options_;
  HttpHandler handler_;
  std::unique_ptr<net::Listener> listener_;
  Connections connections_;
  net::TaskGroup group_;
};

}  // namespace ottla::observe
