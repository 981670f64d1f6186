#include "flow/groups/group_sync.h"

#include <algorithm>

#include "base/log.h"
#include "base/wall_clock.h"
#include "flow/engine/replica_context.h"

namespace ottla::flow {

namespace {

constexpr std::chrono::seconds kWriteTimeout{20};
constexpr std::chrono::milliseconds kRoundPeriodMax{1000};
// Commits that arrive together are translated together.
constexpr std::chrono::milliseconds kGatherTime{50};

bool has_members(const std::string& state) {
  return state != "Empty" && state != "Dead" && !state.empty();
}

}  // namespace

GroupSync::GroupSync(kafka::Cluster& source, kafka::Cluster& target, kafka::Writer& target_writer,
                     const FlowSettings& settings, const TopicRules& rules, Translate translate)
    : target_(target),
      settings_(settings),
      rules_(rules),
      translate_(std::move(translate)),
      source_groups_(
          source,
          [&settings](const std::string& group) {
            return decide_group(group, settings.groups, settings.groups_exclude).sync;
          },
          kRoundPeriodMax),
      checkpoints_(target, target_writer, rules.policy().checkpoints_topic(settings.source_alias)),
      group_(target.context()) {
  group_.spawn("group sync " + settings.to_string(), run(this));
}

GroupSync::~GroupSync() = default;

net::Task<void> GroupSync::stop() {
  group_.cancel();
  co_await group_.join();
  co_await source_groups_.stop();
}

net::Task<void> GroupSync::run(GroupSync* self) {
  for (;;) {
    Status done;
    if (!self->opened_) done = co_await self->open();
    if (done) done = co_await self->round();
    if (!done && is_cancelled(done.error())) co_return;
    const std::string trouble = done ? self->source_groups_.trouble() : done.error().to_string();
    if (!done && trouble != self->trouble_) {
      OTTLA_WARN("{}: groups: {}", self->settings_.to_string(), trouble);
    }
    self->trouble_ = trouble;
    const Status waited =
        co_await self->source_groups_.changed_event().wait(net::Clock::now() + kRoundPeriodMax);
    if (!waited && is_cancelled(waited.error())) co_return;
    if (!co_await net::sleep_for(kGatherTime)) co_return;
  }
}

// The checkpoints topic exists, and what it holds of this flow is known.
net::Task<Status> GroupSync::open() {
  const net::Deadline deadline = net::Clock::now() + kWriteTimeout;
  const auto replicas = static_cast<std::int16_t>(settings_.internal_replicas.checkpoints);
  OTTLA_CO_TRY(
      co_await ensure_internal_topic(target_, checkpoints_.topic(), 1, replicas, deadline));
  const auto visit = [&](std::string_view key, std::optional<std::string_view> value) {
    if (!value) return;
    Result<Checkpoint> checkpoint = decode_checkpoint(key, *value);
    if (!checkpoint) return;  // not ours; MM2 skips such records as well
    const std::string upstream =
        rules_.policy().upstream_topic(checkpoint->topic).value_or(checkpoint->topic);
    Entry& entry = entries_[{checkpoint->group, {upstream, checkpoint->partition}}];
    entry.target_topic = checkpoint->topic;
    entry.committed = checkpoint->downstream;
    entry.checkpoint = *std::move(checkpoint);
  };
  OTTLA_CO_TRY(co_await checkpoints_.read(PartitionId(0), visit));
  opened_ = true;
  co_return Status{};
}

net::Task<Status> GroupSync::round() {
  waiting_.merge(source_groups_.take_changed());
  OTTLA_CO_TRY(co_await translate_waiting());
  if (settings_.sync_group_offsets.enabled) {
    OTTLA_CO_TRY(co_await commit_groups());
  }
  co_return Status{};
}

net::Task<Status> GroupSync::translate_waiting() {
  std::vector<UpstreamPlace> questions;
  std::vector<GroupPartition> places;
  std::vector<GroupPartition> settled;
  for (const GroupPartition& place : waiting_) {
    const auto position = source_groups_.positions().find(place);
    const TopicDecision decision = rules_.decide(place.partition.topic);
    if (position == source_groups_.positions().end() || !decision.copy) {
      // Gone on the source: the copy on the target stays, as MM2 leaves it.
      settled.push_back(place);
      continue;
    }
    entries_[place].target_topic = decision.target_topic;
    questions.push_back({place.partition, position->second.offset});
    places.push_back(place);
  }
  for (const GroupPartition& place : settled) waiting_.erase(place);
  if (places.empty()) co_return Status{};
  const std::vector<UpstreamPlace> asked = questions;
  const auto answers = co_await translate_(std::move(questions));
  std::vector<GroupPartition> to_write;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Entry& entry = entries_[places[i]];
    const auto position = source_groups_.positions().find(places[i]);
    // Changed while we asked: it is in the feed's changes again.
    if (position == source_groups_.positions().end() ||
        position->second.offset != asked[i].offset) {
      continue;
    }
    if (!answers[i] || answers[i]->kind == Translation::Kind::kNotYet) {
      entry.problem = "the copy has not come that far yet";
      continue;
    }
    if (answers[i]->kind == Translation::Kind::kBelowHistory) {
      entry.problem = "the position is older than the copy";
    } else {
      entry.problem.clear();
    }
    waiting_.erase(places[i]);
    if (!needs_checkpoint(entry, asked[i].offset, answers[i]->offset)) continue;
    entry.checkpoint =
        Checkpoint{places[i].group, entry.target_topic, places[i].partition.partition,
                   asked[i].offset, answers[i]->offset, position->second.metadata};
    entry.committed_at_ms = position->second.committed_at_ms;
    entry.to_commit = true;
    to_write.push_back(places[i]);
  }
  if (settings_.emit_checkpoints.enabled && !to_write.empty()) {
    co_return co_await write_checkpoints(std::move(to_write));
  }
  co_return Status{};
}

