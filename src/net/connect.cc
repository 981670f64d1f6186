#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <vector>

#include "net/tcp_stream.h"

namespace ottla::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// An operation that ends by a callback, awaited with a deadline. Shared with the callback, since
// getaddrinfo can't be interrupted: a lookup that takes too long is left behind.
template <class Object>
struct Pending {
  template <class... Args>
  explicit Pending(const Executor& executor, Deadline deadline)
      : object(executor), timer(executor, deadline) {}

  Object object;
  Timer timer;
  bool done = false;
  boost::system::error_code ec;

  void finish(boost::system::error_code error) {
    done = true;
    ec = error;
    timer.cancel();
  }
};

template <class Object>
Task<Status> wait_for(Pending<Object>& pending, std::string what) {
  if (!pending.done) co_await pending.timer.async_wait(kAwaitTuple);
  if (pending.done && !pending.ec) co_return Status{};
  if (OTTLA_NET_STOPPED()) co_return cancelled(std::move(what));
  if (!pending.done) co_return fail(BaseErrc::kTimedOut, std::move(what));
  co_return fail(pending.ec, std::move(what));
}

using Resolver = asio::ip::basic_resolver<tcp, Executor>;
struct Lookup : Pending<Resolver> {
  using Pending::Pending;
  std::vector<tcp::endpoint> found;
};

Task<Result<std::vector<tcp::endpoint>>> resolve(const Endpoint& endpoint, Deadline deadline) {
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(endpoint.host, ec);
  if (!ec) co_return std::vector{tcp::endpoint(address, endpoint.port)};
  const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor, deadline);
  lookup->object.async_resolve(
      endpoint.host, std::to_string(endpoint.port), asio::ip::resolver_base::numeric_service,
      [lookup](boost::system::error_code error, const Resolver::results_type& results) {
        for (const auto& result : results) lookup->found.push_back(result.endpoint());
        lookup->finish(error);
      });
  Status waited = co_await wait_for(*lookup, "look up host " + endpoint.host);
  if (!waited) {
    lookup->object.cancel();
    co_return std::unexpected(std::move(waited).error());
  }
  co_return std::move(lookup->found);
}

Task<Result<TcpSocket>> connect_one(tcp::endpoint address, Deadline deadline, std::string what) {
  const auto attempt =
      std::make_shared<Pending<TcpSocket>>(co_await asio::this_coro::executor, deadline);
  attempt->object.async_connect(
      address, [attempt](boost::system::error_code error) { attempt->finish(error); });
  Status waited = co_await wait_for(*attempt, std::move(what));
  if (!waited) {
    boost::system::error_code ignored;
    attempt->object.close(ignored);
    co_return std::unexpected(std::move(waited).error());
  }
  co_return std::move(attempt->object);
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Task<Result<std::unique_ptr<Stream>>> connect_tcp(Endpoint endpoint, Deadline deadline) {
  const std::string what = "connect to " + endpoint.to_string();
  if (OTTLA_NET_STOPPED()) co_return cancelled(what);
  auto addresses = co_await resolve(endpoint, deadline);
  if (!addresses) co_return std::unexpected(std::move(addresses).error().within(what));
  Error last(make_error_code(BaseErrc::kUnavailable), what + ": the name has no address");
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // An address that swallows packets must leave time for those after it.
    const auto now = Clock::now();
    const auto share = (deadline - std::min(now, deadline)) / (addresses->size() - i);
    auto socket = co_await connect_one((*addresses)[i], now + share, what);
    if (socket) co_return make_tcp_stream(std::move(*socket), endpoint.to_string());
    last = std::move(socket).error();
    if (is_cancelled(last)) break;
  }
  co_return std::unexpected(std::move(last));
}

}  // namespace ottla::net
