#pragma once
// Metrics as Prometheus text (format 0.0.4), a pure function of the status.
//
// kafka_connect_mirror_*: the names that the usual jmx-exporter rules (lower case) give MM2's
// beans, so that existing dashboards keep working; `topic` is the name on the target, as in MM2.
// ottla_*: what MM2 has no metric for; `topic` is the name on the source. docs/metrics.md lists
// all.

#include <string>

#include "flow/status/status.h"

namespace ottla::observe {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const flow::ProcessStatus& status);

// process_* of this process (CPU, memory, descriptors), as Prometheus's client libraries name them.
std::string process_metrics_text();

}  // namespace ottla::observe
