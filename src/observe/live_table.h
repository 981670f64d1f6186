#pragma once
// The live table of `ottla status --watch` and `ottla run` on a terminal: plain ANSI, a pure
// function.

#include <cstdint>
#include <string>

#include "flow/status/status.h"

namespace ottla::observe {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

struct LiveTableOptions {
  TerminalSize size{};
  bool color = true;
  std::int64_t now_ms = 0;  // wall clock, for the uptime
};

// At most `rows` lines of at most `columns` characters, joined by '\n'. When partitions are many,
// the ones that need attention come first (flow::most_interesting) and the rest is counted.
std::string live_table(const flow::ProcessStatus& status, const LiveTableOptions& options);

}  // namespace ottla::observe
