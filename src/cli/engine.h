#pragma once
// The seam between the commands and the engine: main.cc fills it with what src/fleet offers, tests
// with fakes. A command whose function is not set is not offered.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/config/mm2_config.h"
#include "flow/status/check_report.h"

namespace ottla::cli {

// A configuration file that has been read without an error.
struct Configuration {
  std::string file;                   // as given; read again on SIGHUP
  std::vector<std::string> clusters;  // --clusters; empty: all targets
  flow::Mm2Config config;
  std::vector<flow::ConfigFinding> findings;  // remarks, no errors
};

struct PlanOutput {
  std::string text;
  std::string json;
  bool complete = true;       // false: a cluster could not be asked
  bool has_problems = false;  // something stands in the way
};

struct Engine {
  // Runs until SIGTERM or SIGINT; the result is the exit code.
  std::function<int(const Configuration&)> run;
  std::function<Result<PlanOutput>(const Configuration&)> plan;
  std::function<Result<flow::CheckReport>(const Configuration&)> check;
};

}  // namespace ottla::cli
