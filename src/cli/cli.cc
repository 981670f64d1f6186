#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <ostream>

#include "cli/commands.h"
#include "cli/logging.h"
#include "cli/suggestion.h"

namespace ottla::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the check says no.\n"
    "Environment: OTTLA_LOG sets the log level when --log-level does not.\n"
    "'ottla COMMAND --help' says more about a command.";

void add_commands(CLI::App& app, Context& context) {
  const Engine& engine = context.engine;
  if (engine.run) add_run_command(app, context);
  if (engine.plan) add_plan_command(app, context);
  if (engine.check) add_check_command(app, context);
  add_status_command(app, context);
  add_version_command(app, context);
}

// The first argument that is not an option: the command. Empty when there is none.
std::string command_of(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--log-level") {
      ++i;
    } else if (!arguments[i].starts_with('-')) {
      return arguments[i];
    }
  }
  return {};
}

// Why `command` is no command; empty when it is one.
std::string complaint(const CLI::App& app, const std::string& command) {
  std::vector<std::string> known;
  for (const CLI::App* sub : app.get_subcommands({})) known.push_back(sub->get_name());
  if (std::ranges::find(known, command) != known.end()) return {};
  std::string text = fmt::format("ottla: there is no command '{}'.", command);
  if (command.ends_with(".properties")) {
    text += fmt::format(" Did you mean 'ottla run {}'?", command);
  } else if (const auto near = nearest_word(command, known)) {
    text += fmt::format(" Did you mean '{}'?", *near);
  } else {
    text += fmt::format(" Commands: {}.", fmt::join(known, ", "));
  }
  return text;
}

int parse_and_run(CLI::App& app, Context& context, const std::vector<std::string>& arguments,
                  const std::string& log_level) {
  const std::string command = command_of(arguments);
  if (const std::string text = command.empty() ? "" : complaint(app, command); !text.empty()) {
    context.err << text << '\n';
    return kWrongUsage;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& e) {
    // Help and version arrive as errors with the code 0.
    if (e.get_exit_code() == 0) return app.exit(e, context.out, context.err);
    context.err << "ottla: " << e.what() << '\n'
                << "See ottla " << (command.empty() ? "" : command + " ") << "--help\n";
    return kWrongUsage;
  }
  if (const Status set = set_up_logging(log_level); !set) {
    context.err << "ottla: " << set.error().context << '\n';
    return kWrongUsage;
  }
  return context.action();
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments, const Engine& engine, std::ostream& out,
            std::ostream& err) {
  try {
    CLI::App app("Apache Kafka across datacenters: reads MirrorMaker 2's configuration files.",
                 "ottla");
    Context context{.engine = engine, .out = out, .err = err};
    std::string log_level;
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(kFooter);
    app.set_version_flag("--version", version_text(), "Same as 'ottla version'");
    app.add_option("--log-level", log_level, "trace, debug, info, warn, error, off (default: info)")
        ->type_name("LEVEL");
    add_commands(app, context);
    return parse_and_run(app, context, arguments, log_level);
  } catch (const std::exception& e) {
    err << "ottla: " << e.what() << '\n';
    return kFailed;
  }
}

}  // namespace ottla::cli
