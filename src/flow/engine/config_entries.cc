#include "flow/engine/config_entries.h"

#include <algorithm>

namespace ottla::flow {

std::vector<TopicConfigEntry> to_entries(const kafka::Configs& configs) {
  std::vector<TopicConfigEntry> entries;
  for (const auto& [name, entry] : configs) {
    entries.push_back({.name = name,
                       .value = entry.value,
                       .source = static_cast<ConfigSource>(std::max<std::int8_t>(entry.source, 0)),
                       .read_only = entry.read_only,
                       .sensitive = entry.sensitive});
  }
  return entries;
}

}  // namespace ottla::flow
