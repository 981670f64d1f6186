#include "flow/config/flow_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/config/known_keys.h"
#include "flow/config/setting_reader.h"

namespace ottla::flow {
namespace {

constexpr unsigned kConnectorLevels = kTopLevel | kFlowLevel;
constexpr unsigned kWorkerLevels = kTopLevel | kClusterLevel;
constexpr std::string_view kOffsetStorage = "offset.storage.";

// The `ottla.*` settings that count for the flow.
Settings own_settings(const Settings& file, const FlowName& flow) {
  Settings out;
  for (const KnownKey& key : known_keys()) {
    if (!key.name.starts_with("ottla.") || key.is_prefix()) continue;
    if (const Setting* setting = own_setting(file, flow, key.name)) {
      out.emplace(std::string(key.name), *setting);
    }
  }
  return out;
}

class FlowBuilder {
 public:
  FlowBuilder(const Settings& file, const FlowName& flow, std::vector<ConfigFinding>& findings)
      : flow_(flow),
        connector_settings_(connector_layer(file, flow)),
        worker_settings_(worker_layer(file, flow)),
        own_settings_(own_settings(file, flow)),
        connector_(connector_settings_, kConnectorLevels),
        worker_(worker_settings_, kWorkerLevels),
        own_(own_settings_, kTopLevel | kClusterLevel | kFlowLevel),
        findings_(&findings) {
    out_.source_alias = flow.source;
    out_.target_alias = flow.target;
    out_.enabled = connector_.flag("enabled");  // a top-level one is inherited
    out_.emit_heartbeats = periodic("emit.heartbeats");
    out_.emit_heartbeats.enabled = out_.emit_heartbeats.enabled && heartbeats_enabled(file, flow);
  }

  FlowSettings build() {
    filters();
    policy();
    topics();
    offsets();
    own();
    clients();
    return std::move(out_);
  }

 private:
  void report(FindingKind kind, const Setting* at, std::string_view name, std::string text) {
    findings_->push_back({.kind = kind,
                          .line = at != nullptr ? at->line : 0,
                          .key = at != nullptr ? at->key : std::string(name),
                          .text = std::move(text)});
  }
  void error(const SettingReader& from, std::string_view name, std::string text) {
    report(FindingKind::kError, from.find(name), name, std::move(text));
  }

  // <job>.enabled and <job>.interval.seconds. MM2 never runs a job with a negative interval.
  Periodic periodic(std::string_view job) {
    const std::string name = fmt::format("{}.interval.seconds", job);
    const std::int64_t seconds = connector_.number(name);
    Periodic out{
        .enabled = connector_.flag(fmt::format("{}.enabled", job)) && seconds > 0,
        .interval = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 1, 10LL * 365 * 86400))};
    if (seconds == 0) error(connector_, name, "must be at least 1 second");
    if (seconds < 0) {
      report(FindingKind::kHint, connector_.find(name), name,
             fmt::format("negative: the same as {}.enabled=false", job));
    }
    return out;
  }

  PatternList patterns(std::string_view name) {
    auto list = PatternList::compile(connector_.text(name));
    if (list) return *std::move(list);
    error(connector_, name, list.error().context);
    return {};
  }

  void filters() {
    out_.topics = patterns("topics");
    out_.topics_exclude = patterns("topics.exclude");
    out_.groups = patterns("groups");
    out_.groups_exclude = patterns("groups.exclude");
    out_.config_sync_rule = {
        .exclude = patterns("config.properties.exclude"),
        .defaults_from_source = connector_.text("use.defaults.from") == "source"};
    out_.heartbeats_replication_enabled = connector_.flag("heartbeats.replication.enabled");
  }

  void policy() {
    constexpr std::string_view kClass = "replication.policy.class";
    constexpr std::string_view kSeparator = "replication.policy.separator";
    const bool identity = connector_.text(kClass).ends_with("IdentityReplicationPolicy");
    out_.policy = {.kind = identity ? PolicyKind::kIdentity : PolicyKind::kDefault,
                   .separator = connector_.text(kSeparator),
                   .internal_separator_enabled =
                       connector_.flag("replication.policy.internal.topic.separator.enabled"),
                   .source_alias = identity ? flow_.source : ""};
    if (out_.policy.separator.empty()) {
      error(connector_, kSeparator, "the separator is empty");
      out_.policy.separator = ".";
    }
    if (!topic_name_fault("x" + out_.policy.separator + "x").empty()) {
      error(connector_, kSeparator,
            fmt::format("'{}' can't be part of a topic name (allowed are a-z A-Z 0-9 . _ -)",
                        out_.policy.separator));
    }
    aliases();
  }

