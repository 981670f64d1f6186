#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <thread>

#include "base/wall_clock.h"
#include "cli/commands.h"
#include "flow/status/status_json.h"
#include "flow/status/text.h"
#include "observe/http_client.h"
#include "observe/live_table.h"

namespace ottla::cli {
namespace {

constexpr net::Duration kTimeout{10'000};
constexpr std::chrono::seconds kRefresh{1};

struct Arguments {
  std::string url = "http://127.0.0.1:8083";
  bool json = false;
  bool watch = false;
  bool health = false;
  std::size_t partitions_max = 20;
};

Result<std::string> fetch(observe::Url url) {
  while (url.target.ends_with('/')) url.target.pop_back();
  url.target += "/ottla/v1/status";
  const auto response = observe::http_request_blocking("GET", url, kTimeout);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) {
    return fail(BaseErrc::kUnavailable, fmt::format("{} answered HTTP {}; is it ottla run?",
                                                    url.endpoint.to_string(), response->status));
  }
  return response->body;
}

Result<flow::ProcessStatus> fetch_status(const observe::Url& url) {
  OTTLA_ASSIGN(const std::string body, fetch(url));
  return flow::process_status_from_json(body);
}

bool working(const flow::ProcessStatus& status) {
  return flow::health(status) < flow::FlowHealth::kStalled;
}

std::optional<observe::TerminalSize> terminal_size() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0 || size.ws_row == 0) {
    return std::nullopt;
  }
  return observe::TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

// Shows the table until the user interrupts. On a terminal it stays in place; into a file or a pipe
// it is repeated, without colors.
[[noreturn]] void watch(const observe::Url& url, std::ostream& out) {
  while (true) {
    const auto size = terminal_size();
    const bool color = size && std::getenv("NO_COLOR") == nullptr;
    const Result<flow::ProcessStatus> status = fetch_status(url);
    if (size) out << "\x1b[H\x1b[2J";
    if (status) {
      out << observe::live_table(
          *status, {.size = size.value_or(observe::TerminalSize{.columns = 160, .rows = 40}),
                    .color = color,
                    .now_ms = wall_clock_ms()});
    } else {
      out << flow::printable(status.error().to_string());
    }
    if (!size) out << "\n\n";
    out.flush();
    std::this_thread::sleep_for(kRefresh);
  }
}

int show(const Arguments& arguments, const Context& context) {
  const auto url = observe::parse_url(arguments.url);
  if (!url) {
    context.err << "ottla status: " << url.error().to_string() << '\n';
    return kWrongUsage;
  }
  if (arguments.watch) watch(*url, context.out);
  const Result<std::string> body = fetch(*url);
  Result<flow::ProcessStatus> status =
      body ? flow::process_status_from_json(*body) : std::unexpected(body.error());
  if (!status) {
    context.err << "ottla status: " << status.error().to_string() << '\n'
                << "Is 'ottla run' running, and is --url its listener?\n";
    return kFailed;
  }
  if (arguments.json) {
    context.out << *body << '\n';
  } else if (arguments.health) {
    context.out << name(flow::health(*status)) << '\n';
  } else {
    context.out << to_text(*status,
                           {.now_ms = wall_clock_ms(), .partitions_max = arguments.partitions_max});
  }
  return arguments.health && !working(*status) ? kCheckSaysNo : kDone;
}

}  // namespace

void add_status_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("status", "Ask a running process how it is doing");
  command.add_option("--url", arguments->url, "REST listener of the process")
      ->capture_default_str()
      ->type_name("URL");
  auto* json = command.add_flag("--json", arguments->json, "JSON instead of text");
  command.add_flag("--watch", arguments->watch, "Show a live table until interrupted")
      ->excludes(json);
  command.add_flag("--health", arguments->health,
                   "Say the health in one word; exit with 3 if STALLED or LOSING_DATA");
  command.add_option("--partitions", arguments->partitions_max, "Rows of partitions per flow")
      ->capture_default_str()
      ->type_name("N");
  command.callback([arguments, &context] {
    context.action = [arguments, &context] { return show(*arguments, context); };
  });
}

}  // namespace ottla::cli
