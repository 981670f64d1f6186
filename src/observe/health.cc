#include "observe/health.h"

#include <boost/json.hpp>

#include "flow/status/summary.h"

namespace ottla::observe {
namespace {

namespace json = boost::json;
using flow::FlowHealth;
using flow::FlowStatus;

json::array flow_reasons(const flow::ProcessStatus& status) {
  json::array flows;
  for (const FlowStatus& flow : status.flows) {
    json::array reasons;
    for (const std::string& reason : flow.reasons) reasons.push_back(json::value(reason));
    flows.push_back(json::object{{"flow", flow.flow()},
                                 {"health", name(flow.health)},
                                 {"paused", flow.paused},
                                 {"reasons", std::move(reasons)}});
  }
  return flows;
}

std::string message(const flow::ProcessStatus& status, FlowHealth worst) {
  if (worst == FlowHealth::kOk) return "All flows are OK.";
  for (const FlowStatus& flow : status.flows) {
    if (flow.health != worst) continue;
    const std::string state = flow.flow() + " is " + std::string(name(worst));
    return flow.reasons.empty() ? state + "." : state + ": " + flow.reasons.front();
  }
  return {};
}

std::string missing(const flow::ProcessStatus& status) {
  if (status.flows.empty()) return "No flow has started yet.";
  for (const FlowStatus& flow : status.flows) {
    if (flow.clusters.empty()) return flow.flow() + " has not reached its clusters yet.";
    for (const flow::ClusterReach& cluster : flow.clusters) {
      if (cluster.reachable) continue;
      return flow.flow() + ": cluster " + cluster.alias + " is not reachable: " + cluster.detail;
    }
  }
  return "Partitions are still starting.";
}

}  // namespace

HttpResponse health_response(const flow::ProcessStatus& status) {
  const FlowHealth worst = flow::health(status);
  const bool healthy = worst < FlowHealth::kStalled;
  return {.status = healthy ? 200 : 503,
          .body = json::serialize(json::object{{"status", healthy ? "healthy" : "unhealthy"},
                                               {"message", message(status, worst)},
                                               {"health", name(worst)},
                                               {"flows", flow_reasons(status)}})};
}

HttpResponse ready_response(const flow::ProcessStatus& status) {
  const bool is_ready = flow::ready(status);
  const std::string why = is_ready ? "Ready." : missing(status);
  return {.status = is_ready ? 200 : 503,
          .body = json::serialize(json::object{{"ready", is_ready}, {"message", why}})};
}

}  // namespace ottla::observe
