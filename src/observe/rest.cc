#include "observe/rest.h"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <functional>

#include "flow/status/build_info.h"
#include "flow/status/status_json.h"
#include "observe/connect_api.h"
#include "observe/health.h"
#include "observe/metrics.h"
#include "observe/router.h"
#include "observe/web_page.h"

namespace ottla::observe {
namespace {

namespace json = boost::json;
using flow::FlowStatus;
using flow::ProcessControl;
using flow::ProcessStatus;

constexpr net::Duration kSnapshotTimeout{10'000};

// The flows that a request is about: those of /{source}/{target}/…, or of ?flow=A->B, or all.
std::vector<const FlowStatus*> select_flows(const ProcessStatus& status,
                                            const HttpRequest& request) {
  std::string wanted = request.query_value("flow").value_or("");
  if (const std::string source = request.parameter("source"); !source.empty()) {
    wanted = source + "->" + request.parameter("target");
  }
  std::vector<const FlowStatus*> flows;
  for (const FlowStatus& flow : status.flows) {
    if (wanted.empty() || flow.flow() == wanted) flows.push_back(&flow);
  }
  return flows;
}

struct Call {
  const ProcessStatus& status;
  const HttpRequest& request;
  std::vector<const FlowStatus*> flows;
  ProcessControl& control;
  // Set for routes with {connector}; its name as the caller spelled it.
  Connector connector = Connector::kSource;
  std::string name{};
};

using Render = HttpResponse (*)(const Call&);

HttpResponse json_response(std::string body) {
  return {.body = std::move(body)};
}

// --- resources of the process

HttpResponse root(const Call& call) {
  std::string cluster_id;
  for (const FlowStatus* flow : call.flows) {
    for (const flow::ClusterReach& cluster : flow->clusters) {
      // Connect's own cluster is the one it writes to.
      if (cluster_id.empty() && cluster.alias == flow->target) cluster_id = cluster.cluster_id;
    }
  }
  return json_response(json::serialize(json::object{{"version", call.status.version},
                                                    {"commit", flow::build_commit()},
                                                    {"kafka_cluster_id", cluster_id}}));
}

HttpResponse health(const Call& call) {
  return health_response(call.status);
}
HttpResponse ready(const Call& call) {
  return ready_response(call.status);
}
HttpResponse status(const Call& call) {
  return json_response(to_json(call.status));
}
HttpResponse ledger(const Call& call) {
  return json_response(ledger_to_json(call.status));
}

HttpResponse metrics(const Call& call) {
  return {.content_type = kMetricsContentType,
          .body = metrics_text(call.status) + process_metrics_text()};
}

// --- connectors

HttpResponse connectors(const Call& call) {
  bool with_status = false;
  bool with_info = false;
  for (const auto& [key, value] : call.request.query) {
    if (key != "expand") continue;
    with_status = with_status || value == "status";
    with_info = with_info || value == "info";
  }
  if (!with_status && !with_info) return json_response(connector_list_json());
  return json_response(connector_expand_json(call.flows, with_status, with_info));
}

HttpResponse connector_info(const Call& call) {
  return json_response(connector_info_json(call.connector, call.name, call.flows));
}
HttpResponse connector_config(const Call& call) {
  return json_response(connector_config_json(call.connector, call.name, call.flows));
}
HttpResponse connector_status(const Call& call) {
  return json_response(connector_status_json(call.connector, call.name, call.flows));
}
HttpResponse connector_tasks(const Call& call) {
  return json_response(connector_tasks_json(call.connector, call.name, call.flows));
}
HttpResponse connector_topics(const Call& call) {
  return json_response(connector_topics_json(call.connector, call.name, call.flows));
}
HttpResponse connector_offsets(const Call& call) {
  return json_response(connector_offsets_json(call.connector, call.flows));
}

std::optional<std::size_t> task_number(const Call& call) {
  const std::string text = call.request.parameter("task");
  std::size_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

HttpResponse no_such_task(const Call& call) {
  return error_response(
      404, "No status found for task " + call.name + "-" + call.request.parameter("task"));
}

HttpResponse task_status(const Call& call) {
  const auto number = task_number(call);
  if (!number) return no_such_task(call);
  auto body = task_status_json(call.connector, call.flows, *number);
  return body ? json_response(*std::move(body)) : no_such_task(call);
}

using Action = Status (ProcessControl::*)(const std::string&);

// A flow is paused, resumed and restarted as a whole, through its source connector.
HttpResponse act(const Call& call, Action action, const std::vector<const FlowStatus*>& flows,
                 int done) {
  if (call.connector != Connector::kSource) {
    return error_response(501,
                          "Ottla pauses, resumes and restarts a flow as a whole: address "
                          "MirrorSourceConnector instead of " +
                              call.name + ".");
  }
  for (const FlowStatus* flow : flows) {
    if (const Status result = (call.control.*action)(flow->flow()); !result) {
      const bool unknown = result.error().code == make_error_code(BaseErrc::kInvalidInput);
      return error_response(unknown ? 404 : 500, result.error().to_string());
    }
  }
  HttpResponse response;
  response.status = done;
  return response;
}

HttpResponse pause(const Call& call) {
  return act(call, &ProcessControl::pause, call.flows, 202);
}
HttpResponse resume(const Call& call) {
  return act(call, &ProcessControl::resume, call.flows, 202);
}
HttpResponse restart(const Call& call) {
  return act(call, &ProcessControl::restart, call.flows, 204);
}
HttpResponse restart_task(const Call& call) {
  const auto number = task_number(call);
  const auto with_task = task_flows(call.connector, call.flows);
  if (!number || *number >= with_task.size()) return no_such_task(call);
  return act(call, &ProcessControl::restart, {with_task[*number]}, 204);
}

// --- from a request to its answer

struct Answer {
  explicit Answer(net::IoContext& context) : event(context) {}
  net::Event event;
  std::optional<ProcessStatus> status;
};

net::Task<Result<ProcessStatus>> take_snapshot(net::IoContext& context, ProcessControl& control) {
  const auto answer = std::make_shared<Answer>(context);
  // The answer may come from another thread, and after we have given up.
  control.snapshot([answer, &context](ProcessStatus s) {
    boost::asio::post(context, [answer, taken = std::move(s)]() mutable {
      answer->status = std::move(taken);
      answer->event.notify_all();
    });
  });
  const net::Deadline deadline = net::Clock::now() + kSnapshotTimeout;
  while (!answer->status) {
    OTTLA_CO_TRY(co_await answer->event.wait(deadline));
  }
  co_return *std::move(answer->status);
}

HttpResponse render_connector(Call& call, Render render) {
  const auto connector = connector_of(call.name);
  if (!connector) return error_response(404, "Connector " + call.name + " not found");
  call.connector = *connector;
  return render(call);
}

net::Task<HttpResponse> respond(net::IoContext& context, ProcessControl& control, Render render,
                                HttpRequest request) {
  const Result<ProcessStatus> status = co_await take_snapshot(context, control);
  if (!status) co_return error_response(503, "No status: " + status.error().to_string());
  Call call{.status = *status,
            .request = request,
            .flows = select_flows(*status, request),
            .control = control};
  const bool narrowed = request.query_value("flow") || !request.parameter("source").empty();
  if (narrowed && call.flows.empty()) {
    co_return error_response(404, "There is no such flow in this process.");
  }
  call.name = request.parameter("connector");
  co_return call.name.empty() ? render(call) : render_connector(call, render);
}

net::Task<HttpResponse> page(HttpRequest) {
  co_return HttpResponse{.content_type = "text/html; charset=utf-8",
                         .body = std::string(web_page())};
}

}  // namespace

struct Rest::State {
  net::IoContext& context;
  ProcessControl& control;
  Router router{};
  std::unique_ptr<HttpServer> server{};

  void route(std::string method, std::string_view pattern, Render render) {
    router.add(std::move(method), pattern, [this, render](HttpRequest request) {
      return respond(context, control, render, std::move(request));
    });
  }

  void connector_routes(const std::string& base) {
    const std::string one = base + "/connectors/{connector}";
    route("GET", base + "/connectors", connectors);
    route("GET", one, connector_info);
    route("GET", one + "/config", connector_config);
    route("GET", one + "/status", connector_status);
    route("GET", one + "/tasks", connector_tasks);
    route("GET", one + "/topics", connector_topics);
    route("GET", one + "/offsets", connector_offsets);
    route("GET", one + "/tasks/{task}/status", task_status);
    route("PUT", one + "/pause", pause);
    route("PUT", one + "/resume", resume);
    route("POST", one + "/restart", restart);
    route("POST", one + "/tasks/{task}/restart", restart_task);
  }

  void all_routes() {
    route("GET", "/", root);
    route("GET", "/health", health);
    route("GET", "/ready", ready);
    route("GET", "/metrics", metrics);
    route("GET", "/ottla/v1/status", status);
    route("GET", "/ottla/v1/ledger", ledger);
    router.add("GET", "/ui", page);
    connector_routes("");
    // MM2's own form in dedicated mode, where one process serves several flows.
    connector_routes("/{source}/{target}");
  }
};

Rest::Rest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rest::~Rest() = default;

Result<std::unique_ptr<Rest>> Rest::start(net::IoContext& context, HttpServerOptions options,
                                          ProcessControl& control) {
  auto state = std::unique_ptr<State>(new State{.context = context, .control = control});
  state->all_routes();
  const Router& router = state->router;
  auto server = HttpServer::start(context, std::move(options), [&router](HttpRequest request) {
    return router.handle(std::move(request));
  });
  if (!server) return std::unexpected(std::move(server).error());
  state->server = *std::move(server);
  return std::unique_ptr<Rest>(new Rest(std::move(state)));
}

const net::Endpoint& Rest::local() const {
  return state_->server->local();
}

net::Task<void> Rest::stop() {
  co_await state_->server->stop();
}

}  // namespace ottla::observe
