#include "kafka/protocol/json_text.h"

#include <fmt/format.h>

namespace ottla::kafka {

void JsonText::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

void JsonText::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
}

void JsonText::close(char bracket) {
  text_ += bracket;
  first_ = false;
}

void JsonText::plain(std::string_view v) {
  separate();
  text_ += v;
}

void JsonText::key(std::string_view name) {
  separate();
  text_ += '"';
  text_ += name;
  text_ += "\":";
  first_ = true;
}

void JsonText::value(std::int64_t v) {
  plain(fmt::format_int(v).c_str());
}

void JsonText::value(double v) {
  plain(fmt::format("{}", v));
}

void JsonText::value(Bytes v) {
  plain(fmt::format("\"{} bytes\"", v.size()));
}

void JsonText::value(std::string_view v) {
  separate();
  text_ += '"';
  for (const char c : v) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_ += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace ottla::kafka
