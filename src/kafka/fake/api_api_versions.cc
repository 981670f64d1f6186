#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/api_versions.h"

namespace ottla::kafka::fake {

std::optional<ApiVersionsResponse> handle(const ApiVersionsRequest&, Call& call) {
  ApiVersionsResponse response;
  response.error_code = call.error(ErrorCode::kNone);
  for (const auto& [key, range] : call.broker.offered) {
    if (range.empty()) continue;
    ApiVersionsResponse::ApiVersion entry;
    entry.api_key = key;
    entry.min_version = range.min;
    entry.max_version = range.max;
    response.api_keys.push_back(std::move(entry));
  }
  return response;
}

}  // namespace ottla::kafka::fake
