#include "flow/rules/java_regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ottla::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view subject) {
  const auto regex = JavaRegex::compile(pattern);
  if (!regex) {
    ADD_FAILURE() << regex.error().to_string();
    return false;
  }
  return regex->full_match(subject).value();
}

std::string refusal(std::string_view pattern) {
  const auto regex = JavaRegex::compile(pattern);
  return regex ? "accepted" : regex.error().context;
}

TEST(JavaRegex, MatchesTheWholeNameOnly) {
  EXPECT_TRUE(matches("orders", "orders"));
  EXPECT_FALSE(matches("orders", "orders2"));
  EXPECT_FALSE(matches("orders", "my-orders"));
  EXPECT_FALSE(matches("a|ab", "abc"));
  EXPECT_TRUE(matches("a|ab", "ab"));  // backtracks into the longer branch
  EXPECT_FALSE(matches("orders", "orders\n"));
}

TEST(JavaRegex, UnderstandsMirrorMakersDefaults) {
  EXPECT_TRUE(matches("mm2.*\\.internal", "mm2-offsets.A.internal"));
  EXPECT_TRUE(matches(".*[\\-\\.]internal", "app-internal"));
  EXPECT_TRUE(matches(".*\\.replica", "x.replica"));
  EXPECT_TRUE(matches("__.*", "__consumer_offsets"));
}

TEST(JavaRegex, AcceptsPossessiveQuantifiersAndLookaround) {
  EXPECT_TRUE(matches("a*+b", "aaab"));
  EXPECT_FALSE(matches("a*+a", "aaa"));
  EXPECT_TRUE(matches("(?!secret)[a-z]+", "public"));
  EXPECT_FALSE(matches("(?!secret).*", "secret-orders"));
  EXPECT_TRUE(matches("(?<tenant>[a-z]+)-\\k<tenant>", "eu-eu"));
}

TEST(JavaRegex, TranslatesJavasOwnNotations) {
  EXPECT_TRUE(matches("\\u0041b", "Ab"));
  EXPECT_TRUE(matches("\\0101", "A"));
  EXPECT_TRUE(matches("\\x{41}\\x42", "AB"));
  EXPECT_TRUE(matches("\\p{Alpha}+[\\p{Digit}_]+", "ab1_2"));
  EXPECT_FALSE(matches("\\p{Lower}+", "aB"));
  EXPECT_TRUE(matches("\\p{IsLu}\\p{Ll}", "Ab"));
  EXPECT_TRUE(matches("\\Qa.b*\\E", "a.b*"));
  EXPECT_FALSE(matches("\\Qa.b\\E", "axb"));
  EXPECT_TRUE(matches("(?iu)orders", "ORDERS"));
  EXPECT_TRUE(matches("\\P{Punct}+", "abc"));
}

TEST(JavaRegex, RefusesWithWordsWhatPcre2ReadsDifferently) {
  EXPECT_THAT(refusal("[a-z&&[^b]]"), HasSubstr("&&"));
  EXPECT_THAT(refusal("[a[b]]"), HasSubstr("nested"));
  EXPECT_THAT(refusal("\\p{javaLowerCase}"), HasSubstr("javaLowerCase"));
  EXPECT_THAT(refusal("\\p{InGreek}"), HasSubstr("InGreek"));
  EXPECT_THAT(refusal("(?x)a b"), HasSubstr("flag 'x'"));
  EXPECT_THAT(refusal("(?U)a"), HasSubstr("flag 'U'"));
  EXPECT_THAT(refusal("a{,3}"), HasSubstr("repetition"));
  EXPECT_THAT(refusal("(?R)"), HasSubstr("(?R"));
  EXPECT_THAT(refusal("(?|a)"), HasSubstr("unknown construct"));
  EXPECT_THAT(refusal("a\\Kb"), HasSubstr("\\K"));
  EXPECT_THAT(refusal("(*ACCEPT)"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(refusal("[abc"), HasSubstr("not closed"));
  EXPECT_THAT(refusal("abc\\"), HasSubstr("backslash at the end"));
}

TEST(JavaRegex, TellsThatAGlobIsNotAPattern) {
  EXPECT_THAT(refusal("*.orders"), HasSubstr("write .* instead of *"));
}

TEST(JavaRegex, GivesUpOnAPathologicalPattern) {
  const auto regex = JavaRegex::compile("(a|aa)+[cd]").value();
  const std::string subject(80, 'a');
  const auto found = regex.full_match(subject);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, make_error_code(BaseErrc::kLimitExceeded));
}

TEST(JavaRegex, RefusesAHugePattern) {
  EXPECT_THAT(refusal(std::string(100'000, 'a')), HasSubstr("at most"));
}

TEST(JavaRegex, DoesNotMatchBrokenUtf8) {
  EXPECT_FALSE(matches("[a-z]+", "a\xff\xfe"));
}

TEST(PatternList, SplitsAtCommasAndTrims) {
  EXPECT_THAT(split_list(" a , b,c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list("a,,b,"), ElementsAre("a", "", "b", ""));
  EXPECT_TRUE(split_list("   ").empty());
}

TEST(PatternList, JoinsItsElementsAsAlternatives) {
  const auto list = PatternList::compile("orders.*, (x, y)z").value();
  EXPECT_TRUE(list.matches("orders-eu").value());
  EXPECT_TRUE(list.matches("xz").value());  // MM2 joins first and compiles then
  EXPECT_FALSE(list.matches("z").value());
  EXPECT_EQ(list.matching_element("orders-eu"), "orders.*");
  EXPECT_EQ(list.matching_element("yz"), "orders.*, (x, y)z");
}

TEST(PatternList, MatchesNothingWhenEmpty) {
  const auto list = PatternList::compile("").value();
  EXPECT_FALSE(list.matches("orders").value());
  EXPECT_FALSE(PatternList::compile("a,,b").value().matches("").value());
}

}  // namespace
}  // namespace ottla::flow
