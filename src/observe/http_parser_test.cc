#include "observe/http_parser.h"

#include <gtest/gtest.h>

#include <random>

namespace ottla::observe {
namespace {

using State = RequestParser::State;

// Feeds in pieces of `step` bytes, keeping what was not consumed, as the server does.
State feed_in_steps(RequestParser& parser, std::string_view bytes, std::size_t step) {
  std::string arrived;
  for (std::size_t at = 0; at < bytes.size() && parser.state() == State::kNeedMore; at += step) {
    arrived += bytes.substr(at, step);
    arrived.erase(0, parser.feed(arrived));
  }
  return parser.state();
}

int failure_of(std::string_view bytes, const HttpParserLimits& limits = {}) {
  RequestParser parser(limits);
  return feed_in_steps(parser, bytes, 1024) == State::kFailed ? parser.failure().status : 0;
}

TEST(RequestParser, TakesARequestInPiecesOfAnySize) {
  const std::string_view bytes =
      "PUT /connectors/a%20b/pause?x=1&y=a+b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    RequestParser parser{HttpParserLimits{}};
    ASSERT_EQ(feed_in_steps(parser, bytes, step), State::kDone) << step;
    EXPECT_TRUE(parser.keep_alive());
    const HttpRequest request = parser.take();
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.segments, (std::vector<std::string>{"connectors", "a b", "pause"}));
    EXPECT_EQ(request.query_value("y"), "a b");
    EXPECT_EQ(request.body, "body");
  }
}

TEST(RequestParser, TakesChunkedBodies) {
  RequestParser parser{HttpParserLimits{}};
  const std::string_view bytes =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  ASSERT_EQ(feed_in_steps(parser, bytes, 7), State::kDone);
  EXPECT_EQ(parser.take().body, "abc");
}

TEST(RequestParser, RefusesWhatIsTooLarge) {
  const HttpParserLimits limits{.header_bytes_max = 1000, .body_bytes_max = 100};
  EXPECT_EQ(failure_of("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x'), limits), 431);
  EXPECT_EQ(failure_of("GET /" + std::string(2000, 'x'), limits), 431);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", limits), 413);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" +
                           std::string(4095, 'x'),
                       limits),
            413);
}

TEST(RequestParser, RefusesWhatIsMalformed) {
  EXPECT_EQ(failure_of("hello\r\n\r\n"), 400);
  EXPECT_EQ(failure_of("GET / HTTP/1.1\r\n\r\n"), 400);  // no Host
  EXPECT_EQ(failure_of("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(failure_of("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(failure_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_NE(failure_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n"),
            0);
}

TEST(RequestParser, RefusesChangesFromPagesOfOtherSites) {
  const std::string_view rest = " /x HTTP/1.1\r\nHost: h:1\r\nOrigin: http://";
  EXPECT_EQ(failure_of("PUT" + std::string(rest) + "evil\r\n\r\n"), 403);
  EXPECT_EQ(failure_of("PUT" + std::string(rest) + "h:1\r\n\r\n"), 0);
  EXPECT_EQ(failure_of("GET" + std::string(rest) + "evil\r\n\r\n"), 0);
}

TEST(RequestParser, SurvivesRandomDamage) {
  const std::string good =
      "PUT /connectors/a/pause?x=%41 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (unsigned hits = 1 + random() % 4; hits > 0; --hits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    RequestParser parser({.header_bytes_max = 512, .body_bytes_max = 64});
    feed_in_steps(parser, bytes, 1 + random() % 40);
    if (parser.state() == State::kFailed) EXPECT_GE(parser.failure().status, 400);
  }
}

TEST(ResponseParser, ReadsBackWhatResponseBytesWrote) {
  const HttpResponse response{.status = 503, .content_type = "text/plain", .body = "no"};
  ResponseParser parser(1000);
  parser.feed(response_bytes(response, true, false));
  ASSERT_TRUE(parser.done()) << parser.error();
  const HttpResponse back = parser.take();
  EXPECT_EQ(back.status, 503);
  EXPECT_EQ(back.content_type, "text/plain");
  EXPECT_EQ(back.body, "no");
}

TEST(PercentEncoding, RoundTripsThroughATarget) {
  const std::string name = "a/b %?ü";
  HttpRequest request;
  ASSERT_TRUE(parse_target("/" + percent_encode(name), request));
  EXPECT_EQ(request.segments, std::vector<std::string>{name});
}

}  // namespace
}  // namespace ottla::observe
