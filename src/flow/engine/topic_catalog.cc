#include "flow/engine/topic_catalog.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "flow/engine/config_entries.h"

namespace ottla::flow {

namespace {

constexpr std::chrono::seconds kFactsMaxAge{60};
constexpr std::size_t kTopicsPerCreation = 200;
// So long may a new topic be missing in the target's metadata before it is asked for again.
constexpr std::chrono::seconds kCreationSettles{5};
// Room for what a produce request adds; brokers count the batch alone, so a little is enough.
constexpr std::size_t kBatchMargin = 0;

std::optional<std::int64_t> number(const kafka::Configs& configs, const std::string& name) {
  const auto found = configs.find(name);
  if (found == configs.end() || !found->second.value) return std::nullopt;
  std::int64_t value = 0;
  const std::string& text = *found->second.value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

bool is_compacted(const kafka::Configs& configs) {
  const auto found = configs.find("cleanup.policy");
  return found != configs.end() && found->second.value &&
         found->second.value->find("compact") != std::string::npos;
}

}  // namespace

TopicCatalog::TopicCatalog(kafka::Cluster& source, kafka::Cluster& target,
                           const FlowSettings& settings)
    : source_(source), target_(target), settings_(settings), rules_(settings.topic_rules()) {}

std::vector<TopicCatalog::Candidate> TopicCatalog::choose(const kafka::Metadata& source,
                                                          const kafka::Metadata& target,
                                                          std::vector<TopicNote>& notes) const {
  std::vector<Candidate> candidates;
  for (const auto& [name, topic] : source.topics) {
    TopicDecision decision = rules_.decide(name, topic.internal);
    notes.push_back({name, decision.copy, decision.target_topic, decision.text});
    if (!decision.copy) continue;
    if (topic.error != kafka::ErrorCode::kNone) {
      notes.back().reason += "; at the moment: " + make_error_code(topic.error).message();
      continue;
    }
    Candidate candidate{name, std::move(decision), &topic, nullptr};
    const auto existing = target.topics.find(candidate.decision.target_topic);
    if (existing != target.topics.end() && existing->second.error == kafka::ErrorCode::kNone) {
      candidate.target = &existing->second;
    }
    candidates.push_back(std::move(candidate));
  }
  std::ranges::sort(candidates, {}, &Candidate::name);
  std::ranges::sort(notes, {}, &TopicNote::topic);
  return candidates;
}

net::Task<Result<TargetCluster>> TopicCatalog::describe_target(const kafka::Metadata& target) {
  TargetCluster facts;
  facts.brokers = static_cast<std::int32_t>(target.brokers.size());
  if (target.brokers.empty()) co_return facts;
  std::vector<std::string> names{std::to_string(target.brokers.begin()->first.value())};
  const std::string name = names.front();
  auto described =
      co_await kafka::describe_configs(target_, kafka::ConfigResource::kBroker, std::move(names));
  if (!described) co_return std::unexpected(std::move(described).error());
  const auto found = described->find(name);
  if (found == described->end() || !found->second) co_return facts;  // not permitted: unknown
  if (const auto n = number(*found->second, "default.replication.factor")) {
    facts.default_replication_factor = static_cast<std::int32_t>(*n);
  }
  if (const auto n = number(*found->second, "min.insync.replicas")) {
    facts.default_min_insync_replicas = static_cast<std::int32_t>(*n);
  }
  co_return facts;
}

net::Task<Status> TopicCatalog::create_missing(std::vector<Candidate>& candidates,
                                               const TargetCluster& target, Discovery& found) {
  std::vector<std::string> names;
  const net::Deadline now = net::Clock::now();
  for (const Candidate& candidate : candidates) {
    if (candidate.target != nullptr) continue;
    // Just created: its metadata is on the way.
    const auto created = created_here_.find(candidate.decision.target_topic);
    if (created != created_here_.end() && now - created->second < kCreationSettles) {
      found.again_soon = true;
    } else if (names.size() < kTopicsPerCreation) {
      names.push_back(candidate.name);
    } else {
      found.again_soon = true;
    }
  }
  if (names.empty()) co_return Status{};
  OTTLA_CO_ASSIGN(const auto configs,
                  co_await kafka::describe_configs(source_, kafka::ConfigResource::kTopic, names));
  std::vector<kafka::NewTopic> orders;
  for (const Candidate& candidate : candidates) {
    if (!std::ranges::binary_search(names, candidate.name)) continue;
    const std::string& wanted = candidate.decision.target_topic;
    SourceTopic topic;
    topic.name = candidate.name;
    topic.partitions = static_cast<std::int32_t>(candidate.source->partitions.size());
    const auto described = configs.find(candidate.name);
    if (described == configs.end() || !described->second) {
      refuse(wanted,
             described == configs.end() ? "its settings could not be read"
                                        : described->second.error().to_string(),
             found);
      continue;
    }
    topic.configs = to_entries(*described->second);
    const auto spec = create_spec(wanted, topic, settings_.creation(), target);
    if (spec) {
      orders.push_back({spec->name, spec->partitions, spec->replication_factor, spec->configs});
    } else {
      refuse(wanted, spec.error().text, found);
    }
  }
  if (orders.empty()) co_return Status{};
  OTTLA_CO_ASSIGN(const auto made, co_await kafka::create_topics(target_, std::move(orders)));
  for (const auto& [topic, result] : made) {
    if (!result) {
      refuse(topic, result.error().to_string(), found);
      continue;
    }
    refusals_.erase(topic);
    found.again_soon = true;
    if (!*result) continue;
    OTTLA_INFO("{}: created {} on {}", settings_.to_string(), topic, settings_.target_alias);
    created_here_[topic] = now;
  }
  co_return Status{};
}

// Said in the status at every round, and once in the log.
void TopicCatalog::refuse(const std::string& target_topic, const std::string& why,
                          Discovery& found) {
  const std::string line =
      fmt::format("{}: not created on {}: {}", target_topic, settings_.target_alias, why);
  found.troubles.push_back(line);
  if (refusals_[target_topic] != line) OTTLA_WARN("{}: {}", settings_.to_string(), line);
  refusals_[target_topic] = line;
}

net::Task<Status> TopicCatalog::grow(const std::vector<Candidate>& candidates, Discovery& found) {
  for (const Candidate& candidate : candidates) {
    if (candidate.target == nullptr) continue;
    const auto count =
        grown_partitions(static_cast<std::int32_t>(candidate.source->partitions.size()),
                         static_cast<std::int32_t>(candidate.target->partitions.size()));
    if (!count) continue;
    const std::string& topic = candidate.decision.target_topic;
    const Status grown = co_await kafka::create_partitions(target_, topic, *count);
    if (grown) {
      OTTLA_INFO("{}: grew {} to {} partitions", settings_.to_string(), topic, *count);
      found.again_soon = true;
    } else if (is_cancelled(grown.error())) {
      co_return grown;
    } else {
      found.troubles.push_back(grown.error().to_string());
    }
  }
  co_return Status{};
}

// Whether the source compacts, and how large a batch the target takes: read for new topics, and
// again now and then.
net::Task<Status> TopicCatalog::read_facts(const std::vector<Candidate>& candidates,
                                           Discovery& found) {
  const net::Deadline now = net::Clock::now();
  std::vector<std::string> sources;
  std::vector<std::string> targets;
  std::vector<const Candidate*> asked;
  for (const Candidate& candidate : candidates) {
    if (candidate.target == nullptr) continue;
    const auto known = facts_.find(candidate.name);
    const bool fresh = known != facts_.end() && now - known->second.read_at < kFactsMaxAge &&
                       known->second.source_id == candidate.source->id &&
                       known->second.target_id == candidate.target->id;
    if (fresh) continue;
    sources.push_back(candidate.name);
    targets.push_back(candidate.decision.target_topic);
    asked.push_back(&candidate);
  }
  if (asked.empty()) co_return Status{};
  OTTLA_CO_ASSIGN(
      const auto source_configs,
      co_await kafka::describe_configs(source_, kafka::ConfigResource::kTopic, std::move(sources)));
  OTTLA_CO_ASSIGN(
      const auto target_configs,
      co_await kafka::describe_configs(target_, kafka::ConfigResource::kTopic, std::move(targets)));
  for (const Candidate* candidate : asked) {
    TopicFacts facts;
    facts.source_id = candidate->source->id;
    facts.target_id = candidate->target->id;
    facts.read_at = now;
    const auto source = source_configs.find(candidate->name);
    if (source == source_configs.end() || !source->second) {
      found.troubles.push_back(fmt::format(
          "{}: settings of the source topic can't be read ({}); taken as compacted, which is "
          "slower "
          "and always right. Grant DESCRIBE_CONFIGS",
          candidate->name,
          source == source_configs.end() ? "no answer" : source->second.error().to_string()));
      facts.compacted = true;
    } else {
      facts.compacted = is_compacted(*source->second);
    }
    const auto target = target_configs.find(candidate->decision.target_topic);
    if (target != target_configs.end() && target->second) {
      if (const auto bytes = number(*target->second, "max.message.bytes"); bytes && *bytes > 0) {
        facts.target_batch_bytes_max = static_cast<std::size_t>(*bytes) - kBatchMargin;
      }
    }
    facts_[candidate->name] = facts;
  }
  co_return Status{};
}

net::Task<Result<Discovery>> TopicCatalog::discover() {
  Discovery found;
  OTTLA_CO_ASSIGN(const auto source, co_await source_.all_topics());
  OTTLA_CO_ASSIGN(const auto target, co_await target_.all_topics());
  std::vector<Candidate> candidates = choose(*source, *target, found.notes);
  const bool missing =
      std::ranges::any_of(candidates, [](const Candidate& c) { return c.target == nullptr; });
  if (missing) {
    OTTLA_CO_ASSIGN(const TargetCluster facts, co_await describe_target(*target));
    OTTLA_CO_TRY(co_await create_missing(candidates, facts, found));
  }
  OTTLA_CO_TRY(co_await grow(candidates, found));
  OTTLA_CO_TRY(co_await read_facts(candidates, found));
  for (const Candidate& candidate : candidates) {
    if (candidate.target == nullptr) continue;
    const TopicFacts& facts = facts_[candidate.name];
    const std::size_t partitions =
        std::min(candidate.source->partitions.size(), candidate.target->partitions.size());
    for (std::size_t p = 0; p < partitions; ++p) {
      PartitionSpec spec;
      spec.source = {candidate.name, PartitionId(static_cast<std::int32_t>(p))};
      spec.source_id = candidate.source->id;
      spec.target_topic = candidate.decision.target_topic;
      spec.target_id = candidate.target->id;
      spec.compacted = facts.compacted;
      spec.target_batch_bytes_max = facts.target_batch_bytes_max;
      spec.target_is_new = created_here_.contains(spec.target_topic);
      found.partitions.push_back(std::move(spec));
    }
  }
  co_return found;
}

}  // namespace ottla::flow
