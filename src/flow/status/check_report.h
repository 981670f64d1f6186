#pragma once
// What `ottla check` found: one line per thing looked at, with advice where something is not right.

#include <string>
#include <vector>

namespace ottla::flow {

enum class Verdict { kPass, kWarning, kFail };

std::string_view name(Verdict verdict);  // "pass", "warning", "fail"

struct CheckItem {
  Verdict verdict = Verdict::kPass;
  std::string subject{};  // "cluster primary", "flow A->B", "A->B topic orders"
  std::string text{};     // what was found
  std::string advice{};   // what to do; empty for kPass
};

struct CheckReport {
  std::vector<CheckItem> items{};
  // No item failed. An empty report has not checked anything and does not pass.
  [[nodiscard]] bool ok() const;
};

std::string to_text(const CheckReport& report);
// {"ok":true,"items":[{"verdict":"pass","subject":…,"text":…,"advice":…}]}
std::string to_json(const CheckReport& report);

}  // namespace ottla::flow
