#include <CLI/App.hpp>
#include <ostream>

#include "base/log.h"
#include "cli/commands.h"

namespace ottla::cli {
namespace {

void log_findings(const std::string& file, const std::vector<flow::ConfigFinding>& findings) {
  for (const flow::ConfigFinding& f : findings) {
    const std::string where = f.line > 0 ? fmt::format("{}:{}", file, f.line) : file;
    const auto level =
        f.kind == flow::FindingKind::kHint ? spdlog::level::info : spdlog::level::warn;
    spdlog::log(level, "{}: {}: {} ({})", where, f.key, f.text, finding_kind_name(f.kind));
  }
}

}  // namespace

void add_configuration_arguments(CLI::App& command, ConfigurationArguments& into) {
  command.add_option("FILE", into.file, "MirrorMaker 2 properties file")->required();
  command
      .add_option("--clusters", into.clusters,
                  "Serve only flows to these target clusters (default: all)")
      ->delimiter(',')
      ->type_name("ALIAS...");
}

std::optional<Configuration> load_configuration(const ConfigurationArguments& arguments,
                                                std::ostream& err) {
  flow::SystemConfigFiles files;
  auto outcome = flow::Mm2Config::load(arguments.file, arguments.clusters, files);
  if (!outcome) {
    err << outcome.error().to_string() << '\n';
    return std::nullopt;
  }
  if (!outcome->config) {
    err << outcome->errors(arguments.file) << '\n';
    return std::nullopt;
  }
  log_findings(arguments.file, outcome->findings);
  return Configuration{.file = arguments.file,
                       .clusters = arguments.clusters,
                       .config = *std::move(outcome->config),
                       .findings = std::move(outcome->findings)};
}

}  // namespace ottla::cli
