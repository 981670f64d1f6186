#pragma once
// Listener: accepts TCP connections on an address. Loopback unless the configuration says
// otherwise.

#include <functional>
#include <memory>

#include "net/stream.h"

namespace ottla::net {

class Listener {
 public:
  virtual ~Listener() = default;
  // The bound address; port is the real one when 0 was asked for.
  [[nodiscard]] virtual const Endpoint& local() const = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual void close() noexcept = 0;
};

Result<std::unique_ptr<Listener>> listen_tcp(IoContext& context, const Endpoint& endpoint);

}  // namespace ottla::net