  void aliases() {
    for (const std::string& alias : {flow_.source, flow_.target}) {
      if (const std::string fault = topic_name_fault(alias); !fault.empty()) {
        report(FindingKind::kContradiction, nullptr, "clusters",
               fmt::format("alias '{}' becomes part of topic names, which Kafka would refuse: {}",
                           alias, fault));
      } else if (alias.find(out_.policy.separator) != std::string::npos) {
        report(FindingKind::kContradiction, nullptr, "clusters",
               fmt::format("alias '{}' contains the separator '{}' of topic names, so that copied "
                           "topics can't be told from others; choose another separator or alias",
                           alias, out_.policy.separator));
      }
    }
  }

  void topics() {
    constexpr std::string_view kFactor = "replication.factor";
    out_.replication_factor = static_cast<std::int32_t>(connector_.number(kFactor));
    if (out_.replication_factor == 0) {
      error(connector_, kFactor,
            "0 replicas; write a number from 1, or -1 for the brokers' default");
    }
    out_.internal_replicas = {
        .offset_syncs = replicas(connector_, "offset-syncs.topic.replication.factor"),
        .checkpoints = replicas(connector_, "checkpoints.topic.replication.factor"),
        .heartbeats = replicas(connector_, "heartbeats.topic.replication.factor"),
        .offset_storage = replicas(worker_, "offset.storage.replication.factor")};
    out_.refresh_topics = periodic("refresh.topics");
    out_.refresh_topics.interval =
        std::min(out_.refresh_topics.interval, own_.millis("ottla.refresh.topics.ms"));
    out_.sync_topic_configs = periodic("sync.topic.configs");
    out_.sync_topic_acls = periodic("sync.topic.acls");
    out_.admin_timeout = connector_.millis("admin.timeout.ms");
  }

  std::int32_t replicas(const SettingReader& from, std::string_view name) {
    const auto count = static_cast<std::int32_t>(from.number(name));
    if (count == 0) error(from, name, "0 replicas; write a number from 1, or -1");
    return count;
  }

  void offsets() {
    out_.emit_offset_syncs = connector_.flag("emit.offset-syncs.enabled");
    out_.offset_syncs_location = connector_.text("offset-syncs.topic.location") == "target"
                                     ? SyncsLocation::kTarget
                                     : SyncsLocation::kSource;
    out_.offset_lag_max = connector_.number("offset.lag.max");
    const auto own_interval = own_.millis("ottla.sync.group.offsets.ms");
    out_.emit_checkpoints = periodic("emit.checkpoints");
    out_.emit_checkpoints.interval = std::min(out_.emit_checkpoints.interval, own_interval);
    out_.sync_group_offsets = periodic("sync.group.offsets");
    out_.sync_group_offsets.interval = std::min(out_.sync_group_offsets.interval, own_interval);
    out_.refresh_groups = periodic("refresh.groups");
    offset_storage();
    if (out_.enabled) what_mm2_refuses();
  }

  void offset_storage() {
    out_.offset_storage_topic =
        worker_.given("offset.storage.topic").value_or(connect_offsets_topic(flow_.source));
    out_.offset_storage_partitions =
        static_cast<std::int32_t>(worker_.number("offset.storage.partitions"));
    for (const auto& [name, setting] : with_prefix_stripped(worker_settings_, kOffsetStorage)) {
      if (name == "topic" || name == "partitions" || name == "replication.factor") continue;
      if (name == "cleanup.policy") continue;  // always compact, as in Connect
      out_.offset_storage_configs.emplace(name, setting.value);
    }
    // The default name is faulty only if the alias is, which aliases() tells.
    const std::string fault = topic_name_fault(out_.offset_storage_topic);
    if (!fault.empty() && worker_.find("offset.storage.topic") != nullptr) {
      error(worker_, "offset.storage.topic",
            fmt::format("'{}': {}", out_.offset_storage_topic, fault));
    }
  }

  // Combinations with which MM2 does not create a connector, visible in its log only.
  void what_mm2_refuses() {
    if (!out_.emit_offset_syncs) {
      for (const auto& [name, setting] : connector_settings_) {
        if (!name.starts_with("offset-syncs.topic.")) continue;
        report(FindingKind::kContradiction, &setting, name,
               "has no effect with emit.offset-syncs.enabled=false");
      }
    }
    if (out_.sync_group_offsets.enabled && !connector_.flag("emit.checkpoints.enabled")) {
      report(FindingKind::kHint, connector_.find("emit.checkpoints.enabled"),
             "emit.checkpoints.enabled",
             "MirrorMaker could not sync groups without checkpoints; Ottla does");
    }
    const Settings reader =
        client_layer(connector_settings_, ClientSide::kSource, ClientKind::kConsumer);
    const auto isolation = reader.find("isolation.level");
    const bool uncommitted =
        isolation != reader.end() && trim(isolation->second.value) == "read_uncommitted";
    if (connector_.text("exactly.once.support") == "required" && uncommitted) {
      error(connector_, "exactly.once.support",
            fmt::format("'required' contradicts {}=read_uncommitted (line {})",
                        isolation->second.key, isolation->second.line));
    }
  }

