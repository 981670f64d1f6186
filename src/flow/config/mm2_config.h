#pragma once
// A MirrorMaker 2 configuration file (mm2.properties), read unchanged and typed.
//
// One call reads everything and finds everything that is wrong, not just the first error:
//
//   ConfigOutcome outcome = Mm2Config::parse(text, {.file_name = path}, files);
//   for (const ConfigFinding& f : outcome.findings) …   // errors, unknown and ignored keys, hints
//   if (outcome.config) …                               // set if there is no error
//
// Values hold secrets only in Secret; findings never quote a value that may be one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/config/client_settings.h"
#include "flow/config/config_files.h"
#include "flow/config/flow_settings.h"
#include "flow/rules/config_finding.h"

namespace ottla::flow {

struct ClusterSettings {
  std::string alias;
  ClientSettings admin;  // connection and login
};

// ottla.* keys of the process.
struct ProcessSettings {
  std::optional<HostPort> rest_listen;  // none: no server
  int cores = 0;                        // 0: one per core of the machine
  std::uint64_t memory_bytes = 64U << 20U;
  std::string state_dir;  // empty: none
};

struct ConfigOptions {
  std::string file_name = "mm2.properties";
  // --clusters: the targets that this process serves. Empty: all.
  std::vector<std::string> target_clusters{};
};

struct ConfigOutcome;

class Mm2Config {
 public:
  // Reads the text; never fails as such.
  static ConfigOutcome parse(std::string_view text, const ConfigOptions& options,
                             ConfigFiles& files);
  // Reads the file. Fails with all errors in one text, a line each.
  static Result<ConfigOutcome> load(const std::string& path,
                                    std::vector<std::string> target_clusters, ConfigFiles& files);

  [[nodiscard]] const std::vector<ClusterSettings>& clusters() const { return clusters_; }
  // Flows that this process runs: enabled ones, and pairs that only get heartbeats, in the order of
  // `clusters`.
  [[nodiscard]] const std::vector<FlowSettings>& flows() const { return flows_; }
  [[nodiscard]] const ProcessSettings& process() const { return process_; }

  [[nodiscard]] const ClusterSettings* find_cluster(std::string_view alias) const;
  [[nodiscard]] const FlowSettings* find_flow(std::string_view source,
                                              std::string_view target) const;
  // The file after config providers: for keys of the form ottla.* that other parts of Ottla own.
  // May hold secrets; never print it.
  [[nodiscard]] const Settings& raw() const { return raw_; }

 private:
  friend class ConfigLoader;
  std::vector<ClusterSettings> clusters_;
  std::vector<FlowSettings> flows_;
  ProcessSettings process_;
  Settings raw_;
};

struct ConfigOutcome {
  std::optional<Mm2Config> config;      // set if there is no error
  std::vector<ConfigFinding> findings;  // sorted by line
  [[nodiscard]] bool ok() const { return config.has_value(); }
  // "file:12: A->B.topics: …", a line for each error.
  [[nodiscard]] std::string errors(std::string_view file_name) const;
};

}  // namespace ottla::flow
