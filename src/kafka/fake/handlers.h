#pragma once
// The server side of each API, one file per API (api_<name>.cc). A handler runs under the state's
// lock, does not wait, and answers by value.

#include <chrono>
#include <memory>
#include <optional>

#include "kafka/fake/state.h"
#include "kafka/protocol/api.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

// Requests that the fake knows: generated name and file.
// clang-format off
#define OTTLA_FAKE_APIS(X) \
  X(ApiVersions) X(Metadata) X(Produce) X(Fetch) X(ListOffsets) X(OffsetForLeaderEpoch) \
  X(FindCoordinator) X(InitProducerId) X(DescribeProducers) X(WriteTxnMarkers) X(CreateTopics) \
  X(DeleteTopics) X(CreatePartitions) X(DeleteRecords) X(DescribeConfigs) \
  X(IncrementalAlterConfigs) X(DescribeCluster) X(OffsetCommit) X(OffsetFetch) X(ListGroups) \
  X(SaslHandshake) X(SaslAuthenticate)
// clang-format on

namespace ottla::kafka {
#define OTTLA_FAKE_DECLARE(Name) \
  struct Name##Request;          \
  struct Name##Response;
OTTLA_FAKE_APIS(OTTLA_FAKE_DECLARE)
#undef OTTLA_FAKE_DECLARE
}  // namespace ottla::kafka

namespace ottla::kafka::fake {

// What a connection remembers between its requests.
struct ConnectionState {
  bool authenticated = false;
  std::string mechanism;
  // The fetch that waits for data: its session was updated when it came. 0: sessionless.
  std::int32_t session_id = 0;
  bool incremental = false;
  FetchSession sessionless;
};

struct Call {
  State& state;
  BrokerState& broker;
  ConnectionState& connection;
  std::int16_t version = 0;
  std::optional<ErrorCode> forced_error = std::nullopt;
  // Set by a handler that waits: when it must be answered in any case.
  std::optional<net::Deadline> wait_until = std::nullopt;
  bool first_try = true;
  bool time_is_up = false;
  bool silent = false;   // acks=0
  bool changed = false;  // something that other requests wait for

  // The error that a fault rule forces, or `own`.
  [[nodiscard]] ErrorCode error(ErrorCode own) const { return forced_error.value_or(own); }
  // The partition, if this broker leads it and the client's epoch is right.
  PartitionState* led(const std::string& topic, PartitionId partition, LeaderEpoch client_epoch,
                      ErrorCode& error) const;
};

// One per API. Nothing: answered later (call.wait_until is set), or not at all (call.silent).
#define OTTLA_FAKE_HANDLER(Name) \
  std::optional<Name##Response> handle(const Name##Request& request, Call& call);
OTTLA_FAKE_APIS(OTTLA_FAKE_HANDLER)
#undef OTTLA_FAKE_HANDLER

enum class Outcome {
  kAnswered,  // the response stands in `out`
  kNoAnswer,  // acks=0
  kWait,      // call again when something changed, or at call.wait_until
  kCloseNow,  // what brokers do with what they don't understand
};

// Decodes, handles, encodes.
Outcome dispatch(ApiKey api, wire::Reader& request, Call& call, wire::Writer& out);

}  // namespace ottla::kafka::fake
