#include "kafka/protocol/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace ottla::kafka {

std::optional<std::int16_t> negotiate(VersionRange ours, VersionRange theirs) {
  const VersionRange both{std::max(ours.min, theirs.min), std::min(ours.max, theirs.max)};
  if (both.empty()) return std::nullopt;
  return both.max;
}

std::span<const ApiInfo> apis() {
  return kApis;
}

const ApiInfo* api(ApiKey key) {
  const auto* found = std::ranges::lower_bound(kApis, key, {}, &ApiInfo::key);
  return found != std::ranges::end(kApis) && found->key == key ? found : nullptr;
}

std::string_view name(ApiKey key) {
  const ApiInfo* found = api(key);
  return found == nullptr ? "unknown API" : found->name;
}

VersionRange versions(ApiKey key) {
  const ApiInfo* found = api(key);
  return found == nullptr ? VersionRange{} : VersionRange{found->min_version, found->max_version};
}

std::int16_t first_flexible(ApiKey key) {
  const ApiInfo* found = api(key);
  return found == nullptr ? kNeverFlexible : found->first_flexible;
}

std::int16_t request_header_version(ApiKey key, std::int16_t version) {
  return version >= first_flexible(key) ? 2 : 1;
}

std::int16_t response_header_version(ApiKey key, std::int16_t version) {
  if (key == ApiKey::kApiVersions) return 0;
  return version >= first_flexible(key) ? 1 : 0;
}

void encode_request_header(wire::Writer& w, ApiKey key, std::int16_t version,
                           CorrelationId correlation_id, std::string_view client_id) {
  w.int16(static_cast<std::int16_t>(key));
  w.int16(version);
  w.int32(correlation_id.value());
  w.string(client_id);
  if (request_header_version(key, version) >= 2) w.unsigned_varint(0);
}

Result<RequestHeader> decode_request_header(wire::Reader& r) {
  wire::Reader ahead = r;
  const auto key = static_cast<ApiKey>(ahead.int16());
  const std::int16_t version = ahead.int16();
  if (ahead.ok() && api(key) == nullptr) {
    return fail(make_error_code(BaseErrc::kUnsupported),
                fmt::format("request with API key {}", static_cast<int>(key)));
  }
  RequestHeader header;
  OTTLA_TRY(header.decode(r, request_header_version(key, version)));
  return header;
}

void encode_response_header(wire::Writer& w, ApiKey key, std::int16_t version,
                            CorrelationId correlation_id) {
  ResponseHeader header;
  header.correlation_id = correlation_id;
  header.encode(w, response_header_version(key, version));
}

Result<CorrelationId> decode_response_header(wire::Reader& r, ApiKey key, std::int16_t version) {
  ResponseHeader header;
  OTTLA_TRY(header.decode(r, response_header_version(key, version)));
  return header.correlation_id;
}

Result<ApiVersionsResponse> decode_api_versions(wire::Reader& r, std::int16_t version) {
  wire::Reader ahead = r;
  const auto code = static_cast<ErrorCode>(ahead.int16());
  ApiVersionsResponse response;
  OTTLA_TRY(response.decode(r, code == ErrorCode::kUnsupportedVersion ? std::int16_t{0} : version));
  return response;
}

VersionRange offered(const ApiVersionsResponse& response, ApiKey key) {
  for (const auto& row : response.api_keys) {
    if (row.api_key == key) return {row.min_version, row.max_version};
  }
  return {};
}

}  // namespace ottla::kafka
