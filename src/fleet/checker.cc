#include "fleet/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/plan_maker.h"

namespace ottla::fleet {

namespace {

using flow::CheckItem;
using flow::Verdict;
using kafka::ApiKey;

constexpr std::chrono::seconds kSurveyLimit{20};

std::string login_of(const flow::ClientSettings& settings) {
  std::string text = settings.uses_tls() ? "TLS" : "no TLS";
  if (settings.uses_tls() && settings.tls.key.is_given()) text += " with a client certificate";
  if (!settings.uses_sasl()) return text + ", no SASL";
  switch (settings.sasl.mechanism) {
    case flow::SaslMechanism::kPlain:
      text += ", PLAIN";
      break;
    case flow::SaslMechanism::kScramSha256:
      text += ", SCRAM-SHA-256";
      break;
    case flow::SaslMechanism::kScramSha512:
      text += ", SCRAM-SHA-512";
      break;
    case flow::SaslMechanism::kOAuthBearer:
      return text + ", OAUTHBEARER";
  }
  return text + " as " + settings.sasl.username;
}

std::string servers_of(const flow::ClientSettings& settings) {
  std::string text;
  for (const flow::HostPort& server : settings.bootstrap_servers) {
    text += (text.empty() ? "" : ",") + server.to_string();
  }
  return text;
}

CheckItem reached_item(const ClusterSurvey& cluster, const flow::ClientSettings& settings) {
  CheckItem item{.subject = "cluster " + cluster.alias};
  if (cluster.error) {
    item.verdict = Verdict::kFail;
    item.text = fmt::format("not usable ({}): {}", login_of(settings), cluster.error->to_string());
    item.advice = fmt::format(
        "look at {}.bootstrap.servers ({}), the way there, and security.protocol: it must be that "
        "of the broker's listener",
        cluster.alias, servers_of(settings));
    return item;
  }
  const std::string_view release = release_of(cluster.metadata_version);
  item.text =
      fmt::format("reached ({}): {} broker{}, cluster id {}{}", login_of(settings),
                  cluster.brokers.size(), cluster.brokers.size() == 1 ? "" : "s",
                  cluster.cluster_id, release.empty() ? "" : fmt::format(", {} or later", release));
  return item;
}

struct Need {
  ApiKey api;
  Verdict without;
  const char* consequence;
};

constexpr Need kSourceNeeds[] = {
    {ApiKey::kFetch, Verdict::kFail, "nothing can be read"},
    {ApiKey::kListOffsets, Verdict::kFail, "the ends of partitions can't be found"},
    {ApiKey::kOffsetForLeaderEpoch, Verdict::kWarning, "a truncated log may go unnoticed"},
    {ApiKey::kDescribeConfigs, Verdict::kWarning, "settings of topics can't be copied"},
};
constexpr Need kTargetNeeds[] = {
    {ApiKey::kProduce, Verdict::kFail, "nothing can be written"},
    {ApiKey::kInitProducerId, Verdict::kFail, "no producer id, hence no exactly once"},
    {ApiKey::kCreateTopics, Verdict::kFail, "topics can't be created"},
    {ApiKey::kDescribeProducers, Verdict::kWarning,
     "after a restart the end of each target partition is read instead"},
    {ApiKey::kWriteTxnMarkers, Verdict::kWarning,
     "a takeover waits until a former owner must be silent, instead of fencing it"},
    {ApiKey::kCreatePartitions, Verdict::kWarning, "target topics don't grow"},
    {ApiKey::kIncrementalAlterConfigs, Verdict::kWarning,
     "settings of target topics don't follow the source's"},
};

void check_apis(const ClusterSurvey& cluster, std::span<const Need> needs,
                std::vector<CheckItem>& items) {
  for (const Need& need : needs) {
    const auto offered = cluster.apis.find(need.api);
    const bool spoken = offered != cluster.apis.end() &&
                        kafka::negotiate(kafka::versions(need.api), offered->second).has_value();
    if (spoken) continue;
    items.push_back({need.without, "cluster " + cluster.alias,
                     fmt::format("the brokers don't offer {} in a version that Ottla speaks: {}",
                                 kafka::name(need.api), need.consequence),
                     "use a later version of Kafka there"});
  }
}

// "topic a, topic b and 7 more"
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

// One item for each cluster, operation and consequence, however many topics it is about.
void check_permissions(const flow::FlowPlan& plan, const std::string& subject,
                       std::vector<CheckItem>& items) {
  std::vector<std::pair<flow::MissingPermission, std::vector<std::string>>> kinds;
  for (const flow::MissingPermission& missing : plan.missing_permissions) {
    const auto same = [&](const auto& kind) {
      return kind.first.cluster == missing.cluster && kind.first.operation == missing.operation &&
             kind.first.consequence == missing.consequence;
    };
    auto kind = std::ranges::find_if(kinds, same);
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {missing, {}});
    kind->second.push_back(missing.resource);
  }
  for (const auto& [missing, resources] : kinds) {
    items.push_back({Verdict::kFail, subject,
                     fmt::format("{} is missing on {}: {}: {}", missing.operation, missing.cluster,
                                 list_of(resources), missing.consequence),
                     fmt::format("grant {} on {} of {}", missing.operation, list_of(resources),
                                 missing.cluster)});
  }
}

void check_topics(const flow::FlowPlan& plan, const std::string& subject,
                  std::vector<CheckItem>& items) {
  for (const flow::PlannedTopic& topic : plan.topics) {
    if (topic.action != flow::PlannedAction::kRefused) continue;
    items.push_back(
        {Verdict::kFail, subject + " topic " + topic.topic,
         fmt::format("{} can't be created: {}", topic.decision.target_topic, topic.refusal),
         "ottla plan shows the settings it would get"});
  }
}

void check_flow(const FlowSurvey& survey, std::vector<CheckItem>& items) {
  const std::string subject = "flow " + survey.settings->to_string();
  const flow::FlowPlan plan = plan_flow(survey);
  const std::size_t before = items.size();
  for (const std::string& trouble : survey.troubles) {
    items.push_back({Verdict::kFail, subject, trouble, "try again; see the brokers' logs"});
  }
  check_permissions(plan, subject, items);
  check_topics(plan, subject, items);
  const bool complete = items.size() == before;
  for (const std::string& hint : plan.hints) {
    items.push_back({Verdict::kWarning, subject, hint, "see ottla plan"});
  }
  if (!complete) return;
  const auto copied = std::ranges::count_if(
      plan.topics, [](const flow::PlannedTopic& topic) { return topic.decision.copy; });
  items.push_back({Verdict::kPass, subject,
                   fmt::format("nothing is missing; {} of {} topics would be copied", copied,
                               plan.topics.size()),
                   ""});
}

// The same cluster seen with the same login by several clients is said once.
void add_once(CheckItem item, std::vector<CheckItem>& items) {
  const auto same = [&](const CheckItem& other) {
    return other.subject == item.subject && other.text == item.text;
  };
  if (std::ranges::none_of(items, same)) items.push_back(std::move(item));
}

}  // namespace

flow::CheckReport report_on(const std::vector<FlowSurvey>& surveys) {
  flow::CheckReport report;
  for (const FlowSurvey& survey : surveys) {
    const flow::FlowClients& clients = survey.settings->clients;
    add_once(reached_item(survey.source_admin, clients.source_admin), report.items);
    add_once(reached_item(survey.source_reader, clients.source_reader), report.items);
    add_once(reached_item(survey.target_admin, clients.target_admin), report.items);
    add_once(reached_item(survey.target_writer, clients.target_writer), report.items);
  }
  for (const FlowSurvey& survey : surveys) {
    if (!survey.reached()) continue;
    std::vector<CheckItem> offers;
    check_apis(survey.source_reader, kSourceNeeds, offers);
    check_apis(survey.target_writer, kTargetNeeds, offers);
    for (CheckItem& item : offers) add_once(std::move(item), report.items);
    if (survey.settings->enabled) check_flow(survey, report.items);
  }
  return report;
}

flow::CheckReport make_check(const flow::Mm2Config& config) {
  return report_on(survey_flows(config, kSurveyLimit));
}

}  // namespace ottla::fleet
