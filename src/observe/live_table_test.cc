#include "observe/live_table.h"

#include <gmock/gmock.h>

#include <sstream>

#include "observe/test_status.h"

namespace ottla::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

flow::ProcessStatus many(int partitions) {
  flow::ProcessStatus s = testing::test_status();
  s.flows[0].partitions.clear();
  for (int i = 0; i < partitions; ++i) {
    s.flows[0].partitions.push_back(testing::test_partition(i, flow::PartitionState::kIdle));
  }
  return s;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(LiveTable, FitsEveryTerminal) {
  flow::ProcessStatus s = many(1000);
  s.flows[0].reasons = {std::string(300, 'x'), "b", "c"};
  s.flows[0].partitions[3].topic = "größe" + std::string(200, 'y');
  for (const int columns : {1, 20, 79, 200}) {
    for (const int rows : {1, 5, 24, 60}) {
      const auto lines =
          lines_of(live_table(s, {.size = {.columns = columns, .rows = rows}, .color = false}));
      EXPECT_LE(lines.size(), static_cast<std::size_t>(std::max(rows, 3)));
      for (const auto& line : lines) {
        EXPECT_LE(code_points(line), static_cast<std::size_t>(std::max(columns, 20))) << line;
      }
    }
  }
}

TEST(LiveTable, ShowsWhatNeedsAttentionAndCountsTheRest) {
  flow::ProcessStatus s = many(100);
  s.flows[0].partitions[77].state = flow::PartitionState::kQuarantined;
  s.flows[0].partitions[77].reason = "record too large";
  const std::string text =
      live_table(s, {.size = {.columns = 160, .rows = 12}, .color = false, .now_ms = 0});
  EXPECT_THAT(text, HasSubstr("orders-77"));
  EXPECT_THAT(text, HasSubstr("record too large"));
  EXPECT_THAT(text, HasSubstr(" more"));
  EXPECT_THAT(text, HasSubstr("B->A"));
}

TEST(LiveTable, ColorsOnlyWhenAsked) {
  const std::string plain = live_table(many(3), {.size = {}, .color = false});
  const std::string colored = live_table(many(3), {.size = {}, .color = true});
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_THAT(colored, HasSubstr("\x1b[32m"));
}

TEST(LiveTable, KeepsForeignControlCharactersOut) {
  flow::ProcessStatus s = many(1);
  s.flows[0].partitions[0].reason = "\x1b]0;title\x07";
  EXPECT_THAT(live_table(s, {.size = {.columns = 200, .rows = 20}, .color = false}),
              Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ottla::observe
