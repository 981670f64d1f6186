#pragma once
// One HTTP/1.1 request and its response, over TCP or TLS, on a connection of its own. For token
// endpoints and calls of one ottla to another; not for bulk data.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/stream.h"
#include "net/tls.h"

namespace ottla::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http://… or https://…
  HttpHeaders headers = {};
  std::string body = {};
};

struct HttpResponse {
  unsigned status = 0;
  HttpHeaders headers;
  std::string body;
};

struct HttpOptions {
  Deadline deadline;  // for all of it, from the name look-up to the last byte
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::shared_ptr<TlsContext> tls = nullptr;  // needed for https
};

// Any status is a response; redirects are not followed. Errors: kInvalidInput (URL or header),
// kTimedOut, kLimitExceeded (body), kCorrupt (not HTTP), those of connect_tcp and handshake_client.
Task<Result<HttpResponse>> http_request(HttpRequest request, HttpOptions options);

}  // namespace ottla::net
