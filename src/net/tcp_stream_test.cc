#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <list>

#include "net/stream_testing.h"

namespace ottla::net {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using namespace std::chrono_literals;

TEST(Endpoint, PutsIpv6InBrackets) {
  EXPECT_EQ((Endpoint{"kafka-1", 9092}).to_string(), "kafka-1:9092");
  EXPECT_EQ((Endpoint{"::1", 9092}).to_string(), "[::1]:9092");
}

TEST(TcpStream, EchoesManyMegabytesInPiecesOfAnySize) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  const auto sent = random_bytes(40'000'000, 1);
  std::vector<std::byte> received;
  Status wrote;
  Status read;
  TaskGroup servers(context);
  TaskGroup clients(context);
  servers.spawn("echo", echo(*pair.server));
  clients.spawn("write", write_all_in_pieces(*pair.client, sent, 2, wrote));
  clients.spawn("read", read_exactly(*pair.client, sent.size(), 3, received, read));
  run_until_empty(clients);
  pair.client->close();
  run_until_empty(servers);
  EXPECT_TRUE(wrote && read);
  EXPECT_TRUE(received == sent);
}

TEST(TcpStream, WritesMorePiecesThanOneSystemCallTakes) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  const auto data = random_bytes(3000, 7);
  std::vector<Bytes> pieces;
  for (const auto& b : data) pieces.emplace_back(&b, 1);
  struct Local {
    static Task<void> write(Stream& stream, std::span<const Bytes> rest) {
      while (!rest.empty()) {
        const auto n = co_await stream.write_some(rest);
        EXPECT_TRUE(n);
        if (!n) co_return;
        rest = rest.subspan(*n);
      }
    }
  };
  std::vector<std::byte> received;
  Status read;
  TaskGroup group(context);
  group.spawn("write", Local::write(*pair.client, pieces));
  group.spawn("read", read_exactly(*pair.server, data.size(), 8, received, read));
  run_until_empty(group);
  EXPECT_TRUE(received == data);
}

TEST(TcpStream, CloseEndsAPendingReadAndWriteAsCancelled) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  Result<std::size_t> read = 0;
  Result<std::size_t> wrote = 0;
  TaskGroup group(context);
  group.spawn("read", read_once(*pair.client, read));
  group.spawn("write", write_until_error(*pair.client, wrote));
  run_ready(context);
  EXPECT_EQ(group.size(), 2U);
  pair.client->close();
  pair.client->close();
  run_until_empty(group);
  EXPECT_TRUE(!read && is_cancelled(read.error()));
  EXPECT_TRUE(!wrote && is_cancelled(wrote.error()));
}

TEST(TcpStream, ACallAfterCloseIsCancelled) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  pair.client->close();
  Result<std::size_t> read = 0;
  run_to_end(context, read_once(*pair.client, read));
  EXPECT_TRUE(!read && is_cancelled(read.error()));
}

TEST(TcpStream, GroupCancelEndsAPendingReadAndWrite) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  Result<std::size_t> read = 0;
  Result<std::size_t> wrote = 0;
  TaskGroup group(context);
  group.spawn("read", read_once(*pair.client, read));
  group.spawn("write", write_until_error(*pair.client, wrote));
  run_ready(context);
  group.cancel();
  run_until_empty(group);
  EXPECT_TRUE(!read && is_cancelled(read.error()));
  EXPECT_TRUE(!wrote && is_cancelled(wrote.error()));
}

TEST(TcpStream, GroupCancelEndsAWriterThatNeverBlocks) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  struct Drain {
    static Task<void> run(Stream& stream, TaskGroup& writers) {
      std::vector<std::byte> buffer(1 << 20);
      for (int i = 0; i < 200; ++i) co_await stream.read_some(buffer);
      writers.cancel();
      while (writers.size() > 0) co_await stream.read_some(buffer);
    }
  };
  Result<std::size_t> wrote = 0;
  TaskGroup writers(context);
  TaskGroup readers(context);
  writers.spawn("write", write_until_error(*pair.client, wrote));
  readers.spawn("drain", Drain::run(*pair.server, writers));
  run_until_empty(writers);
  pair.client->close();
  run_until_empty(readers);
  EXPECT_TRUE(!wrote && is_cancelled(wrote.error()));
}

TEST(TcpStream, AStreamThatIsAlwaysReadyLetsOthersRun) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  const std::vector<std::byte> data(4096);
  ASSERT_EQ(pair.client->write_now(data), data.size());
  struct Local {
    static Task<void> read_bytewise(Stream& stream, int& reads) {
      std::byte b;
      for (; reads < 4096; ++reads) co_await stream.read_some({&b, 1});
    }
    static Task<void> look(const int& reads, int& seen) {
      seen = reads;
      co_return;
    }
  };
  int reads = 0;
  int seen = -1;
  TaskGroup group(context);
  group.spawn("read", Local::read_bytewise(*pair.server, reads));
  group.spawn("look", Local::look(reads, seen));
  run_until_empty(group);
  EXPECT_EQ(reads, 4096);
  EXPECT_LE(seen, 64);
}

