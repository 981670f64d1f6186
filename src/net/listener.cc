#include "net/listener.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

#include "net/tcp_stream.h"

namespace ottla::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

std::string to_string(const tcp::endpoint& address) {
  return Endpoint{address.address().to_string(), address.port()}.to_string();
}

class TcpListener final : public Listener {
 public:
  TcpListener(Acceptor acceptor, Endpoint local)
      : acceptor_(std::move(acceptor)), local_(std::move(local)) {}

  const Endpoint& local() const override { return local_; }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    if (!acceptor_.is_open() || OTTLA_NET_STOPPED()) co_return cancelled("accept");
    TcpSocket socket(acceptor_.get_executor());
    tcp::endpoint from;
    const auto [ec] = co_await acceptor_.async_accept(socket, from, kAwaitTuple);
    if (ec == asio::error::operation_aborted) co_return cancelled("accept");
    if (ec) co_return fail(ec, "accept a connection");
    co_return make_tcp_stream(std::move(socket), to_string(from));
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  Acceptor acceptor_;
  Endpoint local_;
};

}  // namespace

Result<std::unique_ptr<Listener>> listen_tcp(IoContext& context, const Endpoint& endpoint) {
  const std::string what = "listen on " + endpoint.to_string();
  boost::system::error_code ec;
  asio::ip::basic_resolver<tcp, Executor> resolver(context);
  const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port),
                                      asio::ip::resolver_base::passive, ec);
  if (ec) return fail(ec, what);
  const tcp::endpoint address = found.begin()->endpoint();
  Acceptor acceptor(context);
  acceptor.open(address.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(address, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return fail(ec, what);
  const tcp::endpoint bound = acceptor.local_endpoint(ec);
  if (ec) return fail(ec, what);
  return std::make_unique<TcpListener>(std::move(acceptor), Endpoint{endpoint.host, bound.port()});
}

}  // namespace ottla::net
