#include "flow/config/setting_reader.h"

#include "base/assert.h"

namespace ottla::flow {

const Setting* SettingReader::find(std::string_view name) const {
  const auto found = settings_->find(name);
  return found == settings_->end() ? nullptr : &found->second;
}

std::optional<std::string> SettingReader::given(std::string_view name) const {
  const Setting* setting = find(name);
  if (setting == nullptr) return std::nullopt;
  const KnownKey* key = find_key(name, levels_);
  OTTLA_ASSERT(key != nullptr);  // only keys of the table are asked for
  if (!value_fault(*key, setting->value).empty()) return std::nullopt;
  return std::string(trim(setting->value));
}

std::string SettingReader::text(std::string_view name) const {
  if (auto value = given(name)) return *std::move(value);
  const KnownKey* key = find_key(name, levels_);
  OTTLA_ASSERT(key != nullptr);
  return std::string(key->default_value);
}

bool SettingReader::flag(std::string_view name) const {
  return parse_bool(text(name)).value_or(false);
}

std::int64_t SettingReader::number(std::string_view name) const {
  return parse_number(text(name)).value_or(0);
}

std::optional<std::int64_t> SettingReader::given_number(std::string_view name) const {
  const auto value = given(name);
  return value ? parse_number(*value) : std::nullopt;
}

std::optional<std::int32_t> SettingReader::given_int(std::string_view name) const {
  const auto value = given_number(name);
  if (!value) return std::nullopt;
  return static_cast<std::int32_t>(*value);  // the table's bounds keep it in range
}

}  // namespace ottla::flow
