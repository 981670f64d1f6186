#pragma once
// For tests only: raw bytes to a server, and everything that it answers until it closes.

#include <gtest/gtest.h>

#include "net/testing.h"
#include "observe/http_server.h"

namespace ottla::observe::testing {

inline net::Task<void> exchange(net::Endpoint server, std::string bytes, std::string& answer) {
  auto stream = co_await net::connect_tcp(server, net::Clock::now() + std::chrono::seconds(10));
  EXPECT_TRUE(stream);
  if (!stream) co_return;
  Bytes rest = as_bytes(bytes);
  while (!rest.empty()) {
    const Result<std::size_t> n = co_await (*stream)->write_some({&rest, 1});
    if (!n) break;
    rest = rest.subspan(*n);
  }
  std::byte buffer[4096];
  while (true) {
    const Result<std::size_t> n = co_await (*stream)->read_some(buffer);
    if (!n) break;
    answer += as_string_view(Bytes(buffer, *n));
  }
}

// All of `requests` at once, each on a connection of its own; waits until all are answered.
inline std::vector<std::string> exchange_all(net::IoContext& context, net::Endpoint server,
                                             const std::vector<std::string>& requests) {
  std::vector<std::string> answers(requests.size());
  net::TaskGroup group(context);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    group.spawn("client", exchange(server, requests[i], answers[i]));
  }
  net::testing::run_until_empty(group);
  return answers;
}

inline std::string exchange_one(net::IoContext& context, net::Endpoint server, std::string bytes) {
  return exchange_all(context, std::move(server), {std::move(bytes)})[0];
}

inline std::string request(std::string_view method, std::string_view target) {
  return std::string(method) + " " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
}

}  // namespace ottla::observe::testing
