// SASL/PLAIN against the fake cluster, from connecting to the renewal of a login.

#include "kafka/client/client_testing.h"
#include "kafka/protocol/generated/describe_cluster.h"
#include "kafka/session/sasl/sasl.h"

namespace ottla::kafka {
namespace {

using namespace testing;  // NOLINT: the harness of this folder

net::Task<Result<std::unique_ptr<session::SaslMechanism>>> plain(std::string password) {
  co_return session::make_plain_client("ottla", password);
}

class LoginTest : public ClientTest {
 protected:
  void log_in(const std::string& password, std::int64_t lifetime_ms = 0) {
    start({.sasl_plain = std::pair{"ottla", "right"}, .sasl_session_lifetime_ms = lifetime_ms});
    ClusterSettings settings = settings_for(brokers());
    settings.connection.sasl_mechanism = "PLAIN";
    settings.connection.sasl = [password](const std::string&) { return plain(password); };
    connect(settings);
  }
};

TEST_F(LoginTest, IsAskedForByTheBroker) {
  log_in("right");
  connect(settings_for(brokers()));  // without a login
  EXPECT_FALSE(wait_for(cluster().refresh()));
}

TEST_F(LoginTest, LetsIn) {
  log_in("right");
  EXPECT_TRUE(wait_for(cluster().refresh()));
}

TEST_F(LoginTest, AWrongPasswordIsRefusedInWordsAndNotTriedAgainAtOnce) {
  log_in("pa55word");
  const Status refused = wait_for(cluster().refresh());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(ErrorCode::kSaslAuthenticationFailed));
  EXPECT_NE(refused.error().to_string().find("sasl.jaas.config"), std::string::npos);
  EXPECT_EQ(refused.error().to_string().find("pa55word"), std::string::npos);
  const std::size_t tried = brokers().requests(ApiKey::kSaslAuthenticate);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(wait_for(cluster().refresh()));
  EXPECT_EQ(brokers().requests(ApiKey::kSaslAuthenticate), tried);
}

TEST_F(LoginTest, AnUnknownMechanismNamesWhatTheBrokerOffers) {
  log_in("right");
  ClusterSettings settings = settings_for(brokers());
  settings.connection.sasl_mechanism = "SCRAM-SHA-256";
  settings.connection.sasl = [](const std::string&) { return plain("right"); };
  connect(settings);
  const Status refused = wait_for(cluster().refresh());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("PLAIN"), std::string::npos);
}

TEST_F(LoginTest, IsRenewedBeforeItEndsWhileRequestsGoOn) {
  log_in("right", 200);
  ASSERT_TRUE(wait_for(cluster().refresh()));
  const auto connection = wait_for(cluster().any_connection());
  ASSERT_TRUE(connection);
  const std::size_t logins = brokers().requests(ApiKey::kSaslAuthenticate);
  while (brokers().requests(ApiKey::kSaslAuthenticate) < logins + 3) {
    ASSERT_TRUE(wait_for((*connection)->call(DescribeClusterRequest{}, 5s)));
  }
  EXPECT_FALSE((*connection)->closed());
}

}  // namespace
}  // namespace ottla::kafka
