#pragma once
// For tests only: pairs of connected streams, and traffic with pieces of random sizes.

#include <random>

#include "net/listener.h"
#include "net/testing.h"

namespace ottla::net::testing {

struct StreamPair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

inline Task<void> accept_into(Listener& listener, std::unique_ptr<Stream>& out) {
  auto accepted = co_await listener.accept();
  EXPECT_TRUE(accepted) << accepted.error().to_string();
  if (accepted) out = std::move(*accepted);
}

inline Task<void> connect_into(Endpoint endpoint, std::unique_ptr<Stream>& out) {
  auto connected = co_await connect_tcp(endpoint, Clock::now() + std::chrono::seconds(10));
  EXPECT_TRUE(connected) << connected.error().to_string();
  if (connected) out = std::move(*connected);
}

// A connected pair over loopback.
inline StreamPair tcp_pair(IoContext& context) {
  auto listener = listen_tcp(context, {"127.0.0.1", 0});
  EXPECT_TRUE(listener) << listener.error().to_string();
  StreamPair pair;
  TaskGroup group(context);
  group.spawn("accept", accept_into(**listener, pair.server));
  group.spawn("connect", connect_into((*listener)->local(), pair.client));
  run_until_empty(group);
  return pair;
}

inline std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  return bytes;
}

// Writes all of `data`, cut at random into lists of random pieces (some empty).
inline Task<void> write_all_in_pieces(Stream& stream, Bytes data, unsigned seed, Status& out) {
  std::mt19937 random(seed);
  while (!data.empty()) {
    std::vector<Bytes> pieces;
    const std::size_t count = 1 + random() % 40;
    std::size_t at = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t bound = random() % 8 == 0 ? 200'000 : 3000;
      const std::size_t size = std::min<std::size_t>(random() % bound, data.size() - at);
      pieces.push_back(data.subspan(at, size));
      at += size;
    }
    if (at == 0) continue;
    const auto written = co_await stream.write_some(pieces);
    if (!written) {
      out = std::unexpected(written.error());
      co_return;
    }
    EXPECT_GT(*written, 0U);
    data = data.subspan(*written);
  }
  out = Status{};
}

// Reads `size` bytes into `into` with reads of random sizes.
inline Task<void> read_exactly(Stream& stream, std::size_t size, unsigned seed,
                               std::vector<std::byte>& into, Status& out) {
  std::mt19937 random(seed);
  into.resize(size);
  MutableBytes rest(into);
  while (!rest.empty()) {
    const std::size_t want = std::min<std::size_t>(1 + random() % 100'000, rest.size());
    const auto n = co_await stream.read_some(rest.first(want));
    if (!n) {
      out = std::unexpected(n.error());
      co_return;
    }
    rest = rest.subspan(*n);
  }
  out = Status{};
}

inline Task<void> echo(Stream& stream) {
  std::vector<std::byte> buffer(64 * 1024);
  for (;;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n) co_return;
    Bytes rest(buffer.data(), *n);
    while (!rest.empty()) {
      const auto written = co_await stream.write_some({&rest, 1});
      if (!written) co_return;
      rest = rest.subspan(*written);
    }
  }
}

inline Task<void> read_once(Stream& stream, Result<std::size_t>& out) {
  std::byte buffer[16];
  out = co_await stream.read_some(buffer);
}

// Writes until an error comes.
inline Task<void> write_until_error(Stream& stream, Result<std::size_t>& out) {
  const std::vector<std::byte> block(64 * 1024);
  const Bytes piece(block);
  for (;;) {
    out = co_await stream.write_some({&piece, 1});
    if (!out) co_return;
  }
}

}  // namespace ottla::net::testing