  void own() {
    loss();
    out_.map_flush = std::min(own_.millis("ottla.map.flush.ms"), flush_interval());
    out_.coalesce = own_.flag("ottla.coalesce");
    out_.batch_bytes_max = static_cast<std::int32_t>(own_.number("ottla.batch.bytes.max"));
    out_.writer_connections = static_cast<int>(own_.number("ottla.writer.connections"));
    out_.takeover_fence = own_.flag("ottla.takeover.fence");
    out_.progress_group = own_.text("ottla.progress.group");
    if (out_.progress_group == "none") out_.progress_group.clear();
  }

  std::chrono::milliseconds flush_interval() {
    const SettingReader cluster(worker_settings_, kClusterLevel);
    return cluster.millis("offset.flush.interval.ms");
  }

  void loss() {
    const auto base = own_.given("ottla.loss.policy");
    const auto action = [&](std::string_view name) {
      const auto given = own_.given(name);
      const std::string value = given ? *given : base ? *base : own_.text(name);
      return value == "stop" ? LossAction::kStop : LossAction::kContinue;
    };
    out_.loss = {.on_retention = action("ottla.on.retention"),
                 .on_truncation = action("ottla.on.truncation"),
                 .on_recreate = action("ottla.on.recreate"),
                 .on_foreign_write = action("ottla.on.foreign.write"),
                 .on_too_large = action("ottla.on.too.large")};
  }

  ClientSettings client(ClientSide side, ClientKind kind, std::string_view role) {
    return make_client_settings(client_layer(connector_settings_, side, kind),
                                fmt::format("flow {}, {}", flow_.to_string(), role), *findings_);
  }

  void clients() {
    const ClientSide syncs = out_.offset_syncs_location == SyncsLocation::kSource
                                 ? ClientSide::kSource
                                 : ClientSide::kTarget;
    out_.clients = {
        .source_reader = client(ClientSide::kSource, ClientKind::kConsumer, "reader of the source"),
        .target_writer = make_client_settings(
            data_producer_layer(worker_settings_, connector_settings_),
            fmt::format("flow {}, writer to the target", flow_.to_string()), *findings_),
        .source_admin = client(ClientSide::kSource, ClientKind::kAdmin, "admin of the source"),
        .target_admin = client(ClientSide::kTarget, ClientKind::kAdmin, "admin of the target"),
        .target_reader = client(ClientSide::kTarget, ClientKind::kConsumer, "reader of the target"),
        .offset_syncs_writer = client(syncs, ClientKind::kProducer, "writer of offset syncs")};
  }

  FlowName flow_;
  Settings connector_settings_;
  Settings worker_settings_;
  Settings own_settings_;
  SettingReader connector_;
  SettingReader worker_;
  SettingReader own_;
  std::vector<ConfigFinding>* findings_;
  FlowSettings out_;
};

// Java's Boolean.parseBoolean.
bool is_true(const Setting& setting) {
  return parse_bool(setting.value).value_or(false);
}

}  // namespace

TopicRulesOptions FlowSettings::topic_rules() const {
  return {.source_alias = source_alias,
          .target_alias = target_alias,
          .topics = topics,
          .topics_exclude = topics_exclude,
          .policy = policy,
          .heartbeats_replication_enabled = heartbeats_replication_enabled};
}

std::string FlowSettings::offset_syncs_topic() const {
  const bool on_source = offset_syncs_location == SyncsLocation::kSource;
  return ReplicationPolicy(policy).offset_syncs_topic(on_source ? target_alias : source_alias);
}

FlowSettings make_flow_settings(const Settings& file, const FlowName& flow,
                                std::vector<ConfigFinding>& findings) {
  return FlowBuilder(file, flow, findings).build();
}

bool heartbeats_enabled(const Settings& file, const FlowName& flow) {
  constexpr std::string_view kName = "emit.heartbeats.enabled";
  const auto own = file.find(fmt::format("{}.{}", flow.to_string(), kName));
  if (own != file.end()) return is_true(own->second);
  const auto top = file.find(kName);
  return top == file.end() || is_true(top->second);
}

bool flow_enabled(const Settings& file, const FlowName& flow) {
  const auto own = file.find(flow.to_string() + ".enabled");
  return own != file.end() && is_true(own->second);
}

}  // namespace ottla::flow
