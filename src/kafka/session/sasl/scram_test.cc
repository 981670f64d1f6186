#include "kafka/session/sasl/scram.h"

#include <gtest/gtest.h>

#include "kafka/session/sasl/base64.h"

namespace ottla::kafka::session {
namespace {

constexpr const char* kNonce = "rOprNGfwEbeRWgbNEkqO";

struct Vector {
  ScramHash hash;
  std::string server_nonce;
  std::string salt;  // base64
  std::string client_final;
  std::string server_final;

  std::string server_first() const {
    return std::string("r=") + kNonce + server_nonce + ",s=" + salt + ",i=4096";
  }
};

// User "user", password "pencil". SHA-256: the example of RFC 7677 section 3. SHA-512: computed
// with Python's hashlib for the same user.
const Vector kSha256{ScramHash::kSha256, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                     "W22ZaJ0SNY7soEsUEjb6gQ==",
                     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};
const Vector kSha512{
    ScramHash::kSha512, "02431b08-2f0c-4bad-a4e6-b77c0c3f3f48",
    "Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f0c-4bad-a4e6-b77c0c3f3f48,"
    "p=84joQeMBxc4bQWFToB8FWIOrVOPx5aIY5JocEhaG6qNsLN1Il9EY/dL3p0p8nIH/"
    "2odsg3uRmthiXECSONICqg==",
    "v=IvIGH7BHCxh3zeS4xuCr21a9yS5jcxMrDhYrPaaRc5KNvFVeiOYujd3+KncxDL3xWNLK+ALaLTl1"
    "fugK92PizA=="};

std::unique_ptr<SaslMechanism> client_for(ScramHash hash, const std::string& password = "pencil") {
  return make_scram_client(
      {.hash = hash, .username = "user", .password = password, .nonce = kNonce});
}

Result<std::string> next(SaslMechanism& client, std::string_view message) {
  return client.next(as_bytes(message));
}

class Scram : public ::testing::TestWithParam<Vector> {
 protected:
  ScramServer server() const {
    const auto credential =
        make_scram_credential(GetParam().hash, "pencil", *base64_decode(GetParam().salt), 4096);
    return ScramServer(
        GetParam().hash,
        [credential](std::string_view user) -> std::optional<ScramCredential> {
          if (user == "user" || user == "a=b,c") return credential;
          return std::nullopt;
        },
        GetParam().server_nonce);
  }
};

TEST_P(Scram, ClientFollowsThePublishedExchange) {
  const auto client = client_for(GetParam().hash);
  EXPECT_EQ(next(*client, "").value(), std::string("n,,n=user,r=") + kNonce);
  EXPECT_EQ(next(*client, GetParam().server_first()).value(), GetParam().client_final);
  EXPECT_FALSE(client->done());
  EXPECT_EQ(next(*client, GetParam().server_final).value(), "");
  EXPECT_TRUE(client->done());
}

TEST_P(Scram, ServerFollowsThePublishedExchange) {
  auto end = server();
  EXPECT_EQ(end.next(as_bytes(std::string("n,,n=user,r=") + kNonce)).value(),
            GetParam().server_first());
  EXPECT_EQ(end.next(as_bytes(GetParam().client_final)).value(), GetParam().server_final);
  EXPECT_TRUE(end.done());
  EXPECT_EQ(end.username(), "user");
}

TEST_P(Scram, NamesWithSpecialLettersPass) {
  auto end = server();
  const auto client =
      make_scram_client({.hash = GetParam().hash, .username = "a=b,c", .password = "pencil"});
  std::string message = client->next({}).value();
  EXPECT_TRUE(message.starts_with("n,,n=a=3Db=2Cc,r="));
  for (int i = 0; i < 2; ++i) {
    const auto reply = end.next(as_bytes(message));
    ASSERT_TRUE(reply) << reply.error().to_string();
    message = next(*client, *reply).value();
  }
  EXPECT_TRUE(client->done() && end.done());
  EXPECT_EQ(end.username(), "a=b,c");
}

TEST_P(Scram, ServerRejectsAWrongPassword) {
  auto end = server();
  const auto client = client_for(GetParam().hash, "pen");
  const auto first = end.next(as_bytes(client->next({}).value()));
  const auto final = end.next(as_bytes(next(*client, *first).value()));
  ASSERT_FALSE(final);
  EXPECT_EQ(final.error().code, make_error_code(SaslErrc::kRejected));
  EXPECT_FALSE(end.done());
}

TEST_P(Scram, ServerRejectsAnUnknownUser) {
  auto end = server();
  const auto reply = end.next(as_bytes("n,,n=nobody,r=abc"));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, make_error_code(SaslErrc::kRejected));
}

TEST_P(Scram, ClientRefusesAServerThatDoesNotKnowThePassword) {
  const auto client = client_for(GetParam().hash);
  (void)next(*client, "");
  (void)next(*client, GetParam().server_first());
  const auto end = next(*client, "v=" + base64_encode(std::string(32, 'x')));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, make_error_code(SaslErrc::kServerForged));
  EXPECT_FALSE(client->done());
}

