#pragma once
// For tests only: the survey of a flow A->B in which everything is permitted, to be changed.

#include <gtest/gtest.h>

#include "fleet/flow_survey.h"
#include "flow/config/fake_config_files.h"

namespace ottla::fleet {

class SurveyTest : public ::testing::Test {
 protected:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    flow::FakeConfigFiles files;
    config_ = *flow::Mm2Config::parse(
                   "clusters = A, B\nA.bootstrap.servers = a:9092\nB.bootstrap.servers = b:9092\n"
                   "A->B.enabled = true\nreplication.factor = 1\n",
                   {}, files)
                   .config;
    survey_.settings = config_.find_flow("A", "B");
    ASSERT_NE(survey_.settings, nullptr);
    for (ClusterSurvey* cluster : {&survey_.source_admin, &survey_.source_reader}) {
      answer(*cluster, "A");
    }
    for (ClusterSurvey* cluster : {&survey_.target_admin, &survey_.target_writer}) {
      answer(*cluster, "B");
    }
  }

  static Operations rights(std::initializer_list<AclOperation> allowed) {
    std::int32_t bits = 0;
    for (const AclOperation one : allowed) bits |= 1 << static_cast<int>(one);
    return Operations(bits);
  }

  FlowSurvey& survey() { return survey_; }
  void on_source(const std::string& topic, std::int32_t partitions, const Settings& settings = {}) {
    add(survey_.source_admin, topic, partitions, settings);
    add(survey_.source_reader, topic, partitions, settings);
  }
  void on_target(const std::string& topic, std::int32_t partitions, const Settings& settings = {}) {
    add(survey_.target_admin, topic, partitions, settings);
    add(survey_.target_writer, topic, partitions, settings);
  }

 private:
  static constexpr std::int32_t kAll = 0x1FF8;

  static void answer(ClusterSurvey& cluster, const std::string& alias) {
    cluster.alias = alias;
    cluster.cluster_id = "id-" + alias;
    cluster.brokers[BrokerId(1)] = {{alias, 9092}, std::nullopt};
    cluster.operations = Operations(kAll);
    cluster.creation.brokers = 1;
    cluster.metadata_version = 30;
    for (const kafka::ApiInfo& api : kafka::apis()) {
      cluster.apis[api.key] = kafka::versions(api.key);
    }
  }

  static void add(ClusterSurvey& cluster, const std::string& topic, std::int32_t partitions,
                  const Settings& settings) {
    SurveyedTopic& seen = cluster.topics[topic];
    seen.partitions = partitions;
    seen.operations = Operations(kAll);
    seen.configs = {
        {.name = "cleanup.policy", .value = "delete", .source = flow::ConfigSource::kDefault}};
    for (const auto& [name, value] : settings) {
      seen.configs.push_back(
          {.name = name, .value = value, .source = flow::ConfigSource::kDynamicTopic});
    }
  }

  flow::Mm2Config config_;
  FlowSurvey survey_;
};

}  // namespace ottla::fleet
