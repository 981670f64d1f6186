#pragma once
// `ottla plan`: from the survey of a flow to what the flow would do. Pure but for make_plan.

#include <string>
#include <vector>

#include "fleet/flow_survey.h"
#include "flow/rules/plan.h"

namespace ottla::fleet {

struct MadePlan {
  flow::Plan plan;
  bool complete = true;  // false: a cluster could not be asked
};

// Asks all clusters (seconds at most) and changes nothing.
MadePlan make_plan(const flow::Mm2Config& config, std::string file_name,
                   std::vector<flow::ConfigFinding> findings);

flow::FlowPlan plan_flow(const FlowSurvey& survey);

// Which way the batches of a topic take and why, as far as its settings tell.
std::string copy_path(const flow::FlowSettings& settings,
                      const std::vector<flow::TopicConfigEntry>& source,
                      const std::vector<flow::TopicConfigEntry>* target);

}  // namespace ottla::fleet
