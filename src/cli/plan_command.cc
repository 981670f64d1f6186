#include <CLI/App.hpp>
#include <memory>
#include <ostream>

#include "cli/commands.h"

namespace ottla::cli {
namespace {

int plan(const ConfigurationArguments& arguments, bool json, const Context& context) {
  const auto configuration = load_configuration(arguments, context.err);
  if (!configuration) return kWrongUsage;
  const Result<PlanOutput> made = context.engine.plan(*configuration);
  if (!made) {
    context.err << "ottla plan: " << made.error().to_string() << '\n';
    return kFailed;
  }
  context.out << (json ? made->json + "\n" : made->text);
  if (!made->complete) return kFailed;
  return made->has_problems ? kCheckSaysNo : kDone;
}

}  // namespace

void add_plan_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ConfigurationArguments>();
  const auto json = std::make_shared<bool>(false);
  CLI::App& command =
      *app.add_subcommand("plan", "Say what would be copied and what not, and why; change nothing");
  add_configuration_arguments(command, *arguments);
  command.add_flag("--json", *json, "JSON instead of text");
  command.callback([arguments, json, &context] {
    context.action = [arguments, json, &context] { return plan(*arguments, *json, context); };
  });
}

}  // namespace ottla::cli
