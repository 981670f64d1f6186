#include <CLI/App.hpp>
#include <memory>
#include <ostream>

#include "cli/commands.h"

namespace ottla::cli {
namespace {

int check(const ConfigurationArguments& arguments, bool json, const Context& context) {
  const auto configuration = load_configuration(arguments, context.err);
  if (!configuration) return kWrongUsage;
  const Result<flow::CheckReport> report = context.engine.check(*configuration);
  if (!report) {
    context.err << "ottla check: " << report.error().to_string() << '\n';
    return kFailed;
  }
  context.out << (json ? to_json(*report) + "\n" : to_text(*report));
  return report->ok() ? kDone : kCheckSaysNo;
}

}  // namespace

void add_check_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ConfigurationArguments>();
  const auto json = std::make_shared<bool>(false);
  CLI::App& command = *app.add_subcommand(
      "check", "Try connections, permissions and settings; exit with 3 if something is missing");
  add_configuration_arguments(command, *arguments);
  command.add_flag("--json", *json, "JSON instead of text");
  command.callback([arguments, json, &context] {
    context.action = [arguments, json, &context] { return check(*arguments, *json, context); };
  });
}

}  // namespace ottla::cli
