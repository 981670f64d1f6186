#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/api_versions.h"
#include "kafka/protocol/generated/create_partitions.h"
#include "kafka/protocol/generated/create_topics.h"
#include "kafka/protocol/generated/delete_records.h"
#include "kafka/protocol/generated/delete_topics.h"
#include "kafka/protocol/generated/describe_cluster.h"
#include "kafka/protocol/generated/describe_configs.h"
#include "kafka/protocol/generated/describe_producers.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/protocol/generated/find_coordinator.h"
#include "kafka/protocol/generated/incremental_alter_configs.h"
#include "kafka/protocol/generated/init_producer_id.h"
#include "kafka/protocol/generated/list_groups.h"
#include "kafka/protocol/generated/list_offsets.h"
#include "kafka/protocol/generated/metadata.h"
#include "kafka/protocol/generated/offset_commit.h"
#include "kafka/protocol/generated/offset_fetch.h"
#include "kafka/protocol/generated/offset_for_leader_epoch.h"
#include "kafka/protocol/generated/produce.h"
#include "kafka/protocol/generated/sasl_authenticate.h"
#include "kafka/protocol/generated/sasl_handshake.h"
#include "kafka/protocol/generated/write_txn_markers.h"

namespace ottla::kafka::fake {

namespace {

template <class Request>
Outcome run(wire::Reader& reader, Call& call, wire::Writer& out) {
  Request request;
  if (!request.decode(reader, call.version)) return Outcome::kCloseNow;
  const auto response = handle(request, call);
  if (!response) return call.silent ? Outcome::kNoAnswer : Outcome::kWait;
  response->encode(out, call.version);
  return Outcome::kAnswered;
}

}  // namespace

PartitionState* Call::led(const std::string& topic, PartitionId partition, LeaderEpoch client_epoch,
                          ErrorCode& result) const {
  PartitionState* found = state.partition(topic, partition);
  if (forced_error) {
    result = *forced_error;
    return nullptr;
  }
  result = found == nullptr              ? ErrorCode::kUnknownTopicOrPartition
           : found->leader != broker.id  ? ErrorCode::kNotLeaderOrFollower
           : client_epoch.value() < 0    ? ErrorCode::kNone
           : client_epoch < found->epoch ? ErrorCode::kFencedLeaderEpoch
           : client_epoch > found->epoch ? ErrorCode::kUnknownLeaderEpoch
                                         : ErrorCode::kNone;
  return result == ErrorCode::kNone ? found : nullptr;
}

Outcome dispatch(ApiKey api, wire::Reader& request, Call& call, wire::Writer& out) {
  switch (api) {
#define OTTLA_FAKE_CASE(Name) \
  case ApiKey::k##Name:       \
    return run<Name##Request>(request, call, out);
    OTTLA_FAKE_APIS(OTTLA_FAKE_CASE)
#undef OTTLA_FAKE_CASE
    default:
      return Outcome::kCloseNow;
  }
}

}  // namespace ottla::kafka::fake
