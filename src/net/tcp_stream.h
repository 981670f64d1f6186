#pragma once
// Stream over a connected TCP socket; made by connect_tcp and by a Listener.

#include <memory>

#include "net/await.h"
#include "net/stream.h"

namespace ottla::net {

// Sets non-blocking mode, TCP_NODELAY and keep-alive. `peer` is what messages call the other side.
Result<std::unique_ptr<Stream>> make_tcp_stream(TcpSocket socket, std::string peer);

}  // namespace ottla::net
