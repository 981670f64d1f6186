#include "flow/status/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "flow/status/summary.h"

namespace ottla::flow {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string states(const FlowSummary& sum) {
  std::string text;
  for (std::size_t i = 0; i < kPartitionStates; ++i) {
    if (sum.by_state[i] == 0) continue;
    fmt::format_to(Out(text), "{}{} {}", text.empty() ? "" : ", ", format_count(sum.by_state[i]),
                   name(static_cast<PartitionState>(i)));
  }
  return text;
}

void partitions_to_text(std::string& text, const FlowStatus& flow, std::size_t rows_max) {
  const auto rows = most_interesting(flow, rows_max);
  if (rows.empty()) return;
  std::size_t width = 9;
  for (const PartitionStatus* p : rows) {
    width = std::max(width, fmt::formatted_size("{}-{}", p->topic, p->partition));
  }
  fmt::format_to(Out(text), "  {:<{}}  {:<11}  {:>14}  {:>12}  {:>8}  {:<12}  {}\n", "PARTITION",
                 width, "STATE", "LAG (RECORDS)", "LAG", "RECORDS/S", "PATH", "WHY");
  for (const PartitionStatus* p : rows) {
    const auto lag = p->lag_records();
    fmt::format_to(Out(text), "  {:<{}}  {:<11}  {:>14}  {:>12}  {:>9}  {:<12}  {}\n",
                   printable(fmt::format("{}-{}", p->topic, p->partition)), width, name(p->state),
                   lag ? format_count(*lag) : "-", format_lag(p->lag_seconds),
                   format_rate(p->records_per_second), name(p->path), printable(p->reason));
  }
  if (rows.size() < flow.partitions.size()) {
    fmt::format_to(Out(text), "  … and {} more\n", flow.partitions.size() - rows.size());
  }
}

void flow_to_text(std::string& text, const FlowStatus& flow, std::size_t rows_max) {
  const FlowSummary sum = summarize(flow);
  fmt::format_to(Out(text), "\n{}  {}{}\n", printable(flow.flow()), name(flow.health),
                 flow.paused ? "  (paused)" : "");
  for (const std::string& reason : flow.reasons) {
    fmt::format_to(Out(text), "  why       {}\n", printable(reason));
  }
  for (const ClusterReach& cluster : flow.clusters) {
    fmt::format_to(Out(text), "  cluster   {}: {}{}{}\n", printable(cluster.alias),
                   cluster.reachable ? "reachable" : "NOT REACHABLE",
                   cluster.detail.empty() ? "" : ", ", printable(cluster.detail));
  }
  fmt::format_to(Out(text), "  copies    {} topics, {} partitions{}{}\n", format_count(sum.topics),
                 format_count(sum.partitions), sum.partitions > 0 ? ": " : "", states(sum));
  fmt::format_to(Out(text), "  rate      {} records/s, {}/s\n", format_rate(sum.records_per_second),
                 format_bytes(sum.bytes_per_second));
  fmt::format_to(Out(text), "  lag       {} records, {}\n", format_count(sum.lag_records),
                 format_lag(sum.lag_seconds));
  if (flow.ledger_entries > 0) {
    fmt::format_to(Out(text), "  losses    {} in the ledger; newest:\n",
                   format_count(flow.ledger_entries));
    for (const std::string& entry : flow.ledger) {
      fmt::format_to(Out(text), "            {}\n", printable(entry));
    }
  }
  partitions_to_text(text, flow, rows_max);
}

}  // namespace

std::string format_count(std::int64_t n) {
  std::string digits = fmt::format("{}", n);
  const std::size_t first = n < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string format_rate(double per_second) {
  if (!std::isfinite(per_second)) return "-";
  if (per_second >= 1e9) return fmt::format("{:.1f}G", per_second / 1e9);
  if (per_second >= 1e6) return fmt::format("{:.1f}M", per_second / 1e6);
  if (per_second >= 1e4) return fmt::format("{:.1f}k", per_second / 1e3);
  if (per_second > 0 && per_second < 10) return fmt::format("{:.1f}", per_second);
  return fmt::format("{:.0f}", per_second);
}

std::string format_bytes(double bytes) {
  if (!std::isfinite(bytes)) return "-";
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 999.95 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  seconds = std::clamp(seconds, 0.0, 1e12);
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::string format_lag(std::optional<double> seconds) {
  return seconds ? format_seconds(*seconds) : "-";
}

std::string printable(std::string_view text) {
  std::string clean(text);
  // C0 and DEL; the C1 range is two bytes in UTF-8 (C2 80..9F) and some terminals obey it as well.
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto c = static_cast<unsigned char>(clean[i]);
    if (c < 0x20 || c == 0x7F) clean[i] = ' ';
    if (c == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0) {
      clean[i] = ' ';
      clean[i + 1] = ' ';
    }
  }
  return clean;
}

std::string to_text(const ProcessStatus& status, const StatusTextOptions& options) {
  const double up_seconds = static_cast<double>(options.now_ms - status.started_at_ms) / 1000;
  std::string text = fmt::format("ottla {}, pid {}, up {}: {}\n", printable(status.version),
                                 status.pid, format_seconds(up_seconds), name(health(status)));
  for (const FlowStatus& flow : status.flows) flow_to_text(text, flow, options.partitions_max);
  if (!status.configuration_notes.empty()) text += "\nConfiguration\n";
  for (const std::string& note : status.configuration_notes) {
    fmt::format_to(Out(text), "  {}\n", printable(note));
  }
  return text;
}

}  // namespace ottla::flow
