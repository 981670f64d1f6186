#include "flow/config/jaas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

namespace ottla::flow {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view text) {
  const auto entry = parse_jaas(text);
  return entry ? "accepted" : entry.error().to_string();
}

TEST(Jaas, ReadsKafkasModules) {
  const auto plain = parse_jaas(
      "org.apache.kafka.common.security.plain.PlainLoginModule required\n  username=\"al ice\"  "
      "password='s\"x';");
  ASSERT_TRUE(plain) << plain.error().to_string();
  EXPECT_EQ(plain->module, LoginModule::kPlain);
  EXPECT_EQ(plain->option("username").reveal(), "al ice");
  EXPECT_EQ(plain->option("password").reveal(), "s\"x");
  EXPECT_TRUE(plain->option("other").empty());
  EXPECT_EQ(
      parse_jaas("org.apache.kafka.common.security.scram.ScramLoginModule required a=b;")->module,
      LoginModule::kScram);
  EXPECT_EQ(
      parse_jaas("org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;")
          ->module,
      LoginModule::kOAuthBearer);
}

TEST(Jaas, UndoesEscapesInQuotes) {
  EXPECT_EQ(parse_jaas(R"(PlainLoginModule required password="a\"b\\c\td";)")
                ->option("password")
                .reveal(),
            "a\"b\\c\td");
}

TEST(Jaas, SaysWhatIsWrongWithoutQuotingValues) {
  EXPECT_THAT(refusal(""), HasSubstr("login module is missing"));
  EXPECT_THAT(refusal("com.sun.security.auth.module.Krb5LoginModule required;"),
              HasSubstr("Krb5LoginModule"));
  EXPECT_THAT(refusal("PlainLoginModule username=\"u\";"), HasSubstr("'required'"));
  EXPECT_THAT(refusal("PlainLoginModule required password=\"hush\""), HasSubstr("';'"));
  EXPECT_THAT(refusal("PlainLoginModule required password=\"hush"), HasSubstr("quote"));
  EXPECT_THAT(refusal("PlainLoginModule required password hush;"), HasSubstr("name=\"value\""));
  EXPECT_THAT(refusal("PlainLoginModule required a=b; Other required;"), HasSubstr("one entry"));
  EXPECT_THAT(refusal("PlainLoginModule required password \"hush\" ;"), Not(HasSubstr("hush")));
}

TEST(Secret, NeverPrints) {
  const Secret secret("hush");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "[hidden]");
  EXPECT_EQ(fmt::format("{}", secret), "[hidden]");
  EXPECT_EQ(boost::json::serialize(boost::json::value_from(secret)), "\"[hidden]\"");
  EXPECT_EQ(testing::PrintToString(secret), "[hidden]");
  EXPECT_EQ(secret.reveal(), "hush");
}

}  // namespace
}  // namespace ottla::flow