INSTANTIATE_TEST_SUITE_P(BothHashes, Scram, ::testing::Values(kSha256, kSha512),
                         [](const auto& named) {
                           return named.param.hash == ScramHash::kSha256 ? "Sha256" : "Sha512";
                         });

TEST(ScramClient, ReportsTheServersError) {
  const auto client = client_for(ScramHash::kSha256);
  (void)next(*client, "");
  (void)next(*client, kSha256.server_first());
  const auto end = next(*client, "e=invalid-proof");
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().to_string(),
            "SASL SCRAM-SHA-256: the server says \"invalid-proof\" for user user: "
            "authentication failed");
}

TEST(ScramClient, RefusesBadFirstMessages) {
  const std::string nonce = std::string(kNonce) + "more";
  const std::string salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  for (const std::string& message : {
           std::string(),
           std::string("hello"),
           "r=" + std::string(kNonce) + ",s=" + salt + ",i=4096",  // adds nothing
           "r=other,s=" + salt + ",i=4096",
           "r=" + nonce + ",s=" + salt + ",i=4095",
           "r=" + nonce + ",s=" + salt + ",i=99999999",
           "r=" + nonce + ",s=" + salt + ",i=-1",
           "r=" + nonce + ",s=" + salt + ",i=",
           "r=" + nonce + ",s=!!!!,i=4096",
           "r=" + nonce + ",s=,i=4096",
           "m=ext,r=" + nonce + ",s=" + salt + ",i=4096",
       }) {
    const auto client = client_for(ScramHash::kSha256);
    (void)next(*client, "");
    const auto reply = next(*client, message);
    ASSERT_FALSE(reply) << message;
    EXPECT_EQ(reply.error().code, make_error_code(SaslErrc::kMalformed));
    EXPECT_FALSE(next(*client, kSha256.server_first())) << "used after a failure";
  }
}

TEST(ScramClient, MakesANewNonceEachTime) {
  const auto first = make_scram_client({.username = "u", .password = "p"});
  const auto second = make_scram_client({.username = "u", .password = "p"});
  EXPECT_NE(first->next({}).value(), second->next({}).value());
}

TEST(ScramClient, MarksADelegationToken) {
  const auto client = make_scram_client(
      {.username = "id", .password = "hmac", .token_auth = true, .nonce = kNonce});
  EXPECT_EQ(client->next({}).value(), std::string("n,,n=id,r=") + kNonce + ",tokenauth=true");
}

TEST(ScramServer, RefusesBadMessages) {
  const ScramLookup lookup = [](std::string_view) {
    return std::optional(make_scram_credential(ScramHash::kSha256, "p", "salt", 4096));
  };
  for (const char* message : {"", "n=user,r=a", "y,,n=user,r=a", "n,,n=,r=a", "n,,n=us=er,r=a",
                              "n,,n=user", "n,,n=user,r=", "n,a=x,n=user,r=a"}) {
    ScramServer server(ScramHash::kSha256, lookup);
    EXPECT_FALSE(server.next(as_bytes(message))) << message;
  }
  for (const char* message : {"", "c=biws", "c=biws,r=axyz", "c=AAAA,r=axyz,p=AAAA",
                              "c=biws,r=other,p=AAAA", "c=biws,r=axyz,p=!", "c=biws,r=axyz,p="}) {
    ScramServer server(ScramHash::kSha256, lookup, "xyz");
    ASSERT_TRUE(server.next(as_bytes("n,,n=user,r=a")));
    EXPECT_FALSE(server.next(as_bytes(message))) << message;
    EXPECT_FALSE(server.done());
  }
}

}  // namespace
}  // namespace ottla::kafka::session
