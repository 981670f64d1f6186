#pragma once
// The loss ledger: whatever did not reach the target, stands there twice, or had to be copied
// again, written durably to the compacted topic `ottla-loss-ledger-internal` on the target. An
// entry is never overwritten by another one. Format: docs/formats/loss-ledger.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace ottla::flow {

inline constexpr std::string_view kLossLedgerTopic = "ottla-loss-ledger-internal";

enum class LossKind {
  kRetentionOvertook,  // upstream deleted records before they were copied
  kUpstreamTruncated,  // upstream took records back that were copied
  kUpstreamRecreated,  // the upstream topic is another one now
  kTargetTruncated,    // the target lost records; they were copied again
  kTargetRecreated,    // the target topic is another one now
  kForeignWrites,      // somebody else wrote into a mirrored topic
  kRecordTooLarge,     // the target does not take a record of this size; skipped by policy
  kAmbiguous,          // what stands on the target could not be established for certain
};

// "retention-overtook": the name in the topic, in REST and on the command line.
std::string_view to_string(LossKind kind);
std::optional<LossKind> loss_kind_of(std::string_view name);

struct LossEntry {
  LossKind kind = LossKind::kAmbiguous;
  std::string flow;  // "A->B"
  std::string topic;
  PartitionId partition;
  // Offsets [from, to) of the side that the kind speaks of: the target for kTargetTruncated,
  // kTargetRecreated and kForeignWrites, else upstream.
  Offset from;
  Offset to;
  std::optional<std::int64_t> records;  // unset: not known (offsets are not counts)
  std::optional<std::int64_t> first_timestamp_ms;
  std::optional<std::int64_t> last_timestamp_ms;
  std::int64_t detected_at_ms = 0;
  std::string policy;  // "stop" or "continue", as applied
  std::string text;    // for people: what happened, what to do
  bool operator==(const LossEntry&) const = default;

  [[nodiscard]] bool is_on_target() const;
  // True where upstream records are missing on the target and will not come.
  [[nodiscard]] bool is_loss() const;
};

std::string encode_ledger_key(const LossEntry& entry);
std::string encode_ledger_value(const LossEntry& entry);
// Both are needed: the key holds the place, the value the rest.
Result<LossEntry> decode_ledger(std::string_view key, std::string_view value);

// One line: "2026-01-31T12:00:00Z A->B orders-3: retention overtook the mirror: upstream offsets
// 100 to 149 (50 records) never crossed; continued".
std::string render(const LossEntry& entry);

}  // namespace ottla::flow
