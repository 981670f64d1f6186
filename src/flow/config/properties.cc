#include "flow/config/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>

namespace ottla::flow {
namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_utf8(std::string_view s) {
  std::size_t i = 0;
  while (i < s.size()) {
    const auto lead = static_cast<unsigned char>(s[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return false;
    std::uint32_t value = lead & (0x3FU >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if (i >= s.size() || (static_cast<unsigned char>(s[i]) & 0xC0) != 0x80) return false;
      value = (value << 6) | (static_cast<unsigned char>(s[i]) & 0x3F);
    }
    const bool overlong = (more == 2 && value < 0x800) || (more == 3 && value < 0x10000);
    if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return false;
  }
  return true;
}

std::string latin1_to_utf8(std::string_view s) {
  std::string out;
  for (const char c : s) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

std::string_view drop_leading_space(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  return s;
}

bool ends_with_open_backslash(std::string_view line) {
  std::size_t count = 0;
  while (count < line.size() && line[line.size() - 1 - count] == '\\') ++count;
  return count % 2 == 1;
}

// Gives logical lines: continued ones joined, comments and blank ones left out.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  struct Logical {
    std::string text;
    int line;
  };
  std::optional<Logical> next() {
    while (!rest_.empty()) {
      std::string_view line = drop_leading_space(natural());
      // A lone backslash begins no logical line yet: a comment may still follow.
      while (line == "\\" && !rest_.empty()) line = drop_leading_space(natural());
      if (line.empty() || line == "\\" || line.front() == '#' || line.front() == '!') continue;
      Logical out{.text = {}, .line = number_};
      while (ends_with_open_backslash(line)) {
        out.text += line.substr(0, line.size() - 1);
        line = rest_.empty() ? std::string_view() : drop_leading_space(natural());
      }
      out.text += line;
      return out;
    }
    return std::nullopt;
  }

 private:
  std::string_view natural() {
    ++number_;
    const std::size_t end = rest_.find_first_of("\r\n");
    const std::string_view line = rest_.substr(0, end);
    if (end == std::string_view::npos) {
      rest_ = {};
    } else {
      const bool pair = rest_[end] == '\r' && end + 1 < rest_.size() && rest_[end + 1] == '\n';
      rest_.remove_prefix(end + (pair ? 2 : 1));
    }
    return line;
  }

  std::string_view rest_;
  int number_ = 0;
};

std::optional<std::uint32_t> hex4(std::string_view s) {
  if (s.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = s[i];
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

// Undoes the escapes; none for a \u without four hexadecimal digits.
std::optional<std::string> unescape(std::string_view s) {
  std::string out;
  std::size_t i = 0;
  while (i < s.size()) {
    if (s[i] != '\\' || i + 1 >= s.size()) {
      if (s[i] != '\\') out += s[i];
      ++i;
      continue;
    }
    const char c = s[i + 1];
    i += 2;
    if (c != 'u') {
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c;
      continue;
    }
    auto code = hex4(s.substr(i));
    if (!code) return std::nullopt;
    i += 4;
    if (*code >= 0xD800 && *code <= 0xDBFF && s.substr(i).starts_with("\\u")) {
      const auto low = hex4(s.substr(i + 2));
      if (low && *low >= 0xDC00 && *low <= 0xDFFF) {
        code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
        i += 6;
      }
    }
    const bool lone = *code >= 0xD800 && *code <= 0xDFFF;
    append_utf8(out, lone ? 0xFFFD : *code);
  }
  return out;
}

struct RawPair {
  std::string_view key;
  std::string_view value;
};

RawPair split(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size() && line[i] != '=' && line[i] != ':' && !is_space(line[i])) {
    i += line[i] == '\\' ? 2 : 1;
  }
  i = std::min(i, line.size());
  const std::string_view key = line.substr(0, i);
  std::string_view value = drop_leading_space(line.substr(i));
  if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
    value = drop_leading_space(value.substr(1));
  }
  return {key, value};
}

}  // namespace

Result<Properties> Properties::parse(std::string_view text, std::string_view file_name) {
  if (text.size() > kPropertiesBytesMax) {
    return fail(BaseErrc::kLimitExceeded, fmt::format("{}: {} bytes; at most {} are read",
                                                      file_name, text.size(), kPropertiesBytesMax));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string recoded;
  if (!is_utf8(text)) {
    recoded = latin1_to_utf8(text);
    text = recoded;
  }
  Properties out;
  Lines lines(text);
  while (auto line = lines.next()) {
    const RawPair raw = split(line->text);
    auto key = unescape(raw.key);
    auto value = unescape(raw.value);
    if (!key || !value) {
      return fail(
          BaseErrc::kInvalidInput,
          fmt::format("{}:{}: \\u needs four hexadecimal digits; write \\\\u for a backslash "
                      "and a u",
                      file_name, line->line));
    }
    out.entries_.push_back({*std::move(key), *std::move(value), line->line});
  }
  std::ranges::sort(out.entries_, {}, [](const Property& p) { return std::tie(p.key, p.line); });
  std::vector<Property> unique;
  for (Property& entry : out.entries_) {
    if (!unique.empty() && unique.back().key == entry.key) {
      out.duplicates_.push_back({entry.key, unique.back().line, entry.line});
      unique.back() = std::move(entry);
    } else {
      unique.push_back(std::move(entry));
    }
  }
  out.entries_ = std::move(unique);
  return out;
}

const Property* Properties::find(std::string_view key) const {
  const auto found = std::ranges::lower_bound(entries_, key, {}, &Property::key);
  return found != entries_.end() && found->key == key ? &*found : nullptr;
}

}  // namespace ottla::flow
