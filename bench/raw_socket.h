#pragma once
// Blocking loopback sockets without anything around them: what a byte costs at least. For benches;
// a failure to set up ends the program.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"

namespace ottla::bench {

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  // False when the peer is gone.
  bool send_all(Bytes bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }

  // 0 when the peer is gone.
  std::size_t receive(MutableBytes into) const {
    const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

 private:
  int fd_;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline RawSocket connect_raw(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const int done = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  OTTLA_ASSERT(done == 0);
  return RawSocket(fd);
}

inline RawSocket accept_one(int listener) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  OTTLA_ASSERT(fd >= 0);
  return RawSocket(fd);
}

// Listens on a free port.
class RawListener {
 public:
  RawListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    const int bound =
        ::bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    OTTLA_ASSERT(bound == 0 && ::listen(socket_.fd(), 8) == 0);
    socklen_t size = sizeof(address);
    ::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  RawSocket socket_;
  std::uint16_t port_ = 0;
};

}  // namespace ottla::bench
