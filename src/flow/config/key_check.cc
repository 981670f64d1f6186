#include "flow/config/key_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "flow/config/known_keys.h"

namespace ottla::flow {
namespace {

// Longer ones first.
constexpr std::array<std::string_view, 14> kFlowClients{"source.consumer.",   "source.producer.",
                                                        "source.admin.",      "target.consumer.",
                                                        "target.producer.",   "target.admin.",
                                                        "source.cluster.",    "target.cluster.",
                                                        "consumer.override.", "producer.override.",
                                                        "admin.override.",    "consumer.",
                                                        "producer.",          "admin."};
constexpr std::array<std::string_view, 3> kClusterClients{"consumer.", "producer.", "admin."};

unsigned client_levels(std::string_view client) {
  if (client.find("consumer") != std::string_view::npos) return kConsumerLevel;
  if (client.find("producer") != std::string_view::npos) return kProducerLevel;
  if (client.find("admin") != std::string_view::npos) return kAdminLevel;
  return kClusterLevel;  // source.cluster. and target.cluster.
}

unsigned levels_of(const KeyPlace& place) {
  if (!place.client.empty()) return client_levels(place.client);
  switch (place.kind) {
    case KeyPlace::kTop:
      return kTopLevel;
    case KeyPlace::kCluster:
      return kClusterLevel;
    case KeyPlace::kFlow:
    case KeyPlace::kUnknownFlow:
      return kFlowLevel;
  }
  return kTopLevel;
}

template <class Prefixes>
void split_client(KeyPlace& place, const Prefixes& prefixes, unsigned level) {
  place.name = place.rest;
  if (find_key(place.rest, level) != nullptr) return;  // consumer.poll.timeout.ms
  for (const std::string_view prefix : prefixes) {
    if (!place.rest.starts_with(prefix) || place.rest.size() == prefix.size()) continue;
    place.client = place.rest.substr(0, prefix.size());
    place.name = place.rest.substr(prefix.size());
    return;
  }
}

// Where a key that has no effect here would have one: "A->B.topics", "A.consumer.fetch.max.bytes".
std::string better_places(const KnownKey& key) {
  std::vector<std::string> out;
  if (key.levels & kTopLevel) out.push_back(fmt::format("{}=", key.name));
  if (key.levels & kFlowLevel) out.push_back(fmt::format("<source>-><target>.{}=", key.name));
  if (key.levels & kClusterLevel) out.push_back(fmt::format("<alias>.{}=", key.name));
  if (key.levels & kConsumerLevel) out.push_back(fmt::format("<alias>.consumer.{}=", key.name));
  if (key.levels & kProducerLevel) out.push_back(fmt::format("<alias>.producer.{}=", key.name));
  if (key.levels & kAdminLevel) out.push_back(fmt::format("<alias>.admin.{}=", key.name));
  return fmt::format("{}", fmt::join(out, " or "));
}

class Checker {
 public:
  Checker(const Settings& file, const std::vector<std::string>& aliases)
      : file_(&file), aliases_(&aliases) {}

  std::vector<ConfigFinding> run() {
    for (const auto& [name, setting] : *file_) check(name, setting);
    return std::move(out_);
  }

 private:
  void add(FindingKind kind, const Setting& at, std::string text) {
    out_.push_back({.kind = kind, .line = at.line, .key = at.key, .text = std::move(text)});
  }

  void check(std::string_view full, const Setting& setting) {
    const KeyPlace place = place_of(full, *aliases_);
    if (place.kind == KeyPlace::kUnknownFlow) return unknown_flow(place, setting);
    const unsigned levels = levels_of(place);
    if (const KnownKey* key = find_key(place.name, levels)) return known(*key, place, setting);
    unknown(place, levels, setting);
  }

  void known(const KnownKey& key, const KeyPlace& place, const Setting& setting) {
    if (key.treatment == Treatment::kIgnored) {
      return add(FindingKind::kIgnored, setting, fmt::format("{}", key.note));
    }
    if (const std::string fault = value_fault(key, setting.value); !fault.empty()) {
      return add(FindingKind::kError, setting, fault);
    }
    if (key.treatment == Treatment::kRefused) refused(key, setting);
    if (key.name.starts_with("ottla.")) return;
    surprises(place, setting);
  }

  void refused(const KnownKey& key, const Setting& setting) {
    std::string_view value = trim(setting.value);
    if (key.name == "replication.policy.class") {
      const std::string_view simple = value.substr(value.rfind('.') + 1);
      if (simple == "DefaultReplicationPolicy" || simple == "IdentityReplicationPolicy") return;
    }
    const bool same = value.empty() || value == key.default_value ||
                      (key.type == KeyType::kClass && !key.default_value.empty() &&
                       value == key.default_value.substr(key.default_value.rfind('.') + 1));
    if (!same) add(FindingKind::kError, setting, fmt::format("'{}': {}", value, key.note));
  }

