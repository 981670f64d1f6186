#pragma once
// Typed access to settings, with the defaults of the table of known keys.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flow/config/known_keys.h"
#include "flow/config/layers.h"

namespace ottla::flow {

class SettingReader {
 public:
  // `settings` must outlive the reader; `levels` choose the rows of the table.
  SettingReader(const Settings& settings, unsigned levels)
      : settings_(&settings), levels_(levels) {}

  [[nodiscard]] const Setting* find(std::string_view name) const;
  // As given, or the table's default; trimmed.
  [[nodiscard]] std::string text(std::string_view name) const;
  // Given and not refused by value_fault.
  [[nodiscard]] std::optional<std::string> given(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> given_number(std::string_view name) const;
  [[nodiscard]] std::optional<std::int32_t> given_int(std::string_view name) const;
  [[nodiscard]] std::chrono::milliseconds millis(std::string_view name) const {
    return std::chrono::milliseconds(number(name));
  }

 private:
  const Settings* settings_;
  unsigned levels_;
};

}  // namespace ottla::flow
