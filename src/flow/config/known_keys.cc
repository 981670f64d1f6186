#include "flow/config/known_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace ottla::flow {
namespace {

bool names(const KnownKey& key, std::string_view name) {
  if (!key.is_prefix()) return key.name == name;
  return name.starts_with(key.name.substr(0, key.name.size() - 1));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (true) {
    const std::size_t bar = choices.find('|');
    if (equal_ignoring_case(choices.substr(0, bar), value)) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

// Rows that connectors do not define: they count at flow level only, or come from the worker.
bool is_worker_only(std::string_view name) {
  return name.starts_with("offset.storage.") || name.starts_with("config.storage.") ||
         name.starts_with("status.storage.") || name.starts_with("worker.") ||
         name.starts_with("task.") || name.starts_with("plugin.");
}

std::string number_fault(const KnownKey& key, std::string_view value) {
  const auto number = parse_number(value);
  if (!number) return fmt::format("'{}' is not a whole number", value);
  if (*number < key.min) return fmt::format("{} is below {}", *number, key.min);
  if (*number > key.max) return fmt::format("{} is above {}", *number, key.max);
  return {};
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

const KnownKey* find_key(std::string_view name, unsigned levels) {
  const KnownKey* prefix = nullptr;
  for (const KnownKey& key : known_keys()) {
    if ((key.levels & levels) == 0 || !names(key, name)) continue;
    if (!key.is_prefix()) return &key;
    if (prefix == nullptr || key.name.size() > prefix->name.size()) prefix = &key;
  }
  return prefix;
}

const KnownKey* find_key_anywhere(std::string_view name) {
  return find_key(name, ~0U);
}

bool is_client_key(std::string_view name) {
  return name == "bootstrap.servers" || name == "security.protocol" || name.starts_with("sasl.") ||
         (name.starts_with("ssl.") && name != "ssl.client.auth");
}

bool is_connector_key(std::string_view name) {
  if (is_client_key(name)) return name != "bootstrap.servers";
  if (name.starts_with("ottla.")) return true;
  const KnownKey* key = find_key(name, kTopLevel);
  return key != nullptr && (key->levels & kFlowLevel) != 0 && !is_worker_only(name);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string_view closest_key(std::string_view name, unsigned levels) {
  std::string_view best;
  std::size_t best_distance = std::clamp<std::size_t>(name.size() / 5, 1, 4) + 1;
  for (const KnownKey& key : known_keys()) {
    if (key.is_prefix() || (key.levels & levels) == 0) continue;
    const std::size_t distance = edit_distance(name, key.name);
    if (distance >= best_distance) continue;
    best = key.name;
    best_distance = distance;
  }
  return best;
}

std::optional<bool> parse_bool(std::string_view text) {
  text = trim(text);
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string value_fault(const KnownKey& key, std::string_view value) {
  value = trim(value);
  switch (key.type) {
    case KeyType::kBool:
      if (!parse_bool(value)) return fmt::format("'{}' is neither true nor false", value);
      return {};
    case KeyType::kNumber:
      return number_fault(key, value);
    case KeyType::kChoice:
      if (!is_choice(key.choices, value)) {
        return fmt::format("'{}' is not one of {}", value, key.choices);
      }
      return {};
    case KeyType::kString:
    case KeyType::kList:
    case KeyType::kPatterns:
    case KeyType::kClass:
    case KeyType::kSecret:
      return {};
  }
  return {};
}

}  // namespace ottla::flow
