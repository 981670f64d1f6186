#pragma once
// What a broker said it speaks (ApiVersions), and the choice of a version for each request.

#include <array>
#include <string_view>

#include "base/result.h"
#include "kafka/protocol/api.h"

namespace ottla::kafka {

struct ApiVersionsResponse;

class ApiVersionTable {
 public:
  ApiVersionTable() { ranges_.fill({-1, -1}); }
  explicit ApiVersionTable(const ApiVersionsResponse& response);

  // The highest version in min..max that the broker speaks too; kUnsupported otherwise.
  [[nodiscard]] Result<std::int16_t> choose(ApiKey api, std::int16_t min, std::int16_t max,
                                            std::string_view peer) const;

 private:
  struct Range {
    std::int16_t min;
    std::int16_t max;
  };
  static constexpr std::size_t kApisMax = 128;
  std::array<Range, kApisMax> ranges_;
};

}  // namespace ottla::kafka
