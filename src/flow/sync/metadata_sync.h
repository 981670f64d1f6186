#pragma once
// MetadataSync: keeps settings and permissions of copied topics on the target like those on the
// source, now and then, by MM2's rules (rules/topic_creation.h, rules/acl_rules.h). Never deletes
// an ACL, and touches no topic that is not the copy of one. Used on one core.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "flow/config/flow_settings.h"
#include "flow/rules/acl_rules.h"
#include "flow/rules/topic_creation.h"
#include "flow/rules/topic_rules.h"
#include "kafka/client/cluster.h"

namespace ottla::flow {

class MetadataSync {
 public:
  // `copied`: topics on the source that exist on the target, as known now.
  using Copied = std::function<std::vector<std::string>()>;
  MetadataSync(kafka::Cluster& source, kafka::Cluster& target, const FlowSettings& settings,
               const TopicRules& rules, Copied copied);
  net::Task<void> stop();

  // Why the last round failed; empty: it did not.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  enum class Job { kConfigs, kAcls };
  static net::Task<void> run(MetadataSync* self, Job job);
  net::Task<Status> sync_configs();
  net::Task<Status> sync_acls();
  net::Task<Result<std::set<TopicAcl>>> source_acls();
  net::Task<Status> create_acls(std::vector<TopicAcl> acls);

  kafka::Cluster& source_;
  kafka::Cluster& target_;
  const FlowSettings& settings_;
  const TopicRules& rules_;
  Copied copied_;
  net::TaskGroup group_;
  std::set<TopicAcl> given_;  // by this process
  std::string trouble_;
};

}  // namespace ottla::flow
