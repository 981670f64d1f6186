#pragma once
// Base64 (RFC 4648): the standard alphabet with padding for SCRAM and HTTP, the URL-safe one
// without for JSON web tokens.

#include <optional>
#include <string>
#include <string_view>

namespace ottla::kafka::session {

std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);

// nullopt: not base64. Padding has to be right, for base64url absent or right.
std::optional<std::string> base64_decode(std::string_view text);
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace ottla::kafka::session