  // Precedence that few people expect; see layers.h.
  void surprises(const KeyPlace& place, const Setting& setting) {
    if (place.kind != KeyPlace::kFlow) return;
    if (place.client == "producer.") {
      add(FindingKind::kHint, setting,
          fmt::format("counts for the offset syncs topic only; for the records write "
                      "{}producer.override.{}",
                      place.prefix, place.name));
    }
    if (place.client == "consumer." || place.client == "admin.") {
      const std::string_view source = place.prefix.substr(0, place.prefix.find("->"));
      const auto stronger = file_->find(fmt::format("{}.{}{}", source, place.client, place.name));
      if (stronger == file_->end()) return;
      add(FindingKind::kContradiction, setting,
          fmt::format("{} (line {}) counts for the source; write {}source.{}{} to overrule it",
                      stronger->first, stronger->second.line, place.prefix, place.client,
                      place.name));
    }
  }

  void unknown_flow(const KeyPlace& place, const Setting& setting) {
    add(FindingKind::kUnknown, setting,
        fmt::format("'{}' is not a pair of two different clusters out of: {}", place.prefix,
                    fmt::join(*aliases_, ", ")));
  }

  void unknown(const KeyPlace& place, unsigned levels, const Setting& setting) {
    if (unlisted_cluster(place, setting)) return;
    if (const KnownKey* other = find_key_anywhere(place.name)) {
      if (other->treatment == Treatment::kIgnored) {
        return add(FindingKind::kIgnored, setting, fmt::format("{}", other->note));
      }
      return add(FindingKind::kMisplaced, setting,
                 fmt::format("has no effect here; write {}", better_places(*other)));
    }
    // At top level MM2 drops consumer.x, producer.x and admin.x.
    if (place.kind == KeyPlace::kTop) {
      for (const std::string_view client : kClusterClients) {
        if (!place.name.starts_with(client)) continue;
        const KnownKey* key = find_key(place.name.substr(client.size()), client_levels(client));
        if (key == nullptr) continue;
        return add(FindingKind::kMisplaced, setting,
                   fmt::format("has no effect at top level; write <alias>.{}", place.name));
      }
    }
    const std::string_view here = closest_key(place.name, levels);
    const std::string_view any = here.empty() ? closest_key(place.name, ~0U) : here;
    add(FindingKind::kUnknown, setting,
        any.empty()
            ? std::string("unknown key; nothing reads it")
            : fmt::format("unknown key; did you mean {}{}{}?", place.prefix, place.client, any));
  }

  // "west.bootstrap.servers" where no cluster is called west.
  bool unlisted_cluster(const KeyPlace& place, const Setting& setting) {
    if (place.kind != KeyPlace::kTop) return false;
    for (std::size_t dot = place.name.find('.'); dot != std::string_view::npos;
         dot = place.name.find('.', dot + 1)) {
      const std::string_view rest = place.name.substr(dot + 1);
      if (rest != "bootstrap.servers" && rest != "security.protocol" &&
          !rest.starts_with("consumer.") && !rest.starts_with("producer.") &&
          !rest.starts_with("admin.")) {
        continue;
      }
      add(FindingKind::kUnknown, setting,
          fmt::format("no cluster is called '{}'; clusters lists: {}", place.name.substr(0, dot),
                      fmt::join(*aliases_, ", ")));
      return true;
    }
    return false;
  }

  const Settings* file_;
  const std::vector<std::string>* aliases_;
  std::vector<ConfigFinding> out_;
};

}  // namespace

KeyPlace place_of(std::string_view key, const std::vector<std::string>& aliases) {
  KeyPlace place{.kind = KeyPlace::kTop, .prefix = {}, .rest = key, .client = {}, .name = key};
  const auto take = [&](KeyPlace::Kind kind, std::size_t size) {
    if (size <= place.prefix.size()) return;  // the longest alias wins
    place.kind = kind;
    place.prefix = key.substr(0, size);
    place.rest = key.substr(size);
  };
  for (const std::string& source : aliases) {
    if (key.starts_with(source + ".")) take(KeyPlace::kCluster, source.size() + 1);
    for (const std::string& target : aliases) {
      const std::string prefix = fmt::format("{}->{}.", source, target);
      if (source != target && key.starts_with(prefix)) take(KeyPlace::kFlow, prefix.size());
    }
  }
  if (place.kind == KeyPlace::kFlow) {
    split_client(place, kFlowClients, kFlowLevel);
  } else if (place.kind == KeyPlace::kCluster) {
    split_client(place, kClusterClients, kClusterLevel);
  } else if (const std::size_t arrow = key.find("->"); arrow != std::string_view::npos) {
    const std::size_t dot = key.find('.', arrow);
    place.kind = KeyPlace::kUnknownFlow;
    place.prefix = key.substr(0, dot);
  }
  return place;
}

std::vector<ConfigFinding> check_keys(const Settings& file,
                                      const std::vector<std::string>& aliases) {
  return Checker(file, aliases).run();
}

}  // namespace ottla::flow
