#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/describe_producers.h"
#include "kafka/protocol/generated/init_producer_id.h"
#include "kafka/protocol/generated/write_txn_markers.h"

namespace ottla::kafka::fake {

std::optional<InitProducerIdResponse> handle(const InitProducerIdRequest& request, Call& call) {
  InitProducerIdResponse response;
  response.error_code = call.error(ErrorCode::kNone);
  if (response.error_code != ErrorCode::kNone) return response;
  if (!request.transactional_id) {
    response.producer_id = ProducerId(call.state.next_producer_id++);
    response.producer_epoch = ProducerEpoch(0);
    return response;
  }
  auto [entry, fresh] = call.state.transactional_ids.try_emplace(
      *request.transactional_id, ProducerId(call.state.next_producer_id), ProducerEpoch(0));
  if (fresh) {
    ++call.state.next_producer_id;
  } else {
    ++entry->second.second;
  }
  response.producer_id = entry->second.first;
  response.producer_epoch = entry->second.second;
  return response;
}

std::optional<DescribeProducersResponse> handle(const DescribeProducersRequest& request,
                                                Call& call) {
  DescribeProducersResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const PartitionId index : topic.partition_indexes) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = index;
      const PartitionState* partition =
          call.led(topic.name, index, LeaderEpoch(-1), answer.error_code);
      if (partition == nullptr) continue;
      for (const auto& [id, known] : partition->log.producers()) {
        auto& producer = answer.active_producers.emplace_back();
        producer.producer_id = id;
        producer.producer_epoch = known.epoch.value();
        producer.last_sequence = known.last_sequence;
        producer.last_timestamp = known.last_timestamp_ms;
        producer.coordinator_epoch = known.coordinator_epoch;
        producer.current_txn_start_offset = known.open_transaction.value_or(Offset(-1));
      }
    }
  }
  return response;
}

std::optional<WriteTxnMarkersResponse> handle(const WriteTxnMarkersRequest& request, Call& call) {
  WriteTxnMarkersResponse response;
  for (const auto& marker : request.markers) {
    auto& answered = response.markers.emplace_back();
    answered.producer_id = marker.producer_id;
    for (const auto& topic : marker.topics) {
      auto& answers = answered.topics.emplace_back();
      answers.name = topic.name;
      for (const PartitionId index : topic.partition_indexes) {
        auto& answer = answers.partitions.emplace_back();
        answer.partition_index = index;
        PartitionState* partition = call.led(topic.name, index, LeaderEpoch(-1), answer.error_code);
        if (partition == nullptr) continue;
        answer.error_code =
            partition->log
                .append_marker(marker.producer_id, marker.producer_epoch, marker.transaction_result,
                               partition->epoch, call.state.now())
                .error;
        call.changed = true;
      }
    }
  }
  return response;
}

}  // namespace ottla::kafka::fake
