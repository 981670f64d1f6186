#pragma once
// One HTTP request to a running process: for `ottla status` and tests. http:// only.

#include "net/stream.h"
#include "observe/http_message.h"

namespace ottla::observe {

struct Url {
  net::Endpoint endpoint;
  std::string target;  // path and query, at least "/"
};

// "http://127.0.0.1:8083/x", "127.0.0.1:8083", "http://[::1]:8083"; the port defaults to 8083.
Result<Url> parse_url(std::string_view text);

// Errors: kUnavailable with the address, kTimedOut, kCorrupt for an answer that isn't HTTP. Any
// status of HTTP is a response.
net::Task<Result<HttpResponse>> http_request(std::string method, Url url, net::Deadline deadline);

// The same from a plain function: runs a context of its own until the answer is there.
Result<HttpResponse> http_request_blocking(std::string method, Url url, net::Duration timeout);

}  // namespace ottla::observe
