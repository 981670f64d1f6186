#include "cli/suggestion.h"

#include <algorithm>
#include <numeric>

namespace ottla::cli {
namespace {

constexpr std::size_t kTypedMax = 64;

// Insertions, deletions, replacements and swaps of neighbours (Damerau, optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view typed,
                                        const std::vector<std::string>& known) {
  if (typed.size() > kTypedMax) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& word : known) {
    const std::size_t d = distance(typed, word);
    if (d > std::max<std::size_t>(2, word.size() / 3)) continue;
    if (!best || d < best_distance) {
      best = word;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace ottla::cli
