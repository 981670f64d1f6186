#include "cli/serve.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <memory>

#include "base/log.h"
#include "base/wall_clock.h"
#include "cli/cli.h"
#include "fleet/process.h"
#include "observe/live_table.h"
#include "observe/rest.h"

namespace ottla::cli {
namespace {

constexpr std::chrono::milliseconds kTablePeriod{1000};

observe::TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

// Draws over what it drew before. One snapshot at a time.
net::Task<void> show_table(flow::ProcessControl* control) {
  auto drawn = std::make_shared<bool>(true);
  while (co_await net::sleep_for(kTablePeriod)) {
    if (!*drawn) continue;
    *drawn = false;
    control->snapshot([drawn](const flow::ProcessStatus& status) {
      observe::LiveTableOptions options;
      options.size = terminal_size();
      options.now_ms = wall_clock_ms();
      std::cout << "\x1b[H\x1b[2J" << observe::live_table(status, options) << std::flush;
      *drawn = true;
    });
  }
}

std::vector<std::string> notes_of(const Configuration& configuration) {
  std::vector<std::string> notes;
  for (const flow::ConfigFinding& finding : configuration.findings) {
    notes.push_back(
        fmt::format("{}:{}: {}: {}", configuration.file, finding.line, finding.key, finding.text));
  }
  return notes;
}

// What hangs on a running process.
class Attachments {
 public:
  explicit Attachments(const Configuration& configuration) : configuration_(configuration) {}

  Status start(net::IoContext& context, flow::ProcessControl& control) {
    tasks_ = std::make_unique<net::TaskGroup>(context);
    if (const auto& listen = configuration_.config.process().rest_listen) {
      observe::HttpServerOptions options;
      options.endpoint = {listen->host, listen->port};
      OTTLA_ASSIGN(rest_, observe::Rest::start(context, options, control));
      OTTLA_INFO("REST: http://{}", rest_->local().to_string());
    }
    if (::isatty(STDOUT_FILENO) != 0) tasks_->spawn("live table", show_table(&control));
    return {};
  }

  static net::Task<void> stop(Attachments* self) {
    if (self->rest_) co_await self->rest_->stop();
    self->rest_.reset();
    if (!self->tasks_) co_return;
    self->tasks_->cancel();
    co_await self->tasks_->join();
    self->tasks_.reset();
  }

 private:
  const Configuration& configuration_;
  std::unique_ptr<observe::Rest> rest_;
  std::unique_ptr<net::TaskGroup> tasks_;
};

}  // namespace

int serve(const Configuration& configuration) {
  fleet::Process process(configuration.config, notes_of(configuration));
  Attachments attachments(configuration);
  fleet::ProcessHooks hooks;
  hooks.started = [&](net::IoContext& context, flow::ProcessControl& control) {
    return attachments.start(context, control);
  };
  hooks.stopping = [&] { return Attachments::stop(&attachments); };
  const Status ended = process.run(std::move(hooks));
  if (ended) return kDone;
  OTTLA_ERROR("{}", ended.error().to_string());
  return ended.error().code == make_error_code(BaseErrc::kInvalidInput) ? kWrongUsage : kFailed;
}

}  // namespace ottla::cli
