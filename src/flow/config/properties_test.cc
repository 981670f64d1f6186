#include "flow/config/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

std::string value(std::string_view text, std::string_view key) {
  const auto parsed = Properties::parse(text, "f");
  if (!parsed) return parsed.error().to_string();
  const Property* found = parsed->find(key);
  return found == nullptr ? "(none)" : found->value;
}

TEST(Properties, AcceptsEverySeparator) {
  EXPECT_EQ(value("a=1", "a"), "1");
  EXPECT_EQ(value("a:1", "a"), "1");
  EXPECT_EQ(value("a 1", "a"), "1");
  EXPECT_EQ(value("  a \t=\f 1 2 ", "a"), "1 2 ");
  EXPECT_EQ(value("a==1", "a"), "=1");
  EXPECT_EQ(value("a", "a"), "");
  EXPECT_EQ(value("A->B.enabled = true", "A->B.enabled"), "true");
}

TEST(Properties, SkipsCommentsAndBlankLines) {
  const auto p = Properties::parse("# x=1\n  ! y=2\n\n \t\nz=3", "f").value();
  ASSERT_EQ(p.entries().size(), 1U);
  EXPECT_EQ(p.entries()[0].line, 5);
}

TEST(Properties, JoinsContinuedLines) {
  EXPECT_EQ(value("a=1,\\\n   2,\\\r\n\t3\nb=x", "a"), "1,2,3");
  EXPECT_EQ(value("a=1,\\\n   2\nb=x", "b"), "x");
  EXPECT_EQ(value("a=1\\\\\nb=2", "a"), "1\\");  // an even number does not continue
  EXPECT_EQ(value("a=1\\", "a"), "1");
  EXPECT_EQ(value("a=1\\\n# no comment", "a"), "1# no comment");
}

TEST(Properties, TreatsALoneBackslashAsABlankLine) {
  EXPECT_EQ(Properties::parse("\\\n\na=1", "f")->entries().size(), 1U);
  EXPECT_EQ(Properties::parse("\\\n# b=2\na=1", "f")->entries().size(), 1U);
  EXPECT_EQ(value("\\\n  a=1", "a"), "1");
}

TEST(Properties, DoesNotContinueComments) {
  EXPECT_EQ(value("# x \\\nb=2", "b"), "2");
}

TEST(Properties, CountsLinesOfEveryEnding) {
  const auto p = Properties::parse("a=1\r\nb=2\rc=\\\n3\nd=4", "f").value();
  EXPECT_EQ(p.find("b")->line, 2);
  EXPECT_EQ(p.find("c")->line, 3);
  EXPECT_EQ(p.find("d")->line, 5);
}

TEST(Properties, UndoesEscapes) {
  EXPECT_EQ(value("a=x\\ty\\n\\:\\z", "a"), "x\ty\n:z");
  EXPECT_EQ(value("topics = .*\\\\.internal", "topics"), ".*\\.internal");
  EXPECT_EQ(value("topics = .*\\.internal", "topics"), ".*.internal");  // a classic mistake
  EXPECT_EQ(value("a\\ b\\=c = 1", "a b=c"), "1");
  EXPECT_EQ(value("A\\->B.enabled=true", "A->B.enabled"), "true");
  EXPECT_EQ(value("a=\\u0041\\u00e9\\uD83D\\uDE00", "a"), "A\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(value("a=\\uD800x", "a"), "\xEF\xBF\xBDx");
}

TEST(Properties, NamesTheLineOfABrokenEscape) {
  EXPECT_EQ(value("a=1\nb=\\u12", "a").substr(0, 4), "f:2:");
}

TEST(Properties, ReadsLatin1AndUtf8) {
  EXPECT_EQ(value("a=\xE9", "a"), "\xC3\xA9");
  EXPECT_EQ(value("a=\xC3\xA9", "a"), "\xC3\xA9");
  EXPECT_EQ(value("\xEF\xBB\xBF"
                  "a=1",
                  "a"),
            "1");
}

TEST(Properties, LetsTheLaterOfTwoEqualKeysCount) {
  const auto p = Properties::parse("a=1\nb=2\na=3\na=4", "f").value();
  EXPECT_EQ(p.find("a")->value, "4");
  EXPECT_EQ(p.find("a")->line, 4);
  ASSERT_EQ(p.duplicates().size(), 2U);
  EXPECT_EQ(p.duplicates()[0].first_line, 1);
  EXPECT_EQ(p.duplicates()[0].second_line, 3);
}

TEST(Properties, RefusesAHugeFile) {
  EXPECT_FALSE(Properties::parse(std::string(kPropertiesBytesMax + 1, '#'), "f"));
}

TEST(Properties, SurvivesAnyBytes) {
  std::string text;
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  EXPECT_TRUE(Properties::parse(text, "f"));
  EXPECT_TRUE(Properties::parse("", "f")->entries().empty());
  EXPECT_TRUE(Properties::parse("\\", "f"));
  EXPECT_TRUE(Properties::parse("=", "f"));
}

}  // namespace
}  // namespace ottla::flow
