#pragma once
// How topics are named on the other side: MM2's DefaultReplicationPolicy (A.orders) and
// IdentityReplicationPolicy (orders), with Kafka 4.0's rule for internal topics (KIP-1074).
//
// "Source" of a topic is the alias that stands before its first separator; "upstream" is its name
// one hop back; "original" its name where it was first produced.

#include <optional>
#include <string>
#include <string_view>

namespace ottla::flow {

enum class PolicyKind { kDefault, kIdentity };

struct ReplicationPolicyOptions {
  PolicyKind kind = PolicyKind::kDefault;
  std::string separator = ".";  // never empty
  // False: the names of internal topics use "." whatever the separator is (KIP-949).
  bool internal_separator_enabled = true;
  // Identity policy only: what every topic's source is. Empty: unknown.
  std::string source_alias;
};

class ReplicationPolicy {
 public:
  explicit ReplicationPolicy(ReplicationPolicyOptions options = {});

  // Name on the target of `topic` of the cluster `alias`.
  [[nodiscard]] std::string remote_topic(std::string_view alias, std::string_view topic) const;
  [[nodiscard]] std::optional<std::string> topic_source(std::string_view topic) const;
  [[nodiscard]] std::optional<std::string> upstream_topic(std::string_view topic) const;
  [[nodiscard]] std::string original_topic(std::string_view topic) const;

  [[nodiscard]] static std::string heartbeats_topic() { return "heartbeats"; }
  [[nodiscard]] bool is_heartbeats_topic(std::string_view topic) const;
  // mm2-offset-syncs.<alias>.internal, where alias is the cluster on the other side.
  [[nodiscard]] std::string offset_syncs_topic(std::string_view alias) const;
  // <alias>.checkpoints.internal, where alias is the upstream cluster.
  [[nodiscard]] std::string checkpoints_topic(std::string_view alias) const;
  [[nodiscard]] bool is_checkpoints_topic(std::string_view topic) const;
  [[nodiscard]] bool is_mm2_internal_topic(std::string_view topic) const;
  // MM2's own topics, and names that start with "__" or ".".
  [[nodiscard]] bool is_internal_topic(std::string_view topic) const;

  // True if `topic` has passed through `target_alias` already: copying it there would be a loop.
  [[nodiscard]] bool is_cycle(std::string_view topic, std::string_view target_alias) const;

  [[nodiscard]] const ReplicationPolicyOptions& options() const { return options_; }

 private:
  [[nodiscard]] bool renames(std::string_view topic) const;
  [[nodiscard]] std::optional<std::string> prefix_of(std::string_view topic) const;

  ReplicationPolicyOptions options_;
  std::string internal_separator_;
};

// Names that no separator or policy changes: mm2-offsets.<alias>.internal and its kin.
std::string connect_offsets_topic(std::string_view source_alias);
std::string connect_status_topic(std::string_view source_alias);
std::string connect_configs_topic(std::string_view source_alias);

// Why a topic name is not acceptable to a broker; empty if it is. Kafka's rule: 1 to 249
// characters of [a-zA-Z0-9._-], neither "." nor "..".
std::string topic_name_fault(std::string_view name);

}  // namespace ottla::flow