// MM2's rule: not backwards, unless the group was rewound on the source.
bool GroupSync::needs_checkpoint(const Entry& entry, Offset upstream, Offset downstream) const {
  if (!entry.checkpoint || entry.checkpoint->topic != entry.target_topic) return true;
  return upstream < entry.checkpoint->upstream || downstream > entry.checkpoint->downstream;
}

net::Task<Status> GroupSync::write_checkpoints(std::vector<GroupPartition> places) {
  std::vector<LogRecord> records;
  for (const GroupPartition& place : places) {
    OTTLA_CO_ASSIGN(Mm2Record record, encode(*entries_[place].checkpoint));
    records.push_back({std::move(record.key), std::move(record.value)});
  }
  OTTLA_CO_TRY(co_await checkpoints_.append(PartitionId(0), std::move(records),
                                            net::Clock::now() + kWriteTimeout));
  const std::int64_t now = wall_clock_ms();
  for (const GroupPartition& place : places) {
    Entry& entry = entries_[place];
    if (entry.committed_at_ms >= 0) {
      entry.latency_ms =
          static_cast<double>(std::max<std::int64_t>(0, now - entry.committed_at_ms));
    }
  }
  co_return Status{};
}

net::Task<Status> GroupSync::commit_groups() {
  std::map<std::string, std::vector<GroupPartition>> groups;
  for (const auto& [place, entry] : entries_) {
    if (entry.to_commit && entry.checkpoint) groups[place.group].push_back(place);
  }
  if (groups.empty()) co_return Status{};
  OTTLA_CO_ASSIGN(const auto listed, co_await list_groups(target_));
  for (auto& [group, places] : groups) {
    const auto known = listed.find(group);
    if (known != listed.end() && has_members(known->second.state)) {
      for (const GroupPartition& place : places) {
        entries_[place].problem = "the group has members on the target";
      }
      continue;
    }
    const Status committed = co_await commit_group(group, std::move(places));
    if (committed) continue;
    if (is_cancelled(committed.error())) co_return committed;
    OTTLA_WARN("{}: {}", settings_.to_string(), committed.error().to_string());
  }
  co_return Status{};
}

net::Task<Status> GroupSync::commit_group(const std::string& group,
                                          std::vector<GroupPartition> places) {
  OTTLA_CO_ASSIGN(const GroupOffsets on_target, co_await fetch_group_offsets(target_, group));
  GroupOffsets offsets;
  for (const GroupPartition& place : places) {
    Entry& entry = entries_[place];
    const TopicPartition target{entry.target_topic, place.partition.partition};
    const auto found = on_target.find(target);
    const std::optional<Offset> now =
        found == on_target.end() ? std::nullopt : std::optional(found->second.offset);
    if (now == entry.checkpoint->downstream) {
      entry.committed = now;
      entry.to_commit = false;
    } else if (may_commit(entry, now)) {
      offsets[target] = {entry.checkpoint->downstream, entry.checkpoint->metadata, -1};
    } else {
      entry.to_commit = false;
    }
  }
  if (offsets.empty()) co_return Status{};
  const Status committed = co_await commit_group_offsets(target_, group, std::move(offsets));
  for (const GroupPartition& place : places) {
    Entry& entry = entries_[place];
    if (!entry.to_commit) continue;
    entry.problem = committed ? "" : committed.error().to_string();
    if (!committed) continue;
    entry.committed = entry.checkpoint->downstream;
    entry.to_commit = false;
  }
  co_return committed;
}

bool GroupSync::may_commit(Entry& entry, std::optional<Offset> on_target) {
  if (!on_target) return true;
  const bool ours = entry.committed && *entry.committed == *on_target;
  const bool forward = *on_target < entry.checkpoint->downstream;
  // Never written by us: what MM2 or a person left there may be moved forward.
  if (ours || (!entry.committed && forward)) return true;
  entry.problem = entry.committed ? "the group was used on the target; it is left alone"
                                  : "the group is further ahead on the target";
  return false;
}

std::vector<GroupStatus> GroupSync::status() const {
  std::vector<GroupStatus> all;
  for (const auto& [place, entry] : entries_) {
    GroupStatus s;
    s.group = place.group;
    s.target_topic = entry.target_topic;
    s.partition = place.partition.partition;
    if (entry.checkpoint) s.downstream_offset = entry.checkpoint->downstream;
    if (entry.latency_ms >= 0) s.checkpoint_latency_ms = entry.latency_ms;
    s.synced = settings_.sync_group_offsets.enabled && entry.checkpoint &&
               entry.committed == entry.checkpoint->downstream;
    s.reason = entry.problem;
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace ottla::flow
