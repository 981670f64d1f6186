#include "flow/status/check_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "flow/status/text.h"

namespace ottla::flow {

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kFail:
      return "fail";
  }
  return "unknown";
}

bool CheckReport::ok() const {
  return !items.empty() && std::ranges::none_of(items, [](const CheckItem& item) {
    return item.verdict == Verdict::kFail;
  });
}

std::string to_text(const CheckReport& report) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const CheckItem& item : report.items) {
    fmt::format_to(out, "{:<7}  {}: {}\n", name(item.verdict), printable(item.subject),
                   printable(item.text));
    if (!item.advice.empty()) fmt::format_to(out, "{:<7}  -> {}\n", "", printable(item.advice));
  }
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(report.items, verdict, &CheckItem::verdict);
  };
  fmt::format_to(out, "{}: {} passed, {} warnings, {} failed\n", report.ok() ? "OK" : "NOT OK",
                 count(Verdict::kPass), count(Verdict::kWarning), count(Verdict::kFail));
  return text;
}

std::string to_json(const CheckReport& report) {
  boost::json::array items;
  for (const CheckItem& item : report.items) {
    items.push_back(boost::json::object{{"verdict", name(item.verdict)},
                                        {"subject", item.subject},
                                        {"text", item.text},
                                        {"advice", item.advice}});
  }
  return boost::json::serialize(
      boost::json::object{{"ok", report.ok()}, {"items", std::move(items)}});
}

}  // namespace ottla::flow
