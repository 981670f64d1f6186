#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/produce.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int16_t kFirstWithTopicId = 13;

void produce_one(const ProduceRequest::Partition& wanted, const std::string& topic, bool with_id,
                 Call& call, ProduceResponse::Partition& answer) {
  answer.index = wanted.index;
  answer.base_offset = Offset(-1);
  ErrorCode error{};
  PartitionState* partition = call.led(topic, wanted.index, LeaderEpoch(-1), error);
  if (partition == nullptr) {
    answer.error_code = error;
    if (const PartitionState* known = call.state.partition(topic, wanted.index)) {
      answer.current_leader.leader_id = known->leader;
      answer.current_leader.leader_epoch = known->epoch;
    }
    return;
  }
  const Appended appended =
      partition->log.produce(wanted.records.value_or(Bytes{}), call.state.topic(topic)->rules(),
                             with_id, partition->epoch, call.state.now());
  answer.error_code = appended.error;
  answer.base_offset = appended.base_offset;
  answer.log_append_time_ms = appended.log_append_time_ms;
  answer.log_start_offset = partition->log.start();
  if (!appended.message.empty()) answer.error_message = appended.message;
  call.changed = true;
}

}  // namespace

std::optional<ProduceResponse> handle(const ProduceRequest& request, Call& call) {
  ProduceResponse response;
  for (const auto& topic : request.topic_data) {
    const bool by_id = call.version >= kFirstWithTopicId;
    const TopicState* known =
        by_id ? call.state.topic(topic.topic_id) : call.state.topic(topic.name);
    ProduceResponse::Topic answers;
    answers.name = topic.name;
    answers.topic_id = topic.topic_id;
    for (const auto& wanted : topic.partition_data) {
      ProduceResponse::Partition& answer = answers.partition_responses.emplace_back();
      if (known == nullptr) {
        answer.index = wanted.index;
        answer.base_offset = Offset(-1);
        answer.error_code =
            call.error(by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
        continue;
      }
      produce_one(wanted, known->name, request.transactional_id.has_value(), call, answer);
    }
    response.responses.push_back(std::move(answers));
  }
  call.silent = request.acks == 0;
  if (call.silent) return std::nullopt;
  return response;
}

}  // namespace ottla::kafka::fake
