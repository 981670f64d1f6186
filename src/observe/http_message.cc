#include "observe/http_message.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace ottla::observe {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex(text[i + 1]);
      const int low = hex(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// Calls `each(piece)` for the pieces between separators; stops at the first false.
template <class F>
bool split(std::string_view text, char separator, F each) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!each(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool add_segment(std::string_view piece, HttpRequest& into) {
  if (piece.empty()) return true;  // leading, trailing and doubled slashes don't matter
  auto decoded = percent_decode(piece, false);
  if (!decoded) return false;
  into.segments.push_back(*std::move(decoded));
  return true;
}

bool add_query(std::string_view piece, HttpRequest& into) {
  if (piece.empty()) return true;
  const std::size_t equals = piece.find('=');
  auto key = percent_decode(piece.substr(0, equals), true);
  auto value = percent_decode(
      equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1), true);
  if (!key || !value) return false;
  into.query.emplace_back(*std::move(key), *std::move(value));
  return true;
}

}  // namespace

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

HttpResponse error_response(int status, std::string_view message) {
  return {.status = status,
          .body = boost::json::serialize(
              boost::json::object{{"error_code", status}, {"message", message}})};
}

bool parse_target(std::string_view target, HttpRequest& into) {
  if (!target.starts_with('/')) return false;
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  into.path = std::string(target.substr(0, mark));
  if (!split(into.path, '/', [&](std::string_view p) { return add_segment(p, into); })) {
    return false;
  }
  if (mark == std::string_view::npos) return true;
  return split(target.substr(mark + 1), '&',
               [&](std::string_view p) { return add_query(p, into); });
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') ||
                            std::string_view("-._~").find(c) != std::string_view::npos;
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

}  // namespace ottla::observe
