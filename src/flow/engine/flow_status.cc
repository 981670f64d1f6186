// How a Flow sums up what its cores say: the worst honest summary.

#include <algorithm>

#include "flow/engine/flow.h"

namespace ottla::flow {

namespace {
constexpr std::chrono::seconds kStalledAfter{30};
}

void Flow::snapshot(std::function<void(FlowStatus)> done) {
  struct Gathering {
    std::vector<CoreStatus> cores;
    std::size_t left = 0;
    std::function<void(FlowStatus)> done;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->cores.resize(cores_.size());
  gathering->left = cores_.size();
  gathering->done = std::move(done);
  if (cores_.empty()) {
    runtime_.post(0, [this, gathering] { gathering->done(sum_up({})); });
    return;
  }
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    on_core(i, [this, gathering, i](FlowCore& core) {
      runtime_.post(0, [this, gathering, i, status = core.status()]() mutable {
        gathering->cores[i] = std::move(status);
        if (--gathering->left == 0) gathering->done(sum_up(std::move(gathering->cores)));
      });
    });
  }
}

FlowStatus Flow::sum_up(std::vector<CoreStatus> cores) const {
  FlowStatus status;
  status.source = settings_.source_alias;
  status.target = settings_.target_alias;
  status.paused = paused_;
  status.replication_enabled = settings_.enabled;
  status.checkpoints_enabled = settings_.enabled && settings_.emit_checkpoints.enabled;
  status.heartbeats_enabled = settings_.emit_heartbeats.enabled;
  if (group_sync_) status.groups = group_sync_->status();
  status.topics = last_.notes;
  status.ledger = old_losses_;
  status.ledger_entries = old_loss_entries_;
  for (const auto* cluster : {source_.get(), target_.get()}) {
    ClusterReach reach;
    if (cluster == nullptr) continue;
    reach.alias = cluster->alias();
    reach.reachable = cluster->metadata() != nullptr && trouble_.empty();
    reach.detail = cluster->metadata() != nullptr
                       ? fmt::format("cluster id {}, {} brokers", cluster->metadata()->cluster_id,
                                     cluster->metadata()->brokers.size())
                       : "not reached yet";
    status.clusters.push_back(std::move(reach));
  }
  for (CoreStatus& core : cores) {
    std::ranges::move(core.partitions, std::back_inserter(status.partitions));
    status.ledger.insert(status.ledger.begin(), core.ledger.begin(), core.ledger.end());
    status.ledger_entries += core.ledger_entries;
  }
  std::ranges::sort(status.partitions, [](const PartitionStatus& a, const PartitionStatus& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  });
  judge(status, cores);
  return status;
}

void Flow::judge(FlowStatus& status, const std::vector<CoreStatus>& cores) const {
  const auto at_least = [&](FlowHealth health, std::string reason) {
    if (health > status.health) {
      status.health = health;
      status.reasons.insert(status.reasons.begin(), std::move(reason));
    } else {
      status.reasons.push_back(std::move(reason));
    }
  };
  std::size_t quarantined = 0;
  for (const PartitionStatus& p : status.partitions) {
    if (p.state == PartitionState::kQuarantined) {
      ++quarantined;
      if (quarantined <= 5) {
        at_least(FlowHealth::kDegraded,
                 fmt::format("{}-{} stands still: {}", p.topic, p.partition, p.reason));
      }
    }
    if (p.upstream_log_start && *p.upstream_log_start > p.upstream_position) {
      at_least(FlowHealth::kLosingData,
               fmt::format("{}-{}: retention has deleted {} records that were not copied", p.topic,
                           p.partition, *p.upstream_log_start - p.upstream_position));
    }
    if (p.losses > 0) {
      at_least(FlowHealth::kLosingData,
               fmt::format("{}-{}: {} entries in the loss ledger since the start", p.topic,
                           p.partition, p.losses));
    }
  }
  if (quarantined > 5) {
    at_least(FlowHealth::kDegraded, fmt::format("{} partitions stand still", quarantined));
  }
  if (group_sync_ && !group_sync_->trouble().empty()) {
    at_least(FlowHealth::kDegraded, "groups: " + group_sync_->trouble());
  }
  if (metadata_sync_ && !metadata_sync_->trouble().empty()) {
    at_least(FlowHealth::kDegraded, metadata_sync_->trouble());
  }
  if (publisher_ && !publisher_->trouble().empty()) {
    at_least(FlowHealth::kDegraded, "MM2's topics: " + publisher_->trouble());
  }
  for (const std::string& trouble : last_.troubles) at_least(FlowHealth::kDegraded, trouble);
  for (const std::string& topic : missing_) {
    at_least(FlowHealth::kDegraded, topic + " is gone from " + settings_.source_alias);
  }
  for (const CoreStatus& core : cores) {
    if (!core.journal_trouble.empty()) {
      at_least(FlowHealth::kDegraded, "offset map not written: " + core.journal_trouble);
    }
    if (core.longest_stall > kStalledAfter) {
      at_least(FlowHealth::kStalled,
               fmt::format("{} has not moved for {} s although more is there", core.stalled_place,
                           core.longest_stall.count() / 1000));
    }
  }
  if (!trouble_.empty()) {
    const bool long_since = net::Clock::now() - trouble_since_ > kStalledAfter;
    at_least(long_since ? FlowHealth::kStalled : FlowHealth::kDegraded, trouble_);
  } else if (!opened_ && settings_.enabled) {
    at_least(FlowHealth::kDegraded, "starting");
  }
}

}  // namespace ottla::flow
