#pragma once
// FlowSurvey: what all clients of one flow see, for `ottla plan` and `ottla check`. The only file
// of the two that talks to brokers; what follows from a survey is computed by pure functions.

#include <chrono>
#include <map>
#include <vector>

#include "fleet/cluster_survey.h"
#include "flow/config/mm2_config.h"

namespace ottla::fleet {

struct FlowSurvey {
  const flow::FlowSettings* settings = nullptr;
  // By the clients that discover and create, with settings and defaults.
  ClusterSurvey source_admin;
  ClusterSurvey target_admin;
  // By the clients of the data path: reached or not, and rights.
  ClusterSurvey source_reader;
  ClusterSurvey target_writer;
  // What could not be found out although the clusters answer.
  std::vector<std::string> troubles;

  [[nodiscard]] bool reached() const {
    return !source_admin.error && !target_admin.error && !source_reader.error &&
           !target_writer.error;
  }
};

// Surveys all flows side by side, on a runtime of its own. What has not answered within `limit` is
// an error in the survey. Blocks; creates and changes nothing.
std::vector<FlowSurvey> survey_flows(const flow::Mm2Config& config,
                                     std::chrono::milliseconds limit);

}  // namespace ottla::fleet
