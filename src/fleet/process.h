#pragma once
// Process: all flows of one configuration in one process. Owns the cores, starts and stops the
// flows, turns SIGTERM and SIGINT into an orderly end, and answers for all of them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/config/mm2_config.h"
#include "flow/engine/flow.h"
#include "flow/status/control.h"
#include "net/runtime.h"

namespace ottla::fleet {

struct ProcessHooks {
  // On core 0, once the flows have been started: REST, live table. An error ends the process.
  std::function<Status(net::IoContext&, flow::ProcessControl&)> started;
  // On core 0, before the flows are stopped.
  std::function<net::Task<void>()> stopping;
};

class Process final : public flow::ProcessControl {
 public:
  // `config` must outlive the process.
  explicit Process(const flow::Mm2Config& config, std::vector<std::string> notes);
  ~Process() override;

  // Returns after SIGTERM, SIGINT or stop(), when everything in flight is answered and stored.
  // kInvalidInput: the configuration can't be used (key material, listen address).
  Status run(ProcessHooks hooks);
  void stop();  // any thread

  void snapshot(std::function<void(flow::ProcessStatus)> done) override;
  Status pause(const std::string& flow) override;
  Status resume(const std::string& flow) override;
  Status restart(const std::string& flow) override;

 private:
  Result<flow::Flow*> find(const std::string& name);
  void begin();
  void end();
  static net::Task<void> run_signals(Process* self);
  static net::Task<void> stop_all(Process* self);
  [[nodiscard]] std::size_t core_count() const;

  const flow::Mm2Config& config_;
  std::vector<std::string> notes_;
  std::int64_t started_at_ms_ = 0;
  net::Runtime runtime_;
  net::TaskGroup group_;
  ProcessHooks hooks_;
  std::vector<std::unique_ptr<flow::Flow>> flows_;
  Status result_;
  bool ending_ = false;
};

}  // namespace ottla::fleet
