#include "kafka/session/sasl/sasl.h"

#include <gtest/gtest.h>

#include "kafka/session/sasl/base64.h"

namespace ottla::kafka::session {
namespace {

using namespace std::string_literals;

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
  EXPECT_EQ(base64url_encode("\xFB\xFF"), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xFB\xFF");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"A", "AA", "AAA", "A===", "AA=A", "!!!!", "AB==", "Zm9v\n"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"A", "AB", "+/", "AA="}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Plain, SendsUserAndPasswordOnce) {
  const auto client = make_plain_client("tim", "tanstaaftanstaaf");
  EXPECT_EQ(client->name(), "PLAIN");
  EXPECT_EQ(client->next({}).value(), "\0tim\0tanstaaftanstaaf"s);
  EXPECT_FALSE(client->done());
  EXPECT_EQ(client->next({}).value(), "");
  EXPECT_TRUE(client->done());
}

TEST(Plain, RefusesWhatCannotBeSent) {
  EXPECT_FALSE(make_plain_client("", "p")->next({}));
  EXPECT_FALSE(make_plain_client("a\0b"s, "p")->next({}));
  EXPECT_FALSE(make_plain_client("a", "p\0"s)->next({}));
}

TEST(Plain, ServerReadsTheFields) {
  const auto credentials = parse_plain(as_bytes("admin\0tim\0secret"s));
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->authorization_id, "admin");
  EXPECT_EQ(credentials->username, "tim");
  EXPECT_EQ(credentials->password, "secret");
  for (const auto& message : {""s, "tim"s, "\0tim"s, "\0\0secret"s, "\0a\0b\0c"s}) {
    EXPECT_FALSE(parse_plain(as_bytes(message))) << message;
  }
}

TEST(OAuthBearer, SendsTokenAndExtensions) {
  const auto client = make_oauthbearer_client("abc.def-_", {{"traceId", "123"}, {"x", "a b"}});
  EXPECT_EQ(client->name(), "OAUTHBEARER");
  EXPECT_EQ(client->next({}).value(),
            "n,,\x01"
            "auth=Bearer abc.def-_\x01traceId=123\x01x=a b\x01\x01");
  EXPECT_EQ(client->next({}).value(), "");
  EXPECT_TRUE(client->done());
}

TEST(OAuthBearer, AnswersARefusalAndReportsIt) {
  const auto client = make_oauthbearer_client("token");
  (void)client->next({});
  EXPECT_EQ(client->next(as_bytes(R"({"status":"invalid_token"})")).value(), "\x01");
  EXPECT_FALSE(client->done());
  const auto end = client->next({});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, make_error_code(SaslErrc::kRejected));
  EXPECT_NE(end.error().context.find("invalid_token"), std::string::npos);
}

TEST(OAuthBearer, RefusesTokensAndExtensionsThatWouldBreakTheMessage) {
  for (const auto& token : {""s, "a b"s,
                            "a\x01"
                            "b"s,
                            "\xC3\xA4"s}) {
    EXPECT_FALSE(make_oauthbearer_client(token)->next({})) << token;
  }
  const SaslExtensions bad[] = {{{"auth", "x"}}, {{"a1", "x"}}, {{"a", ""}}, {{"a", "\x01"}}};
  for (const auto& extensions : bad) {
    EXPECT_FALSE(make_oauthbearer_client("t", extensions)->next({}));
  }
}

TEST(OAuthBearer, ServerReadsWhatTheClientSends) {
  const SaslExtensions extensions{{"traceId", "123"}};
  const auto message = make_oauthbearer_client("abc", extensions)->next({}).value();
  const auto read = parse_oauthbearer(as_bytes(message));
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->token, "abc");
  EXPECT_EQ(read->extensions, extensions);
  EXPECT_EQ(parse_oauthbearer(as_bytes("n,a=me,\x01"
                                       "auth=bearer t\x01\x01"))
                ->authorization_id,
            "me");
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(parse_oauthbearer(as_bytes(message.substr(0, size)))) << size;
  }
  EXPECT_FALSE(
      parse_oauthbearer(as_bytes("n,,\x01"
                                 "auth=Basic t\x01\x01")));
  EXPECT_FALSE(parse_oauthbearer(as_bytes("n,,\x01\x01")));
}

}  // namespace
}  // namespace ottla::kafka::session
