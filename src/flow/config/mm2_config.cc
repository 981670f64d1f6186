#include "flow/config/mm2_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "flow/config/key_check.h"
#include "flow/config/known_keys.h"
#include "flow/config/properties.h"
#include "flow/config/providers.h"
#include "flow/config/setting_reader.h"

namespace ottla::flow {

// Takes a file apart, step by step; collects findings on the way.
class ConfigLoader {
 public:
  ConfigLoader(const ConfigOptions& options, ConfigFiles& files)
      : options_(&options), providers_(files) {}

  ConfigOutcome run(std::string_view text) {
    if (read(text)) {
      clusters();
      targets();
      for (ConfigFinding& f : check_keys(config_.raw_, aliases_)) findings_.push_back(std::move(f));
      process();
      flows();
    }
    return finish();
  }

 private:
  void report(FindingKind kind, int line, std::string key, std::string text) {
    findings_.push_back(
        {.kind = kind, .line = line, .key = std::move(key), .text = std::move(text)});
  }

  bool read(std::string_view text) {
    auto properties = Properties::parse(text, options_->file_name);
    if (!properties) {
      report(FindingKind::kError, 0, "", properties.error().context);
      return false;
    }
    for (const DuplicateKey& d : properties->duplicates()) {
      report(FindingKind::kDuplicate, d.second_line, d.key,
             fmt::format("also given in line {}; this one counts", d.first_line));
    }
    make_providers(*properties);
    for (const Property& p : properties->entries()) resolve(p);
    return true;
  }

  void make_providers(const Properties& file) {
    const Property* names = file.find("config.providers");
    if (names == nullptr) return;
    for (const std::string& name : split_list(names->value)) make_provider(file, name);
  }

  void make_provider(const Properties& file, const std::string& name) {
    const std::string prefix = fmt::format("config.providers.{}.", name);
    const Property* class_name = file.find(prefix + "class");
    if (class_name == nullptr) {
      const Property* names = file.find("config.providers");
      return report(FindingKind::kError, names->line, names->key,
                    fmt::format("provider '{}' has no {}class", name, prefix));
    }
    const auto kind = provider_kind(trim(class_name->value));
    if (!kind) {
      return report(FindingKind::kError, class_name->line, class_name->key, kind.error().context);
    }
    ProviderOptions options{.kind = *kind};
    if (const Property* paths = file.find(prefix + "param.allowed.paths")) {
      options.allowed_paths = split_list(paths->value);
    }
    const Property* pattern = file.find(prefix + "param.allowlist.pattern");
    if (pattern != nullptr && *kind == ProviderKind::kEnvironment) {
      auto regex = JavaRegex::compile(trim(pattern->value));
      if (!regex) {
        return report(FindingKind::kError, pattern->line, pattern->key, regex.error().context);
      }
      options.allowlist_pattern.push_back(*std::move(regex));
    }
    providers_.add(name, std::move(options));
  }

  void resolve(const Property& p) {
    Setting setting{.value = p.value, .key = p.key, .line = p.line};
    if (!p.key.starts_with("config.providers")) {
      auto resolved = providers_.resolve(p.value);
      if (!resolved) {
        return report(FindingKind::kError, p.line, p.key, resolved.error().to_string());
      }
      for (const std::string& name : resolved->unknown_providers) {
        report(FindingKind::kHint, p.line, p.key,
               fmt::format("'{}' is not in config.providers; the text ${{{}:...}} stays as it is",
                           name, name));
      }
      setting.value = std::move(resolved->text);
    }
    config_.raw_.emplace(p.key, std::move(setting));
  }

  void clusters() {
    const auto found = config_.raw_.find(std::string_view("clusters"));
    if (found == config_.raw_.end() || trim(found->second.value).empty()) {
      return report(FindingKind::kError, found == config_.raw_.end() ? 0 : found->second.line,
                    "clusters", "clusters is missing; write clusters=A,B with the names you like");
    }
    for (std::string& alias : split_list(found->second.value)) {
      if (alias.empty()) continue;
      if (std::ranges::find(aliases_, alias) != aliases_.end()) {
        report(FindingKind::kError, found->second.line, "clusters",
               fmt::format("'{}' is listed twice", alias));
        continue;
      }
      aliases_.push_back(std::move(alias));
    }
  }

  void targets() {
    for (const std::string& alias : options_->target_clusters) {
      if (std::ranges::find(aliases_, alias) == aliases_.end()) {
        report(FindingKind::kError, 0, "--clusters",
               fmt::format("'{}' is not one of: {}", alias, fmt::join(aliases_, ", ")));
      }
    }
  }

  [[nodiscard]] bool serves(const std::string& target) const {
    const auto& only = options_->target_clusters;
    return only.empty() || std::ranges::find(only, target) != only.end();
  }

  void process() {
    const SettingReader read(config_.raw_, kTopLevel);
    ProcessSettings& process = config_.process_;
    const std::string listen = read.text("ottla.rest.listen");
    if (listen != "none") {
      process.rest_listen = parse_host_port(listen);
      if (!process.rest_listen) {
        const Setting* at = read.find("ottla.rest.listen");
        report(FindingKind::kError, at != nullptr ? at->line : 0, "ottla.rest.listen",
               fmt::format("'{}' is neither host:port nor none", listen));
      }
    }
    process.cores = static_cast<int>(read.number("ottla.cores"));
    process.memory_bytes = static_cast<std::uint64_t>(read.number("ottla.memory.bytes"));
    process.state_dir = read.text("ottla.state.dir");
  }

