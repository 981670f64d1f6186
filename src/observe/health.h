#pragma once
// What probes ask: /health and /ready, as pure functions of the status.

#include "flow/status/status.h"
#include "observe/http_message.h"

namespace ottla::observe {

// 200 while every flow is OK or DEGRADED, 503 as soon as one is STALLED or LOSING_DATA. `status`
// and `message` are those of Kafka Connect's health resource (KIP-1017); `health` and `flows` are
// ours.
HttpResponse health_response(const flow::ProcessStatus& status);

// 200 once the process can do its work (flow::ready), else 503 with what is missing.
HttpResponse ready_response(const flow::ProcessStatus& status);

}  // namespace ottla::observe
