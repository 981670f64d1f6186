#pragma once
// `ottla check`: can every client of every flow do what the flow needs? Pure but for make_check.

#include "fleet/flow_survey.h"
#include "flow/status/check_report.h"

namespace ottla::fleet {

// Asks all clusters (seconds at most) and changes nothing.
flow::CheckReport make_check(const flow::Mm2Config& config);

// One item per cluster and login, then what is missing for each flow.
flow::CheckReport report_on(const std::vector<FlowSurvey>& surveys);

}  // namespace ottla::fleet
