#include "observe/http_server.h"

#include <gmock/gmock.h>

#include <random>

#include "observe/http_client.h"
#include "observe/http_testing.h"

namespace ottla::observe {
namespace {

using testing::exchange_all;
using testing::exchange_one;
using ::testing::HasSubstr;
using testing::request;
using ::testing::StartsWith;

net::Task<HttpResponse> echo(HttpRequest request) {
  co_return HttpResponse{.content_type = "text/plain", .body = request.path + request.body};
}

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    options.endpoint = {"127.0.0.1", 0};
    auto started = HttpServer::start(context_, std::move(options), echo);
    ASSERT_TRUE(started) << started.error().to_string();
    server_ = *std::move(started);
  }
  void TearDown() override { net::testing::run_to_end(context_, server_->stop()); }

  std::string ask(std::string bytes) {
    return exchange_one(context_, server_->local(), std::move(bytes));
  }

  net::IoContext context_{1};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  const std::string one = "GET /one HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string answers = ask(one + one + request("GET", "/last"));
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answers, HasSubstr("Connection: keep-alive\r\n\r\n/oneHTTP/1.1 200 OK"));
  EXPECT_THAT(answers, HasSubstr("Connection: close\r\n\r\n/last"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  const std::string answer = ask(request("HEAD", "/four"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, InvitesTheBodyOfAClientThatWaitsForIt) {
  start();
  const std::string answer =
      ask("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\n"
          "Content-Length: 20000\r\n\r\n" +
          std::string(20000, 'b'));
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("/xbbb"));
}

TEST_F(HttpServerTest, TellsWhyItRefusesAndCloses) {
  start({.limits = {.header_bytes_max = 1000, .body_bytes_max = 100}});
  EXPECT_THAT(ask("garbage\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(500'000, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" +
                  std::string(300'000, 'x')),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ClosesClientsThatAreTooSlow) {
  start({.request_timeout = net::Duration(50), .idle_timeout = net::Duration(50)});
  // The client below waits until the server closes.
  EXPECT_THAT(ask("GET / HT"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(ask(""), "");
  EXPECT_THAT(ask("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("\r\n\r\n/x"));
}

TEST_F(HttpServerTest, BoundsItsConnections) {
  start({.connections_max = 3, .request_timeout = net::Duration(200)});
  const auto answers =
      exchange_all(context_, server_->local(), std::vector<std::string>(10, "GET / "));
  const auto refused = std::ranges::count_if(
      answers, [](const std::string& a) { return !a.starts_with("HTTP/1.1 408"); });
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_THAT(ask(request("GET", "/x")), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  start({.request_timeout = net::Duration(100), .idle_timeout = net::Duration(100)});
  std::mt19937 random(11);
  std::vector<std::string> requests(64);
  for (std::string& bytes : requests) {
    bytes.resize(random() % 40'000);
    for (char& c : bytes) c = static_cast<char>(random());
  }
  for (const std::string& answer : exchange_all(context_, server_->local(), requests)) {
    if (!answer.empty()) EXPECT_THAT(answer, StartsWith("HTTP/1.1 4"));
  }
  EXPECT_THAT(ask(request("GET", "/alive")), HasSubstr("/alive"));
}

TEST_F(HttpServerTest, StopsWithClientsConnected) {
  start();
  net::TaskGroup group(context_);
  std::string answer;
  group.spawn("client", testing::exchange(server_->local(), "GET / ", answer));
  const auto deadline = net::Clock::now() + std::chrono::seconds(10);
  while (server_->connections() == 0 && net::Clock::now() < deadline) {
    context_.restart();
    context_.run_one_until(deadline);
  }
  net::testing::run_to_end(context_, server_->stop());
  net::testing::run_until_empty(group);
  EXPECT_EQ(server_->connections(), 0U);
}

net::Task<void> fetch(Url url, net::Duration timeout, Result<HttpResponse>& out) {
  out = co_await http_request("GET", std::move(url), net::Clock::now() + timeout);
}

TEST_F(HttpServerTest, ServesOurOwnClient) {
  start();
  Result<HttpResponse> response;
  const Url url{.endpoint = server_->local(), .target = "/hello"};
  net::testing::run_to_end(context_, fetch(url, std::chrono::seconds(10), response));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "/hello");
}

net::Task<HttpResponse> never(HttpRequest) {
  co_await net::sleep_for(std::chrono::minutes(10));
  co_return HttpResponse{};
}

TEST_F(HttpServerTest, ClientGivesUpAtItsDeadline) {
  HttpServerOptions options;
  options.endpoint = {"127.0.0.1", 0};
  server_ = *HttpServer::start(context_, options, never);
  Result<HttpResponse> response;
  net::testing::run_to_end(
      context_, fetch({.endpoint = server_->local(), .target = "/"}, net::Duration(50), response));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST(HttpServer, NamesTheAddressThatIsTaken) {
  net::IoContext context(1);
  auto taken = net::listen_tcp(context, {"127.0.0.1", 0});
  ASSERT_TRUE(taken);
  const auto server = HttpServer::start(context, {.endpoint = (*taken)->local()}, echo);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().to_string(), HasSubstr((*taken)->local().to_string()));
}

TEST(Url, TakesTheUsualForms) {
  EXPECT_EQ(parse_url("http://127.0.0.1:8083")->endpoint, (net::Endpoint{"127.0.0.1", 8083}));
  EXPECT_EQ(parse_url("host")->endpoint, (net::Endpoint{"host", 8083}));
  EXPECT_EQ(parse_url("http://[::1]:1/a?b")->endpoint, (net::Endpoint{"::1", 1}));
  EXPECT_EQ(parse_url("http://h:1/a?b")->target, "/a?b");
  for (const char* bad : {"", "http://", "https://h", "h:x", "h:70000", "h:", "[::1", "h:1/a b"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace ottla::observe
