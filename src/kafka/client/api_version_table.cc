#include "kafka/client/api_version_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/protocol/generated/api_versions.h"

namespace ottla::kafka {

ApiVersionTable::ApiVersionTable(const ApiVersionsResponse& response) : ApiVersionTable() {
  for (const auto& entry : response.api_keys) {
    const auto index = static_cast<std::size_t>(entry.api_key);  // a negative key is huge
    if (index < kApisMax) ranges_[index] = {entry.min_version, entry.max_version};
  }
}

Result<std::int16_t> ApiVersionTable::choose(ApiKey api, std::int16_t min, std::int16_t max,
                                             std::string_view peer) const {
  const Range theirs = ranges_[static_cast<std::size_t>(api)];
  const std::int16_t best = std::min(max, theirs.max);
  if (theirs.max < 0 || best < min || best < theirs.min) {
    return fail(BaseErrc::kUnsupported,
                theirs.max < 0
                    ? fmt::format("{}: the broker does not offer {}", peer, name(api))
                    : fmt::format("{}: {} needs version {} to {}, the broker has {} to {}", peer,
                                  name(api), min, max, theirs.min, theirs.max));
  }
  return best;
}

}  // namespace ottla::kafka
