#pragma once
// Rewrites a java.util.regex pattern into PCRE2's dialect, or says why it can't.

#include <string>
#include <string_view>

#include "base/result.h"

namespace ottla::flow {

// kInvalidInput with the position (in bytes, from 0) of what has no equal in PCRE2.
Result<std::string> translate_java_regex(std::string_view pattern);

}  // namespace ottla::flow
