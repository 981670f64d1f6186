#include "kafka/session/sasl/oauth_token.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kafka/session/sasl/base64.h"

namespace ottla::kafka::session {
namespace {

using namespace std::chrono_literals;

const WallTime kNow(std::chrono::seconds(1'700'000'000));

std::string token_of(const std::string& claims) {
  return base64url_encode(R"({"alg":"RS256"})") + "." + base64url_encode(claims) + ".sig";
}

TEST(UnsecuredToken, CarriesTheClaimsOfTheOptions) {
  const auto token = make_unsecured_token({{"unsecuredLoginStringClaim_sub", "alice"},
                                           {"unsecuredLoginListClaim_scope", "|read|write"},
                                           {"unsecuredLoginNumberClaim_level", "2.5"},
                                           {"unsecuredLoginLifetimeSeconds", "60"},
                                           {"unsecuredLoginExtension_traceId", "7"}},
                                          kNow);
  ASSERT_TRUE(token) << token.error().to_string();
  EXPECT_TRUE(token->ends_with('.'));
  EXPECT_EQ(base64url_decode(token->substr(0, token->find('.'))), R"({"alg":"none"})");
  const auto begin = token->find('.') + 1;
  const auto claims = base64url_decode(token->substr(begin, token->size() - begin - 1));
  ASSERT_TRUE(claims);
  EXPECT_NE(claims->find(R"("scope":["read","write"])"), std::string::npos) << *claims;
  EXPECT_NE(claims->find(R"("level":2.5E0)"), std::string::npos) << *claims;
  const auto parsed = parse_token_claims(*token);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(parsed->principal, "alice");
  EXPECT_EQ(parsed->expires, kNow + 60s);
  EXPECT_EQ(parsed->issued, kNow);
}

TEST(UnsecuredToken, OptionsThatMakeNoTokenAreNamed) {
  const auto expect = [](const JaasOptions& options, const std::string& part) {
    const auto token = make_unsecured_token(options, kNow);
    ASSERT_FALSE(token);
    EXPECT_NE(token.error().context.find(part), std::string::npos) << token.error().context;
  };
  expect({}, "set unsecuredLoginStringClaim_sub");
  expect({{"unsecuredLoginPrincipalClaimName", "user"}, {"unsecuredLoginStringClaim_sub", "a"}},
         "set unsecuredLoginStringClaim_user");
  expect({{"unsecuredLoginStringClaim_exp", "1"}}, "can't be set");
  expect({{"unsecuredLoginNumberClaim_n", "one"}}, "not a number");
  expect({{"unsecuredLoginLifetimeSeconds", "long"}}, "not a number of seconds");
}

TEST(UnsecuredToken, ExtensionsComeFromTheOptions) {
  EXPECT_EQ(
      token_extensions({{"unsecuredLoginExtension_a", "1"}, {"extension_b", "2"}, {"c", "3"}}),
      (SaslExtensions{{"a", "1"}, {"b", "2"}}));
}

TEST(TokenClaims, ReadsWholeAndBrokenSeconds) {
  const auto whole = parse_token_claims(token_of(R"({"exp":1700000060,"iat":1700000000})"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->expires, kNow + 60s);
  EXPECT_EQ(whole->principal, "");
  const auto broken = parse_token_claims(token_of(R"({"sub":"x","exp":1700000000.5})"));
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->expires, kNow + 500ms);
  EXPECT_FALSE(broken->issued);
}

TEST(TokenClaims, RefusesWhatIsNoToken) {
  for (const std::string& token :
       {std::string(), std::string("opaque"), std::string("a.b"), std::string("a.b.c.d"),
        std::string("a.!.c"), token_of("[]"), token_of("{"), token_of("{}"),
        token_of(R"({"exp":"soon"})"), token_of(R"({"exp":1e300})")}) {
    EXPECT_FALSE(parse_token_claims(token)) << token;
  }
}

TEST(TokenRefresh, StaysInsideItsLimits) {
  const TokenRefresh refresh;
  EXPECT_EQ(token_refresh_time(refresh, kNow, kNow + 3600s, 0), kNow + 2880s);
  EXPECT_EQ(token_refresh_time(refresh, kNow, kNow + 1000s, 0), kNow + 700s) << "buffer before end";
  EXPECT_EQ(token_refresh_time({.window_factor = 0.5}, kNow, kNow + 100s, 0), kNow + 50s);
  EXPECT_EQ(token_refresh_time(refresh, kNow, kNow - 5s, 0.5), kNow) << "already expired";
}

TEST(TokenFile, GivesTheTokenWithoutBlanks) {
  const auto path =
      std::filesystem::temp_directory_path() /
      ("ottla-token-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       std::to_string(::getpid()));
  std::ofstream(path) << "\n abc.def.ghi \r\n";
  EXPECT_EQ(read_token_file(path.string()).value(), "abc.def.ghi");
  std::ofstream(path) << " \n";
  EXPECT_FALSE(read_token_file(path.string()));
  std::filesystem::remove(path);
  const auto absent = read_token_file(path.string());
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().context.find("can't open"), std::string::npos);
}

TEST(TokenRequest, IsTheClientCredentialsGrant) {
  const auto request = make_token_request({"id", "sec:ret+", "read write/ä", false});
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=read+write%2F%C3%A4");
  EXPECT_EQ(request.headers[1].second, "Basic " + base64_encode("id:sec:ret+"));
  EXPECT_EQ(make_token_request({"id", "s", " ", false}).body, "grant_type=client_credentials");
  EXPECT_EQ(make_token_request({"i d", "s+", "", true}).headers[1].second,
            "Basic " + base64_encode("i+d:s%2B"));
}

TEST(TokenResponse, GivesTheTokenOrSaysWhatIsWrong) {
  EXPECT_EQ(parse_token_response(200, R"({"access_token":" a.b.c ","expires_in":3})").value(),
            "a.b.c");
  const auto wrong = parse_token_response(
      401, R"({"error":"invalid_client","error_description":"unknown client"})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().to_string(),
            "token endpoint: status 401, invalid_client: unknown client: authentication failed");
  const auto later = parse_token_response(503, "busy\r\n");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, make_error_code(BaseErrc::kUnavailable));
  for (const char* body : {"", "<html>", "[]", "{}", R"({"access_token":1})"}) {
    EXPECT_FALSE(parse_token_response(200, body)) << body;
  }
}

}  // namespace
}  // namespace ottla::kafka::session
