#pragma once
// Which operations a principal may perform, as brokers tell it (KIP-430), and what a flow needs.
// Pure.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "flow/config/flow_settings.h"
#include "flow/rules/plan.h"

namespace ottla::fleet {

// Kafka's AclOperation codes.
enum class AclOperation : std::uint8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};
std::string_view name(AclOperation operation);  // "READ"

// A bit per operation. Brokers before 2.3 say nothing: then everything counts as allowed, since a
// claim that something is missing must be true.
class Operations {
 public:
  static constexpr std::int32_t kUnknown = std::numeric_limits<std::int32_t>::min();

  Operations() = default;
  explicit Operations(std::int32_t bits) : bits_(bits) {}
  [[nodiscard]] bool known() const { return bits_ != kUnknown; }
  [[nodiscard]] bool allows(AclOperation operation) const;

 private:
  std::int32_t bits_ = kUnknown;
};

struct FlowSurvey;

// A topic that the flow itself writes, besides data.
struct OwnTopic {
  std::string name;
  bool on_source = false;
  const char* consequence = "";  // what does not work without it
};
std::vector<OwnTopic> own_topics(const flow::FlowSettings& settings);

// Everything that the flow's clients would need for `plan` and may not do. A right without which
// the flow works, only slower, is no part of it.
std::vector<flow::MissingPermission> missing_permissions(const FlowSurvey& survey,
                                                         const flow::FlowPlan& plan);

}  // namespace ottla::fleet
