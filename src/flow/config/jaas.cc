#include "flow/config/jaas.h"

#include <fmt/format.h>

#include <optional>

namespace ottla::flow {
namespace {

constexpr std::string_view kHowTo =
    "expected: org.apache.kafka.common.security.plain.PlainLoginModule required "
    "username=\"...\" password=\"...\";";

// What a letter after a backslash means to Java's StreamTokenizer.
char unescape(char c) {
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v";
  const std::size_t at = kLetters.find(c);
  return at == std::string_view::npos ? c : kMeanings[at];
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// Words, quoted texts and the two signs '=' and ';', as Java's StreamTokenizer cuts them.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  struct Token {
    enum Kind { kWord, kEquals, kSemicolon } kind;
    std::string text;
  };

  // None at the end; the error is set for a quote that is not closed.
  std::optional<Token> next() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    if (c == '=' || c == ';') {
      rest_.remove_prefix(1);
      return Token{c == '=' ? Token::kEquals : Token::kSemicolon, {}};
    }
    if (c == '"' || c == '\'') return quoted(c);
    std::size_t n = 0;
    while (n < rest_.size() && !is_space(rest_[n]) && rest_[n] != '=' && rest_[n] != ';' &&
           rest_[n] != '"' && rest_[n] != '\'') {
      ++n;
    }
    Token out{Token::kWord, std::string(rest_.substr(0, n))};
    rest_.remove_prefix(n);
    return out;
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::optional<Token> quoted(char quote) {
    Token out{Token::kWord, {}};
    std::size_t i = 1;
    while (i < rest_.size() && rest_[i] != quote) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) {
        out.text += unescape(rest_[i + 1]);
        i += 2;
      } else {
        out.text += rest_[i++];
      }
    }
    if (i >= rest_.size()) {
      broken_ = true;
      return std::nullopt;
    }
    rest_.remove_prefix(i + 1);
    return out;
  }

  std::string_view rest_;
  bool broken_ = false;
};

std::optional<LoginModule> module_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  if (name == "PlainLoginModule") return LoginModule::kPlain;
  if (name == "ScramLoginModule") return LoginModule::kScram;
  if (name == "OAuthBearerLoginModule") return LoginModule::kOAuthBearer;
  return std::nullopt;
}

std::unexpected<Error> refuse(std::string_view why) {
  return fail(BaseErrc::kInvalidInput, fmt::format("sasl.jaas.config: {}; {}", why, kHowTo));
}

}  // namespace

Result<JaasEntry> parse_jaas(std::string_view text) {
  using Token = Tokens::Token;
  Tokens tokens(text);
  const auto name = tokens.next();
  if (!name || name->kind != Token::kWord) return refuse("the login module is missing");
  const auto module = module_of(name->text);
  if (!module) {
    return fail(BaseErrc::kUnsupported,
                fmt::format("sasl.jaas.config: login module '{}'; PlainLoginModule, "
                            "ScramLoginModule and OAuthBearerLoginModule are supported",
                            name->text));
  }
  const auto flag = tokens.next();
  if (!flag || flag->kind != Token::kWord) return refuse("the control flag is missing");
  if (flag->text != "required" && flag->text != "requisite" && flag->text != "sufficient" &&
      flag->text != "optional") {
    return refuse("the word after the login module must be 'required'");
  }
  JaasEntry entry{.module = *module, .options = {}};
  while (true) {
    auto key = tokens.next();
    if (!key)
      return refuse(tokens.broken() ? "a quote is not closed" : "the ';' at the end is missing");
    if (key->kind == Token::kSemicolon) break;
    const auto equals = tokens.next();
    const auto value = tokens.next();
    if (tokens.broken()) return refuse("a quote is not closed");
    if (key->kind != Token::kWord || !equals || equals->kind != Token::kEquals || !value ||
        value->kind != Token::kWord) {
      return refuse("an option must be written as name=\"value\"");
    }
    entry.options.insert_or_assign(std::move(key->text), Secret(value->text));
  }
  if (tokens.next() || tokens.broken()) return refuse("only one entry is allowed");
  return entry;
}

}  // namespace ottla::flow
