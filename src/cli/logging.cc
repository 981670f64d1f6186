#include "cli/logging.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace ottla::cli {
namespace {

using spdlog::level::level_enum;
constexpr std::array<std::pair<std::string_view, level_enum>, 6> kLevels = {{
    {"trace", level_enum::trace},
    {"debug", level_enum::debug},
    {"info", level_enum::info},
    {"warn", level_enum::warn},
    {"error", level_enum::err},
    {"off", level_enum::off},
}};

}  // namespace

Status set_up_logging(const std::string& level) {
  const char* variable = std::getenv("OTTLA_LOG");
  const bool from_variable = level.empty() && variable != nullptr;
  std::string wanted = from_variable ? variable : level;
  if (wanted.empty()) wanted = "info";
  for (const auto& [name, value] : kLevels) {
    if (name != wanted) continue;
    static const auto logger = std::make_shared<spdlog::logger>(
        "ottla", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%-5!l%$ %v");
    logger->set_level(value);
    logger->flush_on(level_enum::info);
    spdlog::set_default_logger(logger);
    return {};
  }
  return fail(BaseErrc::kInvalidInput,
              fmt::format("{} is '{}'; expected trace, debug, info, warn, error or off",
                          from_variable ? "OTTLA_LOG" : "--log-level", wanted));
}

}  // namespace ottla::cli
