#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ottla {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "ottla: invariant broken: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace ottla
