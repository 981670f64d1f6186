#include "flow/rules/java_regex_dialect.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace ottla::flow {
namespace {

// Java's POSIX names are ASCII only. The text stands inside a bracketed class.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kPosixClasses{{
    {"Lower", "a-z"},
    {"Upper", "A-Z"},
    {"ASCII", "\\x00-\\x7F"},
    {"Alpha", "a-zA-Z"},
    {"Digit", "0-9"},
    {"Alnum", "a-zA-Z0-9"},
    {"Punct", "!-\\/:-@\\[-`{-~"},
    {"Graph", "!-~"},
    {"Print", " -~"},
    {"Blank", " \\t"},
    {"Cntrl", "\\x00-\\x1F\\x7F"},
    {"XDigit", "0-9a-fA-F"},
    {"Space", " \\t\\n\\x0B\\f\\r"},
}};

constexpr std::string_view kSameEscapes = "tnrfaedDsSwWhHvVbBAGZzRXk";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Translator {
 public:
  explicit Translator(std::string_view in) : in_(in) { out_.reserve(in.size() + 16); }

  Result<std::string> run() {
    while (at_ < in_.size()) {
      OTTLA_TRY(step());
    }
    if (in_class_) return refuse(class_start_, "the character class is not closed");
    return std::move(out_);
  }

 private:
  std::unexpected<Error> refuse(std::size_t at, std::string_view why) const {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("regular expression '{}': {} (at character {})", in_, why, at + 1));
  }
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
  }
  void copy(std::size_t n) {
    out_ += in_.substr(at_, n);
    at_ += n;
  }

  Status step() {
    const char c = in_[at_];
    if (c == '\\') return escape();
    if (in_class_) return class_char(c);
    if (c == '[') {
      in_class_ = true;
      class_start_ = at_;
      copy(peek(1) == '^' ? 2 : 1);
      if (peek(0) == ']') copy(1);  // a first ']' is a plain character in both dialects
      return {};
    }
    if (c == '(') return group();
    if (c == '{') return repetition();
    copy(1);
    return {};
  }

  Status class_char(char c) {
    if (c == ']') {
      in_class_ = false;
    } else if (c == '[') {
      return refuse(at_,
                    "nested character classes are not supported; write one class, or \\[ for "
                    "the character");
    } else if (c == '&' && peek(1) == '&') {
      return refuse(at_,
                    "intersection of character classes (&&) is not supported; write the class "
                    "out, or use a lookahead");
    }
    copy(1);
    return {};
  }

  Status group() {
    if (peek(1) == '*') return refuse(at_ + 1, "'*' has nothing to repeat");
    if (peek(1) != '?') {
      copy(1);
      return {};
    }
    const char kind = peek(2);
    if (kind == ':' || kind == '=' || kind == '!' || kind == '>') {
      copy(3);
      return {};
    }
    if (kind == '<') {
      if (peek(3) == '=' || peek(3) == '!') {
        copy(4);
        return {};
      }
      if (is_letter(peek(3))) {
        copy(3);
        return {};
      }
    }
    return flags();
  }

  // (?i), (?i-s:x): i, m and s mean the same; u is what PCRE2 does anyway.
  Status flags() {
    std::size_t end = at_ + 2;
    std::string kept;
    while (end < in_.size() && (is_letter(in_[end]) || in_[end] == '-')) {
      const char f = in_[end];
      if (f == 'd' || f == 'x' || f == 'U') {
        return refuse(end, fmt::format("the flag '{}' is not supported", f));
      }
      if (f != 'i' && f != 'm' && f != 's' && f != 'u' && f != '-') {
        return refuse(end, fmt::format("unknown construct (?{}", f));
      }
      if (f != 'u') kept += f;
      ++end;
    }
    if (end == at_ + 2 || end >= in_.size() || (in_[end] != ')' && in_[end] != ':')) {
      return refuse(at_, "unknown construct after '(?'");
    }
    out_ += "(?";
    out_ += kept;
    at_ = end;
    copy(1);
    return {};
  }

  // Java takes '{' for nothing but a repetition; PCRE2 would silently match the character.
  Status repetition() {
    std::size_t i = at_ + 1;
    const auto digits = [&] {
      const std::size_t from = i;
      while (i < in_.size() && is_digit(in_[i])) ++i;
      return i - from;
    };
    bool good = digits() > 0;
    if (good && i < in_.size() && in_[i] == ',') {
      ++i;
      digits();
    }
    good = good && i < in_.size() && in_[i] == '}';
    if (!good) {
      return refuse(at_,
                    "illegal repetition; write \\{ for the character (a comma separates the "
                    "elements of a list, so {1,2} can't be used in one)");
    }
    copy(i + 1 - at_);
    return {};
  }

  Status escape() {
    const char c = peek(1);
    if (c == '\0') return refuse(at_, "a backslash at the end");
    if (c == 'Q') return quotation();
    if (c == 'u') return unicode_escape();
    if (c == '0') return octal_escape();
    if (c == 'x') return hex_escape();
    if (c == 'p' || c == 'P') return property(c == 'P');
    if (c == 'c') {
      if (at_ + 2 >= in_.size()) return refuse(at_, "\\c needs a character");
      copy(3);
      return {};
    }
    if (is_letter(c) && kSameEscapes.find(c) == std::string_view::npos) {
      return refuse(at_, fmt::format("the escape \\{} is not supported", c));
    }
    copy(2);
    return {};
  }

  Status quotation() {
    const std::size_t end = in_.find("\\E", at_ + 2);
    const std::size_t stop = end == std::string_view::npos ? in_.size() : end;
    for (std::size_t i = at_ + 2; i < stop; ++i) {
      const auto u = static_cast<unsigned char>(in_[i]);
      if (u < 0x80 && !is_letter(in_[i]) && !is_digit(in_[i])) out_ += '\\';
      out_ += in_[i];
    }
    at_ = end == std::string_view::npos ? in_.size() : end + 2;
    return {};
  }

  void emit_code_point(std::uint32_t value) { out_ += fmt::format("\\x{{{:X}}}", value); }

  Status unicode_escape() {
    std::uint32_t value = 0;
    for (std::size_t i = 2; i < 6; ++i) {
      if (!is_hex(peek(i))) return refuse(at_, "\\u needs four hexadecimal digits");
      value = value * 16 + static_cast<std::uint32_t>(
                               is_digit(peek(i)) ? peek(i) - '0' : (peek(i) | 0x20) - 'a' + 10);
    }
    if (value >= 0xD800 && value <= 0xDFFF) {
      return refuse(at_, "surrogates are not supported; write the character itself or \\x{...}");
    }
    emit_code_point(value);
    at_ += 6;
    return {};
  }

  // \0n, \0nn, \0mnn with m <= 3.
  Status octal_escape() {
    std::size_t i = 2;
    std::uint32_t value = 0;
    const std::size_t max = peek(2) >= '0' && peek(2) <= '3' ? 5 : 4;
    while (i < max && peek(i) >= '0' && peek(i) <= '7') {
      value = value * 8 + static_cast<std::uint32_t>(peek(i) - '0');
      ++i;
    }
    if (i == 2) return refuse(at_, "\\0 needs an octal digit");
    emit_code_point(value);
    at_ += i;
    return {};
  }

  Status hex_escape() {
    if (is_hex(peek(2)) && is_hex(peek(3))) {
      copy(4);
      return {};
    }
    std::size_t i = 3;
    while (peek(2) == '{' && is_hex(peek(i))) ++i;
    if (peek(2) != '{' || i == 3 || peek(i) != '}') {
      return refuse(at_, "\\x needs two hexadecimal digits, or {digits}");
    }
    copy(i + 1);
    return {};
  }

  Status property(bool negated) {
    if (peek(2) != '{') {
      if (std::string_view("LMNPSZC").find(peek(2)) == std::string_view::npos) {
        return refuse(at_, "unknown character property");
      }
      copy(3);
      return {};
    }
    const std::size_t end = in_.find('}', at_);
    if (end == std::string_view::npos) return refuse(at_, "\\p{ is not closed");
    std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    for (const auto& [posix, chars] : kPosixClasses) {
      if (name != posix) continue;
      if (in_class_ && negated) {
        return refuse(at_,
                      fmt::format("\\P{{{}}} inside a character class is not supported", name));
      }
      if (!in_class_) out_ += negated ? "[^" : "[";
      out_ += chars;
      if (!in_class_) out_ += ']';
      at_ = end + 1;
      return {};
    }
    if (name.starts_with("Is")) name.remove_prefix(2);
    const bool category = !name.empty() && name.size() <= 2 &&
                          std::string_view("LMNPSZC").find(name[0]) != std::string_view::npos;
    if (!category) {
      return refuse(at_, fmt::format("the character property \\p{{{}}} is not supported; general "
                                     "categories (\\p{{Lu}}) and POSIX names (\\p{{Alpha}}) are",
                                     in_.substr(at_ + 3, end - at_ - 3)));
    }
    out_ += fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name);
    at_ = end + 1;
    return {};
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t class_start_ = 0;
  bool in_class_ = false;
};

}  // namespace

Result<std::string> translate_java_regex(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace ottla::flow
