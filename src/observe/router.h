#pragma once
// Routes: a method and a pattern of path segments, "{name}" for one that is a parameter.

#include <functional>
#include <string>
#include <vector>

#include "observe/http_server.h"

namespace ottla::observe {

class Router {
 public:
  // The first route added that matches wins.
  void add(std::string method, std::string_view pattern, HttpHandler handler);

  // 404 when no pattern matches, 405 with Allow when only the method does not.
  net::Task<HttpResponse> handle(HttpRequest request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    HttpHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace ottla::observe
