#pragma once
// A text that never prints: passwords, keys, JAAS lines. Every way to turn one into text that a
// log, a plan or a status could hold gives "[hidden]"; reveal() is for the code that logs in.

#include <fmt/format.h>

#include <boost/json/value_from.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace ottla::flow {

class Secret {
 public:
  static constexpr std::string_view kHidden = "[hidden]";

  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << kHidden; }
  friend void tag_invoke(boost::json::value_from_tag, boost::json::value& out, const Secret&) {
    out = kHidden;
  }

 private:
  std::string text_;
};

}  // namespace ottla::flow

template <>
struct fmt::formatter<ottla::flow::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const ottla::flow::Secret&, Context& ctx) const {
    return fmt::formatter<std::string_view>::format(ottla::flow::Secret::kHidden, ctx);
  }
};
