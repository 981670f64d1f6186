#pragma once
// The page at /ui: one self-contained HTML document that polls /ottla/v1/status.

#include <string_view>

namespace ottla::observe {

std::string_view web_page();

}  // namespace ottla::observe
