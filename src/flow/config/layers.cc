#include "flow/config/layers.h"

#include <fmt/format.h>

#include <array>

#include "flow/config/known_keys.h"

namespace ottla::flow {
namespace {

constexpr std::array<std::string_view, 3> kClientPrefixes{"producer.", "consumer.", "admin."};
constexpr std::array<std::string_view, 9> kWorkerPrefixes{
    "offset.storage",   "config.storage", "status.storage", "key.converter",     "value.converter",
    "header.converter", "task",           "worker",         "replication.policy"};

void overlay(Settings& base, const Settings& top) {
  for (const auto& [name, setting] : top) base.insert_or_assign(name, setting);
}

Settings client_names_only(const Settings& settings) {
  Settings out;
  for (const auto& [name, setting] : settings) {
    if (is_client_key(name)) out.emplace(name, setting);
  }
  return out;
}

// MM2 tests for the word, not for the dot after it.
bool is_client_override(std::string_view name) {
  return name.starts_with("consumer") || name.starts_with("producer") || name.starts_with("admin");
}

void add_cluster(Settings& out, const Settings& cluster, std::string_view side) {
  for (const auto& [name, setting] : cluster) {
    const std::string_view between = is_client_override(name) ? "" : "cluster.";
    out.insert_or_assign(fmt::format("{}.{}{}", side, between, name), setting);
  }
}

std::string_view side_name(ClientSide side) {
  return side == ClientSide::kSource ? "source" : "target";
}

std::string_view kind_name(ClientKind kind) {
  switch (kind) {
    case ClientKind::kConsumer:
      return "consumer";
    case ClientKind::kProducer:
      return "producer";
    case ClientKind::kAdmin:
      return "admin";
  }
  return "";
}

}  // namespace

Settings with_prefix_stripped(const Settings& settings, std::string_view prefix) {
  Settings out;
  for (auto it = settings.lower_bound(prefix); it != settings.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    if (it->first.size() > prefix.size()) {
      out.emplace(it->first.substr(prefix.size()), it->second);
    }
  }
  return out;
}

Settings cluster_layer(const Settings& file, std::string_view alias) {
  Settings out = with_prefix_stripped(file, fmt::format("{}.", alias));
  for (const auto& [name, setting] : client_names_only(out)) {
    for (const std::string_view prefix : kClientPrefixes) {
      out.try_emplace(fmt::format("{}{}", prefix, name), setting);
    }
  }
  for (const auto& [name, setting] : client_names_only(file)) {
    for (const std::string_view prefix : kClientPrefixes) {
      out.try_emplace(fmt::format("{}{}", prefix, name), setting);
    }
    out.try_emplace(name, setting);
  }
  return out;
}

Settings worker_layer(const Settings& file, const FlowName& flow) {
  Settings out = cluster_layer(file, flow.target);
  for (const auto& [name, setting] : file) {
    for (const std::string_view prefix : kWorkerPrefixes) {
      if (name.starts_with(prefix)) out.insert_or_assign(name, setting);
    }
  }
  return out;
}

Settings connector_layer(const Settings& file, const FlowName& flow) {
  Settings out;
  for (const auto& [name, setting] : file) {
    const bool counts = is_connector_key(name) || name.starts_with("config.providers") ||
                        name.starts_with("replication.policy");
    if (counts) out.emplace(name, setting);
  }
  add_cluster(out, cluster_layer(file, flow.source), "source");
  add_cluster(out, cluster_layer(file, flow.target), "target");
  overlay(out, with_prefix_stripped(file, flow.to_string() + "."));
  return out;
}

Settings client_layer(const Settings& connector, ClientSide side, ClientKind kind) {
  const std::string_view where = side_name(side);
  const std::string_view what = kind_name(kind);
  Settings out =
      client_names_only(with_prefix_stripped(connector, fmt::format("{}.cluster.", where)));
  overlay(out, with_prefix_stripped(connector, fmt::format("{}.", what)));
  overlay(out, with_prefix_stripped(connector, fmt::format("{}.{}.", where, what)));
  return out;
}

Settings data_producer_layer(const Settings& worker, const Settings& connector) {
  Settings out;
  if (const auto found = worker.find("bootstrap.servers"); found != worker.end()) {
    out.emplace(found->first, found->second);
  }
  overlay(out, with_prefix_stripped(worker, "producer."));
  overlay(out, with_prefix_stripped(connector, "producer.override."));
  return out;
}

const Setting* own_setting(const Settings& file, const FlowName& flow, std::string_view name) {
  for (const std::string& prefix :
       {flow.to_string() + ".", flow.target + ".", flow.source + ".", std::string()}) {
    const auto found = file.find(fmt::format("{}{}", prefix, name));
    if (found != file.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace ottla::flow
