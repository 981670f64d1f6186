#pragma once
// One function per command: declares it to CLI11 and says what to do when it is chosen.

#include <functional>
#include <iosfwd>
#include <optional>

#include "cli/cli.h"

namespace CLI {
class App;
}

namespace ottla::cli {

struct Context {
  const Engine& engine;
  std::ostream& out;
  std::ostream& err;
  std::function<int()> action{};  // of the chosen command; runs after parsing
};

void add_run_command(CLI::App& app, Context& context);
void add_plan_command(CLI::App& app, Context& context);
void add_check_command(CLI::App& app, Context& context);
void add_status_command(CLI::App& app, Context& context);
void add_version_command(CLI::App& app, Context& context);

// "ottla 0.1.0 (commit …, clang …)"
std::string version_text();

// Declares FILE and --clusters.
struct ConfigurationArguments {
  std::string file{};
  std::vector<std::string> clusters{};
};
void add_configuration_arguments(CLI::App& command, ConfigurationArguments& into);

// Reads the file. Errors go to `err` (each with file and line), remarks to the log; nothing: exit
// with kWrongUsage.
std::optional<Configuration> load_configuration(const ConfigurationArguments& arguments,
                                                std::ostream& err);

}  // namespace ottla::cli
