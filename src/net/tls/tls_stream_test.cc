#include <gtest/gtest.h>

#include "net/stream_testing.h"
#include "net/tls.h"
#include "net/tls/test_certificates.h"

namespace ottla::net {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using namespace std::chrono_literals;

struct Outcome {
  std::unique_ptr<Stream> stream;
  std::optional<Error> error;
};

Task<void> run_handshake(std::shared_ptr<TlsContext> context, std::unique_ptr<Stream> plain,
                         std::optional<std::string> host, Duration limit, Outcome& out) {
  const Deadline deadline = Clock::now() + limit;
  auto done = host ? co_await handshake_client(context, std::move(plain), *host, deadline)
                   : co_await handshake_server(context, std::move(plain), deadline);
  if (done) {
    out.stream = std::move(*done);
  } else {
    out.error = std::move(done).error();
  }
}

class Tls : public ::testing::Test {
 protected:
  Tls() : ca_(issue({.name = "root", .alternative_names = "", .is_ca = true})) {
    client_settings_.truststore_certificates_pem = ca_.certificate_pem();
    present(server_settings_, issue({.name = "broker-1"}, &ca_));
  }

  static void present(TlsSettings& settings, const Identity& identity) {
    settings.keystore_certificate_chain_pem = identity.certificate_pem();
    settings.keystore_key_pem = identity.key_pem();
  }

  // Both handshakes; what came of them is in client_ and server_.
  void connect(const std::string& host = "localhost", bool client_auth = false) {
    auto client = TlsContext::client(client_settings_);
    auto server = TlsContext::server(server_settings_, client_auth);
    ASSERT_TRUE(client) << client.error().to_string();
    ASSERT_TRUE(server) << server.error().to_string();
    StreamPair pair = tcp_pair(context_);
    TaskGroup group(context_);
    group.spawn("server", run_handshake(*server, std::move(pair.server), {}, 20s, server_));
    group.spawn("client", run_handshake(*client, std::move(pair.client), host, 20s, client_));
    run_until_empty(group);
  }
  void expect_connected() {
    ASSERT_TRUE(client_.stream) << client_.error->to_string();
    ASSERT_TRUE(server_.stream) << server_.error->to_string();
  }
  static void expect_error(const std::optional<Error>& error, TlsErrc code,
                           const std::string& part) {
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, make_error_code(code)) << error->to_string();
    EXPECT_NE(error->context.find(part), std::string::npos) << error->context;
  }
  void echo_megabytes() {
    const auto sent = random_bytes(20'000'000, 1);
    std::vector<std::byte> received;
    Status wrote;
    Status read;
    TaskGroup servers(context_);
    TaskGroup clients(context_);
    servers.spawn("echo", echo(*server_.stream));
    clients.spawn("write", write_all_in_pieces(*client_.stream, sent, 2, wrote));
    clients.spawn("read", read_exactly(*client_.stream, sent.size(), 3, received, read));
    run_until_empty(clients);
    client_.stream->close();
    run_until_empty(servers);
    EXPECT_TRUE(wrote && read);
    EXPECT_TRUE(received == sent);
  }

  IoContext context_{1};
  Identity ca_;
  TlsSettings client_settings_;
  TlsSettings server_settings_;
  Outcome client_;
  Outcome server_;
};

TEST_F(Tls, EchoesManyMegabytesOverTls13) {
  client_settings_.enabled_protocols = {"TLSv1.3"};
  connect();
  expect_connected();
  echo_megabytes();
}

TEST_F(Tls, EchoesManyMegabytesOverTls12) {
  client_settings_.enabled_protocols = {"TLSv1.2"};
  client_settings_.cipher_suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  connect();
  expect_connected();
  echo_megabytes();
}

TEST_F(Tls, AcceptsAnAddressThatTheCertificateNames) {
  connect("127.0.0.1");
  expect_connected();
}

TEST_F(Tls, ChecksTheClientsCertificate) {
  server_settings_.truststore_certificates_pem = ca_.certificate_pem();
  present(client_settings_, issue({.name = "client", .alternative_names = ""}, &ca_));
  connect("localhost", true);
  expect_connected();
  echo_megabytes();
}

TEST_F(Tls, AnUnknownCaNamesTheTrustStore) {
  const Identity other = issue({.name = "other root", .is_ca = true});
  client_settings_.truststore_certificates_pem = other.certificate_pem();
  connect();
  expect_error(client_.error, TlsErrc::kUntrusted, "ssl.truststore.location");
  expect_error(client_.error, TlsErrc::kUntrusted, "CN=broker-1, issued by CN=root");
  expect_error(server_.error, TlsErrc::kRejectedByPeer, "its trust store has no CA");
}

TEST_F(Tls, ASelfSignedBrokerCanBeTrustedDirectly) {
  const Identity self = issue({.name = "self"});
  present(server_settings_, self);
  client_settings_.truststore_certificates_pem = self.certificate_pem();
  connect();
  expect_connected();
}

TEST_F(Tls, AnExpiredCertificateIsNamedWithItsDates) {
  present(server_settings_,
          issue({.name = "old", .valid_from_s = -7200, .valid_until_s = -3600}, &ca_));
  connect();
  expect_error(client_.error, TlsErrc::kExpired, "CN=old is valid from");
}

TEST_F(Tls, AnotherHostIsNamedWithTheNamesOfTheCertificate) {
  connect("kafka.example");
  expect_error(client_.error, TlsErrc::kHostMismatch,
               "is for DNS:localhost, IP Address:127.0.0.1, not for kafka.example");
}

