#pragma once
// "Did you mean": the known word that is nearest to a mistyped one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ottla::cli {

// Nothing when no word is near: more than a third of it, and at least two letters, would change.
std::optional<std::string> nearest_word(std::string_view typed,
                                        const std::vector<std::string>& known);

}  // namespace ottla::cli
