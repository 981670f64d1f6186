#include "fleet/checker.h"

#include <gmock/gmock.h>

#include "fleet/survey_testing.h"

namespace ottla::fleet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Checker : public SurveyTest {
 protected:
  flow::CheckReport report() { return report_on({survey()}); }
  std::string text() { return to_text(report()); }
};

TEST_F(Checker, PassesWhenNothingIsMissing) {
  on_source("orders", 1);
  EXPECT_TRUE(report().ok()) << text();
  EXPECT_THAT(text(), AllOf(HasSubstr("cluster A: reached (no TLS, no SASL): 1 broker"),
                            HasSubstr("cluster id id-B, Kafka 4.3 or later"),
                            HasSubstr("flow A->B: nothing is missing; 1 of 1 topics")));
}

TEST_F(Checker, SaysEachClusterOnceForAllItsClients) {
  EXPECT_EQ(report().items.size(), 3U) << text();
}

TEST_F(Checker, FailsForAClusterThatIsNotReached) {
  survey().source_reader.error = Error(make_error_code(BaseErrc::kTimedOut), "cluster A");
  EXPECT_FALSE(report().ok());
  EXPECT_THAT(text(),
              AllOf(HasSubstr("fail     cluster A: not usable"),
                    HasSubstr("A.bootstrap.servers (a:9092)"), HasSubstr("cluster B: reached")));
}

TEST_F(Checker, FailsForEachMissingRightWithAdvice) {
  for (const char* topic : {"orders", "payments"}) {
    on_source(topic, 1);
    survey().source_reader.topics[topic].operations = rights({AclOperation::kDescribe});
  }
  EXPECT_FALSE(report().ok());
  EXPECT_THAT(text(), AllOf(HasSubstr("READ is missing on A: topic orders, topic payments"),
                            HasSubstr("grant READ on topic orders, topic payments of A"),
                            Not(HasSubstr("nothing is missing"))));
}

TEST_F(Checker, FailsForATopicThatCantBeCreated) {
  on_source("orders", 1);
  survey().target_admin.creation_faults["A.orders"] = {kafka::ErrorCode::kPolicyViolation,
                                                       "no dots"};
  EXPECT_FALSE(report().ok());
  EXPECT_THAT(text(), HasSubstr("A.orders can't be created: no dots"));
}

TEST_F(Checker, AMissingApiIsAFailureOrAWarningByWhatDependsOnIt) {
  survey().target_writer.apis.erase(kafka::ApiKey::kDescribeProducers);
  EXPECT_TRUE(report().ok());
  EXPECT_THAT(text(), HasSubstr("warning  cluster B: the brokers don't offer DescribeProducers"));
  survey().target_writer.apis.erase(kafka::ApiKey::kInitProducerId);
  EXPECT_FALSE(report().ok());
}

TEST_F(Checker, TakingOverWithoutFenceIsAWarning) {
  survey().target_writer.operations = rights({AclOperation::kIdempotentWrite});
  EXPECT_TRUE(report().ok());
  EXPECT_THAT(text(), HasSubstr("without ALTER on the cluster B"));
}

}  // namespace
}  // namespace ottla::fleet
