#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/stream_testing.h"
#include "net/tls/test_certificates.h"

namespace ottla::net {
namespace {

using namespace testing;  // NOLINT: the harness of this folder
using namespace std::chrono_literals;

// Reads a request up to `until`, answers with fixed bytes (cut in pieces) and closes.
struct Answer {
  std::string bytes;
  std::string until = "\r\n\r\n";
  std::shared_ptr<TlsContext> tls = nullptr;
  bool hang = false;
};

Task<void> serve(Listener& listener, const Answer& answer, std::string& request) {
  auto accepted = co_await listener.accept();
  if (!accepted) co_return;
  std::unique_ptr<Stream> stream = std::move(*accepted);
  if (answer.tls) {
    auto secured = co_await handshake_server(answer.tls, std::move(stream), Clock::now() + 10s);
    if (!secured) co_return;
    stream = std::move(*secured);
  }
  std::vector<std::byte> buffer(1000);
  while (request.find(answer.until) == std::string::npos) {
    const auto n = co_await stream->read_some(buffer);
    if (!n) co_return;
    request += as_string_view(Bytes(buffer).first(*n));
  }
  const std::size_t piece_size = 7 + answer.bytes.size() / 100;
  for (std::size_t at = 0; at < answer.bytes.size();) {
    const Bytes piece = as_bytes(std::string_view(answer.bytes).substr(at, piece_size));
    const auto n = co_await stream->write_some({&piece, 1});
    if (!n) co_return;
    at += *n;
    co_await sleep_for(0ms);
  }
  while (answer.hang && co_await stream->read_some(buffer)) {
  }
}

Task<void> ask(HttpRequest request, HttpOptions options, Result<HttpResponse>& out) {
  out = co_await http_request(std::move(request), std::move(options));
}

class HttpClient : public ::testing::Test {
 protected:
  Result<HttpResponse> exchange(const Answer& answer, HttpRequest request, HttpOptions options) {
    auto listener = listen_tcp(context_, {"127.0.0.1", 0});
    EXPECT_TRUE(listener);
    const std::string scheme = options.tls ? "https" : "http";
    request.url =
        scheme + "://localhost:" + std::to_string((*listener)->local().port) + request.url;
    Result<HttpResponse> out = HttpResponse{};
    TaskGroup servers(context_);
    servers.spawn("serve", serve(**listener, answer, seen_));
    run_to_end(context_, ask(std::move(request), options, out));
    servers.cancel();
    run_until_empty(servers);
    return out;
  }
  Result<HttpResponse> get(const std::string& answer) {
    return exchange({.bytes = answer}, {.url = "/"}, {.deadline = Clock::now() + 10s});
  }

  IoContext context_{1};
  std::string seen_;
};

TEST_F(HttpClient, PostsABodyWithHeaders) {
  const auto response = exchange(
      {.bytes = "HTTP/1.1 201 Created\r\nX-Thing: a\r\nContent-Length: 5\r\n\r\nhello",
       .until = "a=b"},
      {.method = "POST", .url = "/token?x=1", .headers = {{"Accept", "*/*"}}, .body = "a=b"},
      {.deadline = Clock::now() + 10s});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 201U);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->headers.front(), std::pair(std::string("X-Thing"), std::string("a")));
  EXPECT_TRUE(seen_.starts_with("POST /token?x=1 HTTP/1.1\r\nHost: localhost:")) << seen_;
  EXPECT_NE(seen_.find("\r\nAccept: */*\r\nContent-Length: 3\r\n\r\na=b"), std::string::npos);
}

TEST_F(HttpClient, ReadsChunksAndBodiesThatEndWithTheConnection) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
                "\r\n")
                ->body,
            "abcde");
  EXPECT_EQ(get("HTTP/1.0 200 OK\r\n\r\nuntil the end")->body, "until the end");
  EXPECT_EQ(get("HTTP/1.1 204 No Content\r\n\r\n")->status, 204U);
}

TEST_F(HttpClient, SpeaksTls) {
  const Identity ca = issue({.name = "root", .alternative_names = "", .is_ca = true});
  const Identity server = issue({.name = "idp"}, &ca);
  TlsSettings client_settings;
  client_settings.truststore_certificates_pem = ca.certificate_pem();
  TlsSettings server_settings;
  server_settings.keystore_certificate_chain_pem = server.certificate_pem();
  server_settings.keystore_key_pem = server.key_pem();
  const auto response = exchange(
      {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
       .tls = *TlsContext::server(server_settings, false)},
      {.url = "/"}, {.deadline = Clock::now() + 10s, .tls = *TlsContext::client(client_settings)});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body, "ok");
}

TEST_F(HttpClient, BadResponsesAreErrors) {
  const auto code_of = [this](const std::string& answer) {
    const auto response = get(answer);
    return response ? std::error_code() : response.error().code;
  };
  EXPECT_EQ(code_of("garbage\r\n\r\n"), make_error_code(BaseErrc::kCorrupt));
  EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
            make_error_code(BaseErrc::kUnavailable));
  EXPECT_EQ(code_of(""), make_error_code(BaseErrc::kUnavailable));
  EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
            make_error_code(BaseErrc::kLimitExceeded));
  EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
            make_error_code(BaseErrc::kLimitExceeded));
}

TEST_F(HttpClient, StopsAtTheDeadline) {
  const auto response = exchange({.bytes = "HTTP/1.1 200 OK\r\n", .hang = true}, {.url = "/"},
                                 {.deadline = Clock::now() + 50ms});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST_F(HttpClient, BadRequestsNeverLeave) {
  for (const char* url : {"", "localhost", "ftp://localhost/", "http://", "http://u:p@localhost/",
                          "http://localhost:99999/", "http://local host/", "https://localhost/"}) {
    Result<HttpResponse> out = HttpResponse{};
    run_to_end(context_, ask({.url = url}, {.deadline = Clock::now() + 10s}, out));
    ASSERT_FALSE(out) << url;
    EXPECT_EQ(out.error().code, make_error_code(BaseErrc::kInvalidInput)) << url;
  }
  Result<HttpResponse> out = HttpResponse{};
  HttpRequest smuggled{.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}};
  run_to_end(context_, ask(smuggled, {.deadline = Clock::now() + 10s}, out));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, make_error_code(BaseErrc::kInvalidInput));
}

}  // namespace
}  // namespace ottla::net
