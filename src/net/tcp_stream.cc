#include "net/tcp_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "base/assert.h"
#include "net/turn.h"

namespace ottla::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPiecesMax = 1024;  // IOV_MAX of Linux

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

// Not a coroutine, so that the 16 KiB of iovecs stay out of its frame.
ssize_t send_pieces(int fd, std::span<const Bytes> pieces) {
  std::array<iovec, kPiecesMax> vectors;  // NOLINT: filled up to `count`
  std::size_t count = 0;
  for (const Bytes piece : pieces) {
    if (piece.empty()) continue;
    if (count == kPiecesMax) break;
    vectors[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  if (count == 0) return 0;
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t receive(int fd, MutableBytes into) {
  ssize_t received = 0;
  do {
    received = ::recv(fd, into.data(), into.size(), 0);
  } while (received < 0 && errno == EINTR);
  return received;
}

class TcpStream final : public Stream {
 public:
  TcpStream(TcpSocket socket, std::string peer)
      : socket_(std::move(socket)), peer_(std::move(peer)) {}

  Task<Result<std::size_t>> read_some(MutableBytes into) override {
    OTTLA_ASSERT(!into.empty());
    if (OTTLA_NET_STOPPED()) co_return cancelled(peer_);
    if (read_turn_.is_over()) co_await asio::post(kAwait);
    for (;;) {
      if (closed_) co_return cancelled(peer_);
      const ssize_t n = receive(socket_.native_handle(), into);
      if (n > 0) {
        read_turn_.took(static_cast<std::size_t>(n));
        co_return static_cast<std::size_t>(n);
      }
      if (n == 0) co_return fail(BaseErrc::kUnavailable, "connection closed by " + peer_);
      if (!would_block(errno)) co_return failure("read from ", errno);
      read_turn_.restart();
      const auto [ec] = co_await socket_.async_wait(TcpSocket::wait_read, kAwaitTuple);
      if (ec) co_return cancelled("read");
    }
  }

  Task<Result<std::size_t>> write_some(std::span<const Bytes> pieces) override {
    if (OTTLA_NET_STOPPED()) co_return cancelled(peer_);
    if (write_turn_.is_over()) co_await asio::post(kAwait);
    for (;;) {
      if (closed_) co_return cancelled(peer_);
      const ssize_t n = send_pieces(socket_.native_handle(), pieces);
      if (n >= 0) {
        write_turn_.took(static_cast<std::size_t>(n));
        co_return static_cast<std::size_t>(n);
      }
      if (!would_block(errno)) co_return failure("write to ", errno);
      write_turn_.restart();
      const auto [ec] = co_await socket_.async_wait(TcpSocket::wait_write, kAwaitTuple);
      if (ec) co_return cancelled("write");
    }
  }

  std::size_t write_now(Bytes bytes) noexcept override {
    if (closed_) return 0;
    const ssize_t n = send_pieces(socket_.native_handle(), {&bytes, 1});
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  void close() noexcept override {
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  const std::string& peer() const override { return peer_; }

 private:
  std::unexpected<Error> failure(const char* what, int error) const {
    if (error == ECONNRESET || error == EPIPE) {
      return fail(BaseErrc::kUnavailable, "connection reset by " + peer_);
    }
    return fail({error, std::generic_category()}, what + peer_);
  }

  TcpSocket socket_;
  std::string peer_;
  bool closed_ = false;
  Turn read_turn_;
  Turn write_turn_;
};

}  // namespace

Result<std::unique_ptr<Stream>> make_tcp_stream(TcpSocket socket, std::string peer) {
  boost::system::error_code ec;
  socket.native_non_blocking(true, ec);
  if (!ec) socket.set_option(asio::ip::tcp::no_delay(true), ec);
  if (!ec) socket.set_option(asio::socket_base::keep_alive(true), ec);
  if (ec) return fail(ec, "set up connection with " + peer);
  return std::make_unique<TcpStream>(std::move(socket), std::move(peer));
}

}  // namespace ottla::net
