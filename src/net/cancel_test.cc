// Cancels a whole exchange after every possible number of steps: whatever was under way has to end,
// as cancelled, and leave nothing behind.

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "net/stream_testing.h"
#include "net/tls/test_certificates.h"

namespace ottla::net {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using namespace std::chrono_literals;

struct Parts {
  std::shared_ptr<TlsContext> client;
  std::shared_ptr<TlsContext> server;
  Listener* listener = nullptr;
  std::vector<Error> errors;
  int finished = 0;
};

void note(Parts& parts, const Error& error) {
  parts.errors.push_back(error);
}

Task<void> serve_one(Parts& parts) {
  auto accepted = co_await parts.listener->accept();
  if (!accepted) co_return note(parts, accepted.error());
  auto secured = co_await handshake_server(parts.server, std::move(*accepted), Clock::now() + 1h);
  if (!secured) co_return note(parts, secured.error());
  co_await echo(**secured);
}

Task<void> talk(Parts& parts) {
  auto plain = co_await connect_tcp({"localhost", parts.listener->local().port}, Clock::now() + 1h);
  if (!plain) co_return note(parts, plain.error());
  auto secured =
      co_await handshake_client(parts.client, std::move(*plain), "localhost", Clock::now() + 1h);
  if (!secured) co_return note(parts, secured.error());
  const auto sent = random_bytes(300'000, 5);
  std::vector<std::byte> received;
  for (int i = 0; i < 3; ++i) {
    Status status;
    co_await write_all_in_pieces(**secured, Bytes(sent).first(100'000), 1, status);
    if (status) co_await read_exactly(**secured, 100'000, 2, received, status);
    if (!status) co_return note(parts, status.error());
  }
  ++parts.finished;
}

TEST(Cancel, EndsATlsExchangeAtEveryStep) {
  const Identity self = issue({.name = "self"});
  TlsSettings settings;
  settings.truststore_certificates_pem = self.certificate_pem();
  settings.keystore_certificate_chain_pem = self.certificate_pem();
  settings.keystore_key_pem = self.key_pem();
  int finished = 0;
  int steps = 0;
  for (; finished == 0 && steps < 2000; ++steps) {
    IoContext context(1);
    auto listener = listen_tcp(context, {"127.0.0.1", 0});
    ASSERT_TRUE(listener);
    Parts parts{
        *TlsContext::client(settings), *TlsContext::server(settings, false), listener->get(), {}};
    TaskGroup group(context);
    group.spawn("serve", serve_one(parts));
    group.spawn("talk", talk(parts));
    for (int i = 0; i < steps && group.size() > 0; ++i) context.run_one_for(10s);
    group.cancel();
    run_until_empty(group, 10s);
    for (const Error& error : parts.errors) {
      // One side may see the other's end before its own.
      EXPECT_TRUE(is_cancelled(error) || error.code == make_error_code(BaseErrc::kUnavailable) ||
                  error.code == make_error_code(TlsErrc::kNotTls))
          << "after " << steps << " steps: " << error.to_string();
    }
    finished = parts.finished;
  }
  EXPECT_EQ(finished, 1) << "the exchange never came to its end";
  EXPECT_GT(steps, 10);
}

}  // namespace
}  // namespace ottla::net
