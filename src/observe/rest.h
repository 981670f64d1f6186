#pragma once
// The REST surface of a process: Kafka Connect's answers for MM2's connectors, health and readiness
// for probes, metrics, and Ottla's own /ottla/v1. docs/rest.md lists the routes.
//
// One Rest per process, on shard 0. Each request takes one snapshot and renders it.

#include <memory>

#include "flow/status/control.h"
#include "observe/http_server.h"

namespace ottla::observe {

class Rest {
 public:
  // `control` outlives this object.
  static Result<std::unique_ptr<Rest>> start(net::IoContext& context, HttpServerOptions options,
                                             flow::ProcessControl& control);
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

  [[nodiscard]] const net::Endpoint& local() const;
  // Call before the context stops, and wait for it.
  net::Task<void> stop();

 private:
  struct State;
  explicit Rest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ottla::observe