TEST_F(Tls, AnotherAddressIsAMismatchToo) {
  connect("127.0.0.2");
  expect_error(client_.error, TlsErrc::kHostMismatch, "not for 127.0.0.2");
}

TEST_F(Tls, HostVerificationCanBeSwitchedOff) {
  client_settings_.verify_hostname = false;
  connect("kafka.example");
  expect_connected();
}

// In TLS 1.2 the handshake fails; in 1.3 it is through for the client, and the first read fails.
TEST_F(Tls, AMissingClientCertificateNamesTheKeyStore) {
  server_settings_.truststore_certificates_pem = ca_.certificate_pem();
  client_settings_.enabled_protocols = {"TLSv1.2"};
  connect("localhost", true);
  expect_error(client_.error, TlsErrc::kRejectedByPeer, "set ssl.keystore.location");
  expect_error(server_.error, TlsErrc::kUntrusted, "the client sent no certificate");
}

TEST_F(Tls, AMissingClientCertificateShowsAtTheFirstReadInTls13) {
  server_settings_.truststore_certificates_pem = ca_.certificate_pem();
  connect("localhost", true);
  ASSERT_TRUE(client_.stream);
  Result<std::size_t> read = 0;
  run_to_end(context_, read_once(*client_.stream, read));
  ASSERT_FALSE(read);
  expect_error(read.error(), TlsErrc::kRejectedByPeer, "set ssl.keystore.location");
}

TEST_F(Tls, NoVersionInCommonIsSaid) {
  client_settings_.enabled_protocols = {"TLSv1.2"};
  server_settings_.enabled_protocols = {"TLSv1.3"};
  connect();
  expect_error(client_.error, TlsErrc::kProtocolMismatch, "ssl.enabled.protocols");
  expect_error(server_.error, TlsErrc::kProtocolMismatch, "ssl.enabled.protocols");
}

TEST_F(Tls, UnknownProtocolsAndCiphersAreRefused) {
  client_settings_.enabled_protocols = {"TLSv1.1"};
  auto made = TlsContext::client(client_settings_);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().context.find("\"TLSv1.1\" is not supported"), std::string::npos);
  client_settings_.enabled_protocols = {};
  client_settings_.cipher_suites = "TLS_NONE_WITH_NONE";
  made = TlsContext::client(client_settings_);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().context.find("ssl.cipher.suites"), std::string::npos);
}

TEST_F(Tls, AServerNeedsACertificate) {
  const auto made = TlsContext::server({}, false);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().context.find("ssl.keystore.location"), std::string::npos);
}

class TlsClientAlone : public Tls {
 protected:
  void SetUp() override {
    auto made = TlsContext::client(client_settings_);
    ASSERT_TRUE(made);
    client_context_ = *made;
    pair_ = tcp_pair(context_);
  }
  Task<void> start(Duration limit) {
    return run_handshake(client_context_, std::move(pair_.client), "localhost", limit, client_);
  }
  std::shared_ptr<TlsContext> client_context_;
  StreamPair pair_;
};

TEST_F(TlsClientAlone, APeerThatAnswersInPlainTextIsNotTls) {
  pair_.server->write_now(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  run_to_end(context_, start(20s));
  expect_error(client_.error, TlsErrc::kNotTls, "security.protocol");
}

TEST_F(TlsClientAlone, APeerThatClosesAtTheFirstBytesIsProbablyNotTls) {
  pair_.server->close();
  run_to_end(context_, start(20s));
  expect_error(client_.error, TlsErrc::kNotTls, "security.protocol");
}

TEST_F(TlsClientAlone, ASilentPeerRunsIntoTheDeadline) {
  run_to_end(context_, start(30ms));
  ASSERT_TRUE(client_.error);
  EXPECT_EQ(client_.error->code, make_error_code(BaseErrc::kTimedOut));
}

TEST_F(TlsClientAlone, CancelEndsTheHandshake) {
  TaskGroup group(context_);
  group.spawn("client", start(20s));
  run_ready(context_);
  EXPECT_EQ(group.size(), 1U);
  group.cancel();
  run_until_empty(group);
  ASSERT_TRUE(client_.error);
  EXPECT_TRUE(is_cancelled(*client_.error));
}

TEST_F(Tls, CancelAndCloseEndPendingReadsAndWrites) {
  for (const bool by_close : {false, true}) {
    connect();
    expect_connected();
    Result<std::size_t> read = 0;
    Result<std::size_t> wrote = 0;
    TaskGroup group(context_);
    group.spawn("read", read_once(*client_.stream, read));
    group.spawn("write", write_until_error(*client_.stream, wrote));
    run_ready(context_);
    EXPECT_EQ(group.size(), 2U);
    by_close ? client_.stream->close() : group.cancel();
    run_until_empty(group);
    EXPECT_TRUE(!read && is_cancelled(read.error()));
    EXPECT_TRUE(!wrote && is_cancelled(wrote.error()));
  }
}

TEST_F(Tls, CloseSaysFarewellSoThatThePeerReadsTheEnd) {
  connect();
  expect_connected();
  const Bytes word = as_bytes("bye");
  struct Local {
    static Task<void> say(Stream& stream, Bytes bytes) {
      EXPECT_TRUE(co_await stream.write_some({&bytes, 1}));
    }
  };
  run_to_end(context_, Local::say(*client_.stream, word));
  client_.stream->close();
  Result<std::size_t> read = 0;
  run_to_end(context_, read_once(*server_.stream, read));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, word.size());
  run_to_end(context_, read_once(*server_.stream, read));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, make_error_code(BaseErrc::kUnavailable));
}

}  // namespace
}  // namespace ottla::net
