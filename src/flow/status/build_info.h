#pragma once
// Which build this is: the same words for `ottla version`, REST and metrics.

#include <string_view>

namespace ottla::flow {

std::string_view build_version();  // "0.1.0"
std::string_view build_commit();   // short git hash when CMake configured the tree, or "unknown"

}  // namespace ottla::flow
