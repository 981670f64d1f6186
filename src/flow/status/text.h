#pragma once
// Status in words for a terminal, and the number formats that all of Ottla's text shares.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flow/status/status.h"

namespace ottla::flow {

std::string format_count(std::int64_t n);    // 1,234,567
std::string format_rate(double per_second);  // 950, 12.3k, 4.5M
std::string format_bytes(double bytes);      // 950 B, 12.3 kB, 4.5 MB (powers of 1000)
std::string format_seconds(double seconds);  // 350 ms, 4.2 s, 3 min 20 s, 5 h 10 min, 3 d 4 h
std::string format_lag(std::optional<double> seconds);  // "-" when unknown

// Names and reasons come from other machines: control characters must not reach a terminal.
std::string printable(std::string_view text);

struct StatusTextOptions {
  std::int64_t now_ms = 0;          // wall clock, for the uptime
  std::size_t partitions_max = 20;  // rows per flow; the rest is counted
};

std::string to_text(const ProcessStatus& status, const StatusTextOptions& options);

}  // namespace ottla::flow
