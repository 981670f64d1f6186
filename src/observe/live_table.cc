#include "observe/live_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "flow/status/summary.h"
#include "flow/status/text.h"

namespace ottla::observe {
namespace {

using flow::FlowHealth;
using flow::FlowStatus;
using flow::PartitionState;
using flow::PartitionStatus;

constexpr std::size_t kReasonsMax = 2;

enum class Style { kPlain, kBold, kGood, kWarning, kBad };

std::string_view code(Style style) {
  switch (style) {
    case Style::kBold:
      return "\x1b[1m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kPlain:
      break;
  }
  return "";
}

Style style_of(FlowHealth health) {
  if (health == FlowHealth::kOk) return Style::kGood;
  return health == FlowHealth::kDegraded ? Style::kWarning : Style::kBad;
}

Style style_of(const PartitionStatus& p) {
  if (p.state == PartitionState::kQuarantined || p.losses > 0) return Style::kBad;
  if (p.state == PartitionState::kLagging || p.state == PartitionState::kThrottled) {
    return Style::kWarning;
  }
  return Style::kPlain;
}

// The first `columns` code points, the last of them "…" when some were cut.
std::string cut(std::string_view text, std::size_t columns) {
  std::size_t points = 0;
  std::size_t keep = 0;  // bytes of the first columns-1 code points
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (points + 1 == columns) keep = i;
    if (++points > columns) return std::string(text.substr(0, keep)) + "…";
  }
  return std::string(text);
}

class Screen {
 public:
  Screen(TerminalSize size, bool color)
      : columns_(static_cast<std::size_t>(std::clamp(size.columns, 20, 1000))),
        rows_(static_cast<std::size_t>(std::clamp(size.rows, 3, 1000))),
        color_(color) {}

  void line(std::string_view text, Style style = Style::kPlain) {
    if (lines_.size() >= rows_) return;
    std::string shown = cut(flow::printable(text), columns_);
    if (color_ && style != Style::kPlain) {
      shown = std::string(code(style)) + shown + "\x1b[0m";
    }
    lines_.push_back(std::move(shown));
  }
  [[nodiscard]] std::size_t free() const { return rows_ - lines_.size(); }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(lines_, "\n")); }

 private:
  std::size_t columns_;
  std::size_t rows_;
  bool color_;
  std::vector<std::string> lines_;
};

void flow_head(Screen& screen, const FlowStatus& flow) {
  const flow::FlowSummary sum = flow::summarize(flow);
  screen.line(
      fmt::format("{}  {}{}  {} partitions  {} rec/s  {}/s  lag {} rec, {}{}", flow.flow(),
                  name(flow.health), flow.paused ? " (paused)" : "",
                  flow::format_count(sum.partitions), flow::format_rate(sum.records_per_second),
                  flow::format_bytes(sum.bytes_per_second), flow::format_count(sum.lag_records),
                  flow::format_lag(sum.lag_seconds),
                  flow.ledger_entries > 0
                      ? fmt::format("  losses {}", flow::format_count(flow.ledger_entries))
                      : ""),
      style_of(flow.health));
  for (std::size_t i = 0; i < std::min(kReasonsMax, flow.reasons.size()); ++i) {
    screen.line("  " + flow.reasons[i]);
  }
}

std::string row(std::string_view partition, std::size_t width, std::string_view state,
                std::string_view lag, std::string_view lag_time, std::string_view rate,
                std::string_view bytes, std::string_view path, std::string_view why) {
  return fmt::format("  {:<{}} {:<11} {:>12} {:>12} {:>8} {:>10}  {:<12} {}", partition, width,
                     state, lag, lag_time, rate, bytes, path, why);
}

void partition_rows(Screen& screen, const FlowStatus& flow, std::size_t budget) {
  if (flow.partitions.empty() || budget < 2) return;
  const std::size_t total = flow.partitions.size();
  std::size_t shown = std::min(total, budget - 1);
  if (shown < total) --shown;  // room for the count of the others
  const auto rows = flow::most_interesting(flow, shown);
  std::size_t width = 9;
  for (const PartitionStatus* p : rows) {
    width = std::max(width, fmt::formatted_size("{}-{}", p->topic, p->partition));
  }
  width = std::min(width, std::max<std::size_t>(9, screen.columns() / 3));
  screen.line(
      row("PARTITION", width, "STATE", "LAG RECORDS", "LAG", "REC/S", "BYTES/S", "PATH", "WHY"),
      Style::kBold);
  for (const PartitionStatus* p : rows) {
    const auto lag = p->lag_records();
    screen.line(row(cut(fmt::format("{}-{}", p->topic, p->partition), width), width, name(p->state),
                    lag ? flow::format_count(*lag) : "-", flow::format_lag(p->lag_seconds),
                    flow::format_rate(p->records_per_second),
                    flow::format_bytes(p->bytes_per_second), name(p->path), p->reason),
                style_of(*p));
  }
  if (shown < total) screen.line(fmt::format("  … and {} more", total - shown));
}

// Lines that flow_head takes.
std::size_t head_lines(const FlowStatus& flow) {
  return 1 + std::min(kReasonsMax, flow.reasons.size());
}

}  // namespace

std::string live_table(const flow::ProcessStatus& status, const LiveTableOptions& options) {
  Screen screen(options.size, options.color);
  const FlowHealth worst = flow::health(status);
  const double up = static_cast<double>(options.now_ms - status.started_at_ms) / 1000;
  screen.line(
      fmt::format("ottla {}  up {}  {}", status.version, flow::format_seconds(up), name(worst)),
      style_of(worst));
  std::size_t heads = 0;
  for (const FlowStatus& flow : status.flows) heads += head_lines(flow);
  std::size_t left = status.flows.size();
  for (const FlowStatus& flow : status.flows) {
    // What the heads leave over is shared; a flow with few partitions leaves more to the next.
    const std::size_t free = screen.free() > heads ? screen.free() - heads : 0;
    flow_head(screen, flow);
    partition_rows(screen, flow, free / left);
    heads -= head_lines(flow);
    --left;
  }
  return screen.text();
}

}  // namespace ottla::observe
