#pragma once
// Java regular expressions, as MM2's filters use them: a full match of the whole name.
//
// PCRE2 does the work. The dialects differ in places; what PCRE2 would read differently from
// java.util.regex is translated (\uXXXX, \0nnn, \p{Alpha}, the flag u) or refused with words:
//   character class intersection (&&) and nested classes, \p{javaXxx}, \p{InBlock}, \p{IsScript},
//   \N{NAME}, the flags d, x and U, and everything that only Perl knows (recursion, conditions, \K,
//   verbs, POSIX bracket classes, {,n}).
// Known small differences that remain: (?i) also folds letters outside ASCII, and '.' does not
// match a vertical tab or a form feed.
//
// A match gives up after kMatchLimit steps, so that no pattern can hang a flow.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ottla::flow {

inline constexpr std::size_t kPatternBytesMax = 64 * 1024;
inline constexpr std::uint32_t kMatchLimit = 200'000;

// One compiled pattern. Cheap to copy; safe to share between threads.
class JavaRegex {
 public:
  // kInvalidInput with the reason and the position for what Java or we refuse.
  static Result<JavaRegex> compile(std::string_view pattern);

  // True if the whole of `subject` matches. kLimitExceeded if that took too many steps.
  [[nodiscard]] Result<bool> full_match(std::string_view subject) const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  struct Code;
  JavaRegex(std::string pattern, std::shared_ptr<const Code> code)
      : pattern_(std::move(pattern)), code_(std::move(code)) {}
  std::string pattern_;
  std::shared_ptr<const Code> code_;
};

// Splits a Kafka list value: at commas, blanks around elements dropped; "" is the empty list.
std::vector<std::string> split_list(std::string_view value);

// MM2's list of patterns: the elements joined with '|' are one pattern, matched fully. The empty
// list matches nothing.
class PatternList {
 public:
  PatternList() = default;
  static Result<PatternList> compile(std::string_view comma_separated);

  [[nodiscard]] Result<bool> matches(std::string_view name) const;
  // The element that matches `name`, for explanations; the whole list where no single one does
  // (an element can open a group that another one closes).
  [[nodiscard]] std::string matching_element(std::string_view name) const;
  [[nodiscard]] bool empty() const { return elements_.empty(); }
  [[nodiscard]] const std::vector<std::string>& elements() const { return elements_; }
  // "a, b"
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<std::string> elements_;
  std::vector<JavaRegex> joined_;   // none or one
  std::vector<JavaRegex> singles_;  // those elements that compile by themselves
};

}  // namespace ottla::flow
