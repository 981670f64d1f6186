#include <fmt/format.h>

#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "flow/status/build_info.h"

namespace ottla::cli {
namespace {

std::string version_json() {
  return boost::json::serialize(boost::json::object{{"name", "ottla"},
                                                    {"version", flow::build_version()},
                                                    {"commit", flow::build_commit()},
                                                    {"compiler", "clang " __clang_version__}});
}

}  // namespace

std::string version_text() {
  return fmt::format("ottla {} (commit {}, clang {})", flow::build_version(), flow::build_commit(),
                     __clang_version__);
}

void add_version_command(CLI::App& app, Context& context) {
  const auto json = std::make_shared<bool>(false);
  CLI::App& command = *app.add_subcommand("version", "Say which build this is");
  command.add_flag("--json", *json, "JSON instead of text");
  command.callback([json, &context] {
    context.action = [json, &context]() -> int {
      context.out << (*json ? version_json() : version_text()) << '\n';
      return kDone;
    };
  });
}

}  // namespace ottla::cli
