#include <CLI/App.hpp>
#include <memory>

#include "cli/commands.h"

namespace ottla::cli {
namespace {

int run(const ConfigurationArguments& arguments, const Context& context) {
  const auto configuration = load_configuration(arguments, context.err);
  if (!configuration) return kWrongUsage;
  return context.engine.run(*configuration);
}

}  // namespace

void add_run_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ConfigurationArguments>();
  CLI::App& command = *app.add_subcommand("run", "Copy between clusters until told to stop");
  command.footer(
      "SIGTERM and SIGINT finish what is under way, store positions and end with 0.\n"
      "Status: ottla status, and http://127.0.0.1:8083/ui");
  add_configuration_arguments(command, *arguments);
  command.callback([arguments, &context] {
    context.action = [arguments, &context] { return run(*arguments, context); };
  });
}

}  // namespace ottla::cli
