#include "observe/router.h"

namespace ottla::observe {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

bool matches(const std::vector<std::string>& pattern, HttpRequest& request) {
  if (pattern.size() != request.segments.size()) return false;
  request.parameters.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i])) {
      request.parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2),
                                      request.segments[i]);
    } else if (pattern[i] != request.segments[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, HttpHandler handler) {
  HttpRequest split;
  parse_target(pattern, split);
  routes_.push_back({std::move(method), std::move(split.segments), std::move(handler)});
}

net::Task<HttpResponse> Router::handle(HttpRequest request) const {
  std::string allowed;
  for (const Route& route : routes_) {
    if (!matches(route.segments, request)) continue;
    if (route.method == request.method) co_return co_await route.handler(std::move(request));
    if (allowed.find(route.method) == std::string::npos) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
  }
  if (allowed.empty()) co_return error_response(404, "HTTP 404 Not Found");
  HttpResponse response = error_response(405, "HTTP 405 Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  co_return response;
}

}  // namespace ottla::observe