TEST(TcpStream, APeerThatClosedIsUnavailableAndNamed) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  pair.server->close();
  Result<std::size_t> read = 0;
  run_to_end(context, read_once(*pair.client, read));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, make_error_code(BaseErrc::kUnavailable));
  EXPECT_EQ(read.error().context, "connection closed by " + pair.client->peer());
}

TEST(TcpStream, WritingToAClosedPeerIsAnErrorNotASignal) {
  IoContext context(1);
  StreamPair pair = tcp_pair(context);
  pair.server.reset();
  Result<std::size_t> wrote = 0;
  run_to_end(context, write_until_error(*pair.client, wrote));
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code, make_error_code(BaseErrc::kUnavailable));
}

Task<void> try_connect(Endpoint endpoint, Deadline deadline, Result<std::string>& out) {
  auto stream = co_await connect_tcp(endpoint, deadline);
  if (stream) {
    out = (*stream)->peer();
  } else {
    out = std::unexpected(stream.error());
  }
}

TEST(Connect, ResolvesANameAndNamesThePeer) {
  IoContext context(1);
  auto listener = listen_tcp(context, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  const auto port = (*listener)->local().port;
  Result<std::string> out;
  run_to_end(context, try_connect({"localhost", port}, Clock::now() + 10s, out));
  ASSERT_TRUE(out) << out.error().to_string();
  EXPECT_EQ(*out, "localhost:" + std::to_string(port));
}

TEST(Connect, RefusalSaysWhere) {
  IoContext context(1);
  auto listener = listen_tcp(context, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  const Endpoint endpoint = (*listener)->local();
  listener->reset();
  Result<std::string> out;
  run_to_end(context, try_connect(endpoint, Clock::now() + 10s, out));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, std::errc::connection_refused);
  EXPECT_EQ(out.error().to_string(), "connect to " + endpoint.to_string() + ": Connection refused");
}

// A listener whose queue is full swallows further connections: the deadline must end the attempt.
struct FullListener {
  explicit FullListener(IoContext& context)
      : acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0}, true) {
    ::listen(acceptor.native_handle(), 0);
    for (int i = 0; i < 3; ++i) {
      auto& socket = fillers.emplace_back(context);
      socket.open(boost::asio::ip::tcp::v4());
      socket.native_non_blocking(true);
      const auto address = acceptor.local_endpoint();
      ::connect(socket.native_handle(), address.data(), static_cast<socklen_t>(address.size()));
    }
  }
  Endpoint endpoint() const { return {"127.0.0.1", acceptor.local_endpoint().port()}; }
  boost::asio::ip::tcp::acceptor acceptor;
  std::list<boost::asio::ip::tcp::socket> fillers;
};

TEST(Connect, StopsAtTheDeadline) {
  IoContext context(1);
  const FullListener full(context);
  Result<std::string> out;
  run_to_end(context, try_connect(full.endpoint(), Clock::now() + 50ms, out));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST(Connect, StopsWhenTheGroupIsCancelled) {
  IoContext context(1);
  const FullListener full(context);
  Result<std::string> out;
  TaskGroup group(context);
  group.spawn("connect", try_connect(full.endpoint(), Clock::now() + 1h, out));
  run_ready(context);
  EXPECT_EQ(group.size(), 1U);
  group.cancel();
  run_until_empty(group);
  ASSERT_FALSE(out);
  EXPECT_TRUE(is_cancelled(out.error()));
}

TEST(Connect, ANameThatCannotBeIsAnError) {
  IoContext context(1);
  Result<std::string> out;
  run_to_end(context, try_connect({"no such host.invalid", 1}, Clock::now() + 10s, out));
  ASSERT_FALSE(out);
  EXPECT_NE(out.error().context.find("look up host no such host.invalid"), std::string::npos);
}

Task<void> accept_one(Listener& listener, Status& out) {
  auto stream = co_await listener.accept();
  out = stream ? Status{} : Status(std::unexpected(stream.error()));
}

TEST(Listener, CloseAndCancelEndAccept) {
  IoContext context(1);
  auto first = listen_tcp(context, {"127.0.0.1", 0});
  auto second = listen_tcp(context, {"127.0.0.1", 0});
  ASSERT_TRUE(first && second);
  Status closed;
  Status cancelled;
  TaskGroup group(context);
  TaskGroup other(context);
  other.spawn("accept", accept_one(**first, closed));
  group.spawn("accept", accept_one(**second, cancelled));
  run_ready(context);
  (*first)->close();
  group.cancel();
  run_until_empty(group);
  run_until_empty(other);
  EXPECT_TRUE(!closed && is_cancelled(closed.error()));
  EXPECT_TRUE(!cancelled && is_cancelled(cancelled.error()));
}

TEST(Listener, ABusyPortIsNamed) {
  IoContext context(1);
  auto first = listen_tcp(context, {"127.0.0.1", 0});
  ASSERT_TRUE(first);
  const auto second = listen_tcp(context, (*first)->local());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().to_string(),
            "listen on " + (*first)->local().to_string() + ": Address already in use");
}

}  // namespace
}  // namespace ottla::net
