#pragma once
// SourceGroups: the positions of all consumer groups of the source, as they change.
//
// Follows `__consumer_offsets` as a feed, read_committed, from its start: after the first read it
// knows every position, and each further commit within milliseconds. Where the topic may not be
// read it asks the group coordinators instead, once per `poll_interval`.
//
// Invariant: `changed()` names every (group, partition) whose position differs from what the last
// taker saw. Used on one core.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flow/groups/offset_commit_record.h"
#include "kafka/client/admin.h"
#include "kafka/client/cluster.h"
#include "kafka/client/reader.h"
#include "kafka/records/aborted.h"
#include "kafka/records/record_reader.h"

namespace ottla::flow {

class SourceGroups {
 public:
  using Wanted = std::function<bool(const std::string& group)>;

  // `wanted` decides on groups by name (groups, groups.exclude).
  SourceGroups(kafka::Cluster& cluster, Wanted wanted, net::Duration poll_interval);
  ~SourceGroups();
  net::Task<void> stop();

  // All positions of groups that exist were seen once.
  [[nodiscard]] bool loaded() const;
  [[nodiscard]] bool follows_feed() const { return !polling_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  [[nodiscard]] const std::map<GroupPartition, CommittedOffset>& positions() const {
    return positions_;
  }
  // What changed since the last call; positions that are gone included.
  std::set<GroupPartition> take_changed() { return std::exchange(changed_, {}); }
  net::Event& changed_event() { return changed_event_; }

 private:
  class FeedPartition;
  static net::Task<void> run(SourceGroups* self);
  net::Task<Status> start_feed();
  net::Task<Status> poll_once();
  void apply(const GroupPartition& place, std::optional<CommittedOffset> position);

  kafka::Cluster& cluster_;
  Wanted wanted_;
  net::Duration poll_interval_;
  net::TaskGroup group_;
  net::Event changed_event_;
  std::unique_ptr<kafka::Reader> reader_;
  std::vector<std::unique_ptr<FeedPartition>> feed_;
  kafka::records::Decompressor decompressor_;
  std::map<GroupPartition, CommittedOffset> positions_;
  std::set<GroupPartition> changed_;
  bool polling_ = false;
  bool polled_ = false;
  bool restart_ = false;
  std::string trouble_;
};

}  // namespace ottla::flow
