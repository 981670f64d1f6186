#include "observe/metrics_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace ottla::observe {
namespace {

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::floor(value) && std::fabs(value) < 9e15) {
    fmt::format_to(std::back_inserter(out), "{}", static_cast<long long>(value));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

}  // namespace

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 type == Type::kCounter ? "counter" : "gauge");
}

void MetricsText::sample(std::initializer_list<Label> labels, double value) {
  sample(label_text(labels), value);
}

void MetricsText::sample(std::string_view labels, double value) {
  text_ += name_;
  text_ += labels;
  text_ += ' ';
  append_value(text_, value);
  text_ += '\n';
}

std::string MetricsText::label_text(std::initializer_list<Label> labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (value.empty()) continue;
    out += out.empty() ? '{' : ',';
    out += name;
    out += "=\"";
    append_escaped(out, value);
    out += '"';
  }
  if (!out.empty()) out += '}';
  return out;
}

}  // namespace ottla::observe
