#pragma once
// The table of Kafka's APIs, request and response headers, and the choice of versions.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "kafka/protocol/generated/api_key.h"
#include "kafka/protocol/generated/api_versions.h"
#include "kafka/protocol/generated/headers.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace ottla::kafka {

// Inclusive; empty where max < min.
struct VersionRange {
  std::int16_t min = 0;
  std::int16_t max = -1;
  bool operator==(const VersionRange&) const = default;
  [[nodiscard]] bool empty() const { return max < min; }
  [[nodiscard]] bool contains(std::int16_t v) const { return v >= min && v <= max; }
};

// The highest version that both sides speak; nullopt if there is none.
[[nodiscard]] std::optional<std::int16_t> negotiate(VersionRange ours, VersionRange theirs);

// All APIs that Ottla knows, in ascending order of the key. api() is null for any other number.
[[nodiscard]] std::span<const ApiInfo> apis();
[[nodiscard]] const ApiInfo* api(ApiKey key);
// "Fetch"; "unknown API" for other numbers.
[[nodiscard]] std::string_view name(ApiKey key);
// What Ottla speaks; empty for other numbers.
[[nodiscard]] VersionRange versions(ApiKey key);
// First version with tagged fields and compact lengths (KIP-482); kNeverFlexible if there is none.
[[nodiscard]] std::int16_t first_flexible(ApiKey key);

// Version of the header in front of a request or response. ApiVersions' responses always have v0,
// so that a client which doesn't know the broker yet can read them.
[[nodiscard]] std::int16_t request_header_version(ApiKey key, std::int16_t version);
[[nodiscard]] std::int16_t response_header_version(ApiKey key, std::int16_t version);

// Writes the header of a request. `client_id` is what brokers show in logs, metrics and quotas.
void encode_request_header(wire::Writer& w, ApiKey key, std::int16_t version,
                           CorrelationId correlation_id, std::string_view client_id);
// Reads the header of any request, whose API and version stand in the header itself.
// Errors: kCorrupt; kUnsupported for APIs that Ottla doesn't know.
[[nodiscard]] Result<RequestHeader> decode_request_header(wire::Reader& r);

void encode_response_header(wire::Writer& w, ApiKey key, std::int16_t version,
                            CorrelationId correlation_id);
[[nodiscard]] Result<CorrelationId> decode_response_header(wire::Reader& r, ApiKey key,
                                                           std::int16_t version);

// Reads the body of an ApiVersions response that answers a request of `version`. A broker that
// doesn't know the version answers in the form of v0, with UNSUPPORTED_VERSION and what it speaks:
// then that is returned, and the caller asks again with a version that is in it.
[[nodiscard]] Result<ApiVersionsResponse> decode_api_versions(wire::Reader& r,
                                                              std::int16_t version);

// What the answer says about an API; empty if the broker doesn't offer it.
[[nodiscard]] VersionRange offered(const ApiVersionsResponse& response, ApiKey key);

}  // namespace ottla::kafka
