#pragma once
// GroupSync: keeps the positions of consumer groups on the target where they are on the source.
//
//   source commit ─▶ SourceGroups ─▶ translate through the offset maps ─▶ checkpoint (MM2's bytes)
//                                                                     └▶ commit on the target
//
// A position that the copy has not reached yet waits, and is translated as soon as it can be.
//
// A group on the target is written only if it
//   - has no members now,
//   - would not move backwards, unless it was rewound on the source and the position is still ours,
//   - has not been committed to by somebody else since we wrote it: then it lives on the target,
//   and
//     is left alone until the process starts anew with a position that is ours.
// Used on one core.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flow/config/flow_settings.h"
#include "flow/engine/internal_log.h"
#include "flow/groups/group_calls.h"
#include "flow/groups/source_groups.h"
#include "flow/offsets/mm2_records.h"
#include "flow/offsets/offset_map.h"
#include "flow/rules/topic_rules.h"
#include "flow/status/status.h"

namespace ottla::flow {

struct UpstreamPlace {
  TopicPartition partition;
  Offset offset;
};
// Answers in the order of the question; nothing: the partition is not copied here.
using Translate =
    std::function<net::Task<std::vector<std::optional<Translation>>>(std::vector<UpstreamPlace>)>;

class GroupSync {
 public:
  GroupSync(kafka::Cluster& source, kafka::Cluster& target, kafka::Writer& target_writer,
            const FlowSettings& settings, const TopicRules& rules, Translate translate);
  ~GroupSync();
  net::Task<void> stop();

  [[nodiscard]] std::vector<GroupStatus> status() const;
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  // What is known of one group and partition.
  struct Entry {
    std::string target_topic;
    std::optional<Checkpoint> checkpoint;  // last one written
    std::optional<Offset> committed;       // last one that we committed on the target
    std::int64_t committed_at_ms = -1;     // upstream commit, as the last checkpoint has it
    double latency_ms = -1;
    bool to_commit = false;
    std::string problem;  // why the target is not where it should be
  };

  static net::Task<void> run(GroupSync* self);
  net::Task<Status> open();
  net::Task<Status> round();
  net::Task<Status> translate_waiting();
  net::Task<Status> write_checkpoints(std::vector<GroupPartition> places);
  net::Task<Status> commit_groups();
  net::Task<Status> commit_group(const std::string& group, std::vector<GroupPartition> places);
  bool needs_checkpoint(const Entry& entry, Offset upstream, Offset downstream) const;
  // Whether the position on the target may be replaced; else entry.problem says why not.
  bool may_commit(Entry& entry, std::optional<Offset> on_target);

  kafka::Cluster& target_;
  const FlowSettings& settings_;
  const TopicRules& rules_;
  Translate translate_;
  PatternList groups_;
  PatternList groups_exclude_;
  SourceGroups source_groups_;
  InternalLog checkpoints_;
  net::TaskGroup group_;
  std::map<GroupPartition, Entry> entries_;
  std::set<GroupPartition> waiting_;  // to be translated
  bool opened_ = false;
  std::string trouble_;
};

}  // namespace ottla::flow
