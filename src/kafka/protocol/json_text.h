#pragma once
// JSON for people who debug: written straight into a string, always in one line.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace ottla::kafka {

class JsonText {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // Names come from the schema and need no escaping.
  void key(std::string_view name);
  void null() { plain("null"); }
  void value(bool v) { plain(v ? "true" : "false"); }
  void value(std::int8_t v) { value(std::int64_t{v}); }
  void value(std::int16_t v) { value(std::int64_t{v}); }
  void value(std::uint16_t v) { value(std::int64_t{v}); }
  void value(std::int32_t v) { value(std::int64_t{v}); }
  void value(std::int64_t v);
  void value(double v);
  void value(std::string_view v);
  void value(const std::string& v) { value(std::string_view(v)); }
  void value(const TopicId& v) { value(v.to_string()); }
  // Only how many bytes there are: records are long, and tokens are secret.
  void value(Bytes v);

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void plain(std::string_view v);

  std::string text_;
  bool first_ = true;
};

}  // namespace ottla::kafka
