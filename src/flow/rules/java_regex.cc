#include "flow/rules/java_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pcre2.h>

#include <array>
#include <utility>

#include "flow/rules/java_regex_dialect.h"

namespace ottla::flow {
namespace {

constexpr std::uint32_t kHeapLimitKib = 1024;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using CompileContext = std::unique_ptr<pcre2_compile_context, Deleter<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  if (pcre2_get_error_message(code, text.data(), text.size()) < 0) return "unknown error";
  return reinterpret_cast<const char*>(text.data());
}

PCRE2_SPTR units(std::string_view s) {
  return reinterpret_cast<PCRE2_SPTR>(s.data());
}

bool is_blank(char c) {
  return static_cast<unsigned char>(c) <= ' ';
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}

}  // namespace

struct JavaRegex::Code {
  pcre2_code* code = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

Result<JavaRegex> JavaRegex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(BaseErrc::kLimitExceeded,
                fmt::format("regular expression of {} bytes; at most {} are accepted",
                            pattern.size(), kPatternBytesMax));
  }
  OTTLA_ASSIGN(const std::string translated, translate_java_regex(pattern));
  const CompileContext context(pcre2_compile_context_create(nullptr));
  if (!context) return fail(BaseErrc::kUnavailable, "no memory for a regular expression");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANY);
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto holder = std::make_shared<Code>();
  holder->code =
      pcre2_compile(units(translated), translated.size(),
                    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code,
                    &offset, context.get());
  if (holder->code == nullptr) {
    const bool glob = pattern.starts_with('*');
    return fail(
        BaseErrc::kInvalidInput,
        fmt::format("regular expression '{}': {} (at character {}){}", pattern, pcre2_message(code),
                    offset, glob ? "; for \"anything\" write .* instead of *" : ""));
  }
  // Without JIT (not built in, no executable memory) the interpreter serves.
  pcre2_jit_compile(holder->code, PCRE2_JIT_COMPLETE);
  return JavaRegex(std::string(pattern), std::move(holder));
}

Result<bool> JavaRegex::full_match(std::string_view subject) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  if (!data || !context) return fail(BaseErrc::kUnavailable, "no memory for a regular expression");
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  int found =
      pcre2_match(code_->code, units(subject), subject.size(), 0, 0, data.get(), context.get());
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    found = pcre2_match(code_->code, units(subject), subject.size(), 0, PCRE2_NO_JIT, data.get(),
                        context.get());
  }
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return fail(BaseErrc::kLimitExceeded,
              fmt::format("regular expression '{}' on '{}': {}; simplify the expression", pattern_,
                          subject, pcre2_message(found)));
}

std::vector<std::string> split_list(std::string_view value) {
  std::vector<std::string> out;
  value = trim(value);
  if (value.empty()) return out;
  while (true) {
    const std::size_t comma = value.find(',');
    out.emplace_back(trim(value.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    value.remove_prefix(comma + 1);
  }
}

Result<PatternList> PatternList::compile(std::string_view comma_separated) {
  PatternList list;
  list.elements_ = split_list(comma_separated);
  if (list.elements_.empty()) return list;
  OTTLA_ASSIGN(auto joined, JavaRegex::compile(fmt::format("{}", fmt::join(list.elements_, "|"))));
  list.joined_.push_back(std::move(joined));
  for (const std::string& element : list.elements_) {
    if (auto single = JavaRegex::compile(element)) list.singles_.push_back(*std::move(single));
  }
  return list;
}

Result<bool> PatternList::matches(std::string_view name) const {
  if (joined_.empty() || name.empty()) return false;
  return joined_.front().full_match(name);
}

std::string PatternList::matching_element(std::string_view name) const {
  for (const JavaRegex& single : singles_) {
    if (single.full_match(name).value_or(false)) return single.pattern();
  }
  return to_string();
}

std::string PatternList::to_string() const {
  return fmt::format("{}", fmt::join(elements_, ", "));
}

}  // namespace ottla::flow