  void flows() {
    std::set<std::string> used;
    for (const std::string& source : aliases_) {
      for (const std::string& target : aliases_) {
        const FlowName name{source, target};
        if (source == target || !serves(target)) continue;
        if (!flow_enabled(config_.raw_, name) && !heartbeats_enabled(config_.raw_, name)) continue;
        config_.flows_.push_back(make_flow_settings(config_.raw_, name, findings_));
        used.insert({source, target});
      }
    }
    if (config_.flows_.empty() && !aliases_.empty()) {
      report(FindingKind::kError, 0, "",
             "no flow is selected; write A->B.enabled=true for two of the clusters");
    } else if (std::ranges::none_of(config_.flows_, &FlowSettings::enabled) &&
               !config_.flows_.empty()) {
      report(FindingKind::kHint, 0, "",
             "no flow is enabled: only heartbeats are written; A->B.enabled=true copies records");
    }
    for (const std::string& alias : aliases_) {
      if (!used.contains(alias)) continue;
      config_.clusters_.push_back({.alias = alias, .admin = cluster_admin(alias)});
    }
    shared_names();
    progress_groups();
    circles();
  }

  ClientSettings cluster_admin(const std::string& alias) {
    std::vector<ConfigFinding> reported_by_flows;
    return make_client_settings(with_prefix_stripped(cluster_layer(config_.raw_, alias), "admin."),
                                fmt::format("cluster {}", alias), reported_by_flows);
  }

  // Two flows whose offset syncs would land in one topic of one cluster.
  void shared_names() {
    std::set<std::tuple<std::string, std::string>> seen;
    for (const FlowSettings& flow : config_.flows_) {
      if (!flow.enabled || !flow.emit_offset_syncs) continue;
      if (seen.emplace(flow.offset_syncs_cluster(), flow.offset_syncs_topic()).second) continue;
      report(FindingKind::kContradiction, 0, flow.to_string() + ".offset-syncs.topic.location",
             fmt::format("two flows would share the topic {} on {}; give both the same location",
                         flow.offset_syncs_topic(), flow.offset_syncs_cluster()));
    }
  }

  // The first enabled flow out of a cluster keeps the default name; further ones add their target.
  void progress_groups() {
    std::set<std::tuple<std::string, std::string>> taken;
    for (FlowSettings& flow : config_.flows_) {
      if (flow.progress_group.empty() || !flow.enabled) continue;
      if (taken.emplace(flow.source_alias, flow.progress_group).second) continue;
      flow.progress_group += "." + flow.target_alias;
      taken.emplace(flow.source_alias, flow.progress_group);
    }
  }

  void circles() {
    for (const FlowSettings& flow : config_.flows_) {
      const FlowSettings* back = config_.find_flow(flow.target_alias, flow.source_alias);
      if (back == nullptr || !flow.enabled || !back->enabled) continue;
      if (flow.policy.kind != PolicyKind::kIdentity || back->policy.kind != PolicyKind::kIdentity) {
        continue;
      }
      if (flow.source_alias > flow.target_alias) continue;  // once per pair
      report(
          FindingKind::kContradiction, 0, "replication.policy.class",
          fmt::format("{} and {} both keep topic names: MirrorMaker would copy records in circles "
                      "for ever",
                      flow.to_string(), back->to_string()));
    }
  }

  ConfigOutcome finish() {
    std::ranges::sort(findings_, {}, [](const ConfigFinding& f) {
      return std::tuple(f.line, f.key, f.text, f.kind);
    });
    const auto same = [](const ConfigFinding& a, const ConfigFinding& b) {
      return a.line == b.line && a.key == b.key && a.text == b.text && a.kind == b.kind;
    };
    findings_.erase(std::ranges::unique(findings_, same).begin(), findings_.end());
    ConfigOutcome out;
    const bool broken = std::ranges::any_of(
        findings_, [](const ConfigFinding& f) { return f.kind == FindingKind::kError; });
    if (!broken) out.config = std::move(config_);
    out.findings = std::move(findings_);
    return out;
  }

  const ConfigOptions* options_;
  Providers providers_;
  std::vector<std::string> aliases_;
  std::vector<ConfigFinding> findings_;
  Mm2Config config_;
};

ConfigOutcome Mm2Config::parse(std::string_view text, const ConfigOptions& options,
                               ConfigFiles& files) {
  return ConfigLoader(options, files).run(text);
}

Result<ConfigOutcome> Mm2Config::load(const std::string& path,
                                      std::vector<std::string> target_clusters,
                                      ConfigFiles& files) {
  OTTLA_ASSIGN(const std::string text, files.read_file(path));
  ConfigOutcome out =
      parse(text, {.file_name = path, .target_clusters = std::move(target_clusters)}, files);
  if (!out.ok()) return fail(BaseErrc::kInvalidInput, out.errors(path));
  return out;
}

const ClusterSettings* Mm2Config::find_cluster(std::string_view alias) const {
  const auto found = std::ranges::find(clusters_, alias, &ClusterSettings::alias);
  return found == clusters_.end() ? nullptr : &*found;
}

const FlowSettings* Mm2Config::find_flow(std::string_view source, std::string_view target) const {
  const auto found = std::ranges::find_if(flows_, [&](const FlowSettings& flow) {
    return flow.source_alias == source && flow.target_alias == target;
  });
  return found == flows_.end() ? nullptr : &*found;
}

std::string ConfigOutcome::errors(std::string_view file_name) const {
  std::string out;
  for (const ConfigFinding& f : findings) {
    if (f.kind != FindingKind::kError) continue;
    if (!out.empty()) out += '\n';
    out += f.line > 0 ? fmt::format("{}:{}: ", file_name, f.line) : fmt::format("{}: ", file_name);
    if (!f.key.empty()) out += f.key + ": ";
    out += f.text;
  }
  return out;
}

}  // namespace ottla::flow
