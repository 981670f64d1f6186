#include <boost/json/serialize.hpp>
#include <iostream>

#include "cli/cli.h"
#include "cli/serve.h"
#include "fleet/checker.h"
#include "fleet/plan_maker.h"

namespace {

ottla::Result<ottla::cli::PlanOutput> plan(const ottla::cli::Configuration& configuration) {
  const ottla::fleet::MadePlan made =
      ottla::fleet::make_plan(configuration.config, configuration.file, configuration.findings);
  return ottla::cli::PlanOutput{
      .text = plan_to_text(made.plan),
      .json = boost::json::serialize(plan_to_json(made.plan)),
      .complete = made.complete,
      .has_problems = made.plan.has_problems(),
  };
}

ottla::Result<ottla::flow::CheckReport> check(const ottla::cli::Configuration& configuration) {
  return ottla::fleet::make_check(configuration.config);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  ottla::cli::Engine engine;
  engine.run = ottla::cli::serve;
  engine.plan = plan;
  engine.check = check;
  return ottla::cli::run_cli(arguments, engine, std::cout, std::cerr);
}
