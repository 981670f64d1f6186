#include "fleet/plan_maker.h"

#include <gmock/gmock.h>

#include "fleet/survey_testing.h"

namespace ottla::fleet {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PlanMaker : public SurveyTest {
 protected:
  flow::PlannedTopic planned(const std::string& topic) {
    const flow::FlowPlan plan = plan_flow(survey());
    for (const flow::PlannedTopic& one : plan.topics) {
      if (one.topic == topic) return one;
    }
    ADD_FAILURE() << topic << " is not in the plan";
    return {};
  }
  std::vector<std::string> missing() {
    std::vector<std::string> lines;
    for (const auto& p : plan_flow(survey()).missing_permissions) {
      lines.push_back(p.cluster + " " + p.operation + " " + p.resource);
    }
    return lines;
  }
};

TEST_F(PlanMaker, CreatesWhatIsMissingAndLeavesWhatIsThere) {
  on_source("orders", 3);
  on_source("payments", 2);
  on_target("A.payments", 2);
  on_source("__consumer_offsets", 50);
  EXPECT_EQ(planned("orders").action, flow::PlannedAction::kCreate);
  EXPECT_EQ(planned("orders").create->name, "A.orders");
  EXPECT_EQ(planned("orders").create->partitions, 3);
  EXPECT_EQ(planned("payments").action, flow::PlannedAction::kCopy);
  EXPECT_EQ(planned("__consumer_offsets").action, flow::PlannedAction::kLeave);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(PlanMaker, GrowsAndChangesSettings) {
  on_source("orders", 6, {{"retention.ms", "1000"}});
  on_target("A.orders", 3, {{"retention.ms", "2000"}});
  const flow::PlannedTopic topic = planned("orders");
  EXPECT_EQ(topic.action, flow::PlannedAction::kChange);
  EXPECT_EQ(topic.grow_from, 3);
  ASSERT_EQ(topic.config_changes.size(), 1U);
  EXPECT_EQ(topic.config_changes[0].name, "retention.ms");
}

TEST_F(PlanMaker, RefusesWhatTheControllerRefuses) {
  on_source("orders", 3);
  survey().target_admin.creation_faults["A.orders"] = {kafka::ErrorCode::kPolicyViolation,
                                                       "names end in -v1"};
  EXPECT_EQ(planned("orders").action, flow::PlannedAction::kRefused);
  EXPECT_EQ(planned("orders").refusal, "names end in -v1");
}

TEST_F(PlanMaker, SaysWhyAClusterIsNotReached) {
  survey().target_admin.error = Error(make_error_code(BaseErrc::kUnavailable), "B: 10.0.0.1:9092");
  survey().target_writer.error = survey().target_admin.error;
  const flow::FlowPlan plan = plan_flow(survey());
  ASSERT_EQ(plan.errors.size(), 1U);
  EXPECT_THAT(plan.errors[0], HasSubstr("B: 10.0.0.1:9092"));
  EXPECT_THAT(plan.topics, IsEmpty());
}

TEST_F(PlanMaker, NamesMissingRightsOnTheSource) {
  on_source("orders", 3);
  survey().source_reader.topics["orders"].operations = rights({AclOperation::kDescribe});
  survey().source_admin.topics["orders"].operations = rights({AclOperation::kDescribe});
  EXPECT_THAT(missing(), Contains("A READ topic orders"));
  EXPECT_THAT(missing(), Contains("A DESCRIBE_CONFIGS topic orders"));
}

TEST_F(PlanMaker, NamesMissingRightsOnTheTarget) {
  on_source("orders", 6);
  on_target("A.orders", 3);
  on_source("payments", 1);
  survey().target_writer.topics["A.orders"].operations = rights({AclOperation::kDescribe});
  survey().target_admin.topics["A.orders"].operations =
      rights({AclOperation::kDescribe, AclOperation::kDescribeConfigs});
  survey().target_admin.creation_faults["A.payments"] = {
      kafka::ErrorCode::kTopicAuthorizationFailed, ""};
  EXPECT_THAT(missing(), Contains("B WRITE topic A.orders"));
  EXPECT_THAT(missing(), Contains("B ALTER topic A.orders"));
  EXPECT_THAT(missing(), Contains("B CREATE topic A.payments"));
}

TEST_F(PlanMaker, ATopicAskedForByNameButForbiddenIsAMissingRight) {
  survey().source_admin.topics["secret"].error = kafka::ErrorCode::kTopicAuthorizationFailed;
  EXPECT_THAT(missing(), Contains("A DESCRIBE topic secret"));
}

TEST_F(PlanMaker, ATopicThatExistsUnseenIsAMissingRight) {
  on_source("orders", 1);
  survey().target_admin.creation_faults["A.orders"] = {kafka::ErrorCode::kTopicAlreadyExists, ""};
  EXPECT_THAT(missing(), Contains("B DESCRIBE topic A.orders"));
}

TEST_F(PlanMaker, IdempotentWritesNeedOneRightOfTwo) {
  on_source("orders", 1);
  survey().target_writer.operations = rights({AclOperation::kDescribe});
  EXPECT_THAT(missing(), Contains("B IDEMPOTENT_WRITE cluster"));
  on_target("A.orders", 1);
  EXPECT_THAT(missing(), Not(Contains("B IDEMPOTENT_WRITE cluster")));
}

TEST_F(PlanMaker, TopicsOfTheFlowItselfNeedRightsToo) {
  survey().source_admin.creation_faults["mm2-offset-syncs.B.internal"] = {
      kafka::ErrorCode::kTopicAuthorizationFailed, ""};
  on_target("heartbeats", 1);
  survey().target_admin.topics["heartbeats"].operations = rights({AclOperation::kDescribe});
  EXPECT_THAT(missing(), Contains("A CREATE topic mm2-offset-syncs.B.internal"));
  EXPECT_THAT(missing(), Contains("B WRITE topic heartbeats"));
}

TEST_F(PlanMaker, OldBrokersThatTellNoRightsMissNothing) {
  on_source("orders", 1);
  survey().source_reader.topics["orders"].operations = Operations();
  survey().source_admin.topics["orders"].operations = Operations();
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(PlanMaker, HintsAtNamesThatAreNotThereAndAtAClusterThatIsBothEnds) {
  survey().source_admin.topics["orderz"].error = kafka::ErrorCode::kUnknownTopicOrPartition;
  survey().target_admin.cluster_id = survey().source_admin.cluster_id;
  const flow::FlowPlan plan = plan_flow(survey());
  EXPECT_THAT(plan.hints, Contains(HasSubstr("topic orderz")));
  EXPECT_THAT(plan.hints, Contains(HasSubstr("one and the same")));
}

TEST_F(PlanMaker, CopyPathFollowsTheSettings) {
  const auto path = [&](std::vector<flow::TopicConfigEntry> source,
                        std::vector<flow::TopicConfigEntry> target) {
    return copy_path(*survey().settings, source, &target);
  };
  EXPECT_THAT(path({{.name = "message.timestamp.type", .value = "LogAppendTime"}}, {}),
              HasSubstr("re-encode"));
  EXPECT_THAT(path({{.name = "cleanup.policy", .value = "compact,delete"}}, {}),
              HasSubstr("compaction left gaps"));
  EXPECT_THAT(path({{.name = "max.message.bytes", .value = "2000"}},
                   {{.name = "max.message.bytes", .value = "1000"}}),
              HasSubstr("above 1000 bytes"));
  EXPECT_THAT(path({}, {}), HasSubstr("pass-through; small ones"));
}

TEST(ReleaseOf, IsTheLastOneThatIsNotLater) {
  EXPECT_EQ(release_of(0), "");
  EXPECT_EQ(release_of(7), "Kafka 3.3");
  EXPECT_EQ(release_of(21), "Kafka 3.9");
  EXPECT_EQ(release_of(30), "Kafka 4.3");
}

TEST(OperationsTest, ReadsKafkasBits) {
  const Operations some((1 << 3) | (1 << 8));
  EXPECT_TRUE(some.allows(AclOperation::kRead));
  EXPECT_TRUE(some.allows(AclOperation::kDescribe));
  EXPECT_FALSE(some.allows(AclOperation::kWrite));
  EXPECT_TRUE(Operations().allows(AclOperation::kWrite));
}

}  // namespace
}  // namespace ottla::fleet
