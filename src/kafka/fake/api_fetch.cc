#include <algorithm>

#include "kafka/fake/fetch_sessions.h"
#include "kafka/fake/handlers.h"
#include "kafka/protocol/generated/fetch.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int16_t kFirstWithDivergence = 12;
constexpr std::int16_t kFirstWithTopicId = 13;

// Owns the records that the response's views point into until it is encoded.
struct Answers {
  FetchResponse response;
  std::list<ByteVector> records;
  std::size_t bytes = 0;
  bool urgent = false;  // an error or a divergence is told at once
};

// Partition.readRecords: the epoch that was read last must be in the log up to the offset.
bool diverges(const PartitionState& partition, const SessionPartition& wanted,
              FetchResponse::Partition& answer) {
  if (wanted.last_fetched_epoch.value() < 0) return false;
  const auto [epoch, end] = partition.log.end_of_epoch(wanted.last_fetched_epoch, partition.epoch);
  if (end.value() < 0) {
    answer.error_code = ErrorCode::kOffsetOutOfRange;
    return true;
  }
  if (epoch >= wanted.last_fetched_epoch && end >= wanted.fetch_offset) return false;
  answer.diverging_epoch.epoch = epoch;
  answer.diverging_epoch.end_offset = end;
  return true;
}

void read(const FetchRequest& request, PartitionState& partition, const SessionPartition& wanted,
          Answers& answers, FetchResponse::Partition& answer) {
  const PartitionLog& log = partition.log;
  if (wanted.fetch_offset < log.start() || wanted.fetch_offset > log.end()) {
    answer.error_code = ErrorCode::kOffsetOutOfRange;
    return;
  }
  const bool committed = request.isolation_level == 1;
  const Offset stable = std::min(log.last_stable_offset(), partition.high_watermark());
  const Offset upto = committed ? stable : partition.high_watermark();
  answer.high_watermark = partition.high_watermark();
  answer.last_stable_offset = stable;
  answer.log_start_offset = log.start();
  const std::size_t room = static_cast<std::size_t>(std::max(request.max_bytes, 0)) > answers.bytes
                               ? static_cast<std::size_t>(request.max_bytes) - answers.bytes
                               : 0;
  const bool first = answers.bytes == 0;
  const auto bytes_max = std::min(room, static_cast<std::size_t>(std::max(wanted.bytes_max, 0)));
  ByteVector records = log.read(wanted.fetch_offset, upto,
                                first ? std::max<std::size_t>(bytes_max, 1) : bytes_max, first);
  answers.bytes += records.size();
  answers.records.push_back(std::move(records));
  answer.records = Bytes(answers.records.back());
  answer.aborted_transactions.reset();
  if (!committed) return;
  answer.aborted_transactions.emplace();
  for (const AbortedRange& range : log.aborted_between(wanted.fetch_offset, upto)) {
    FetchResponse::AbortedTransaction aborted;
    aborted.producer_id = range.producer_id;
    aborted.first_offset = range.first_offset;
    answer.aborted_transactions->push_back(std::move(aborted));
  }
}

FetchResponse::Partition fetch_one(const FetchRequest& request, Call& call,
                                   const SessionPartition& wanted, Answers& answers) {
  FetchResponse::Partition answer;
  answer.partition_index = wanted.partition;
  answer.high_watermark = Offset(-1);
  answer.records = Bytes{};
  answer.aborted_transactions.reset();
  const bool by_id = call.version >= kFirstWithTopicId;
  const TopicState* topic =
      by_id ? call.state.topic(wanted.topic_id) : call.state.topic(wanted.topic);
  if (topic == nullptr) {
    answer.error_code =
        call.error(by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
    return answer;
  }
  PartitionState* partition =
      call.led(topic->name, wanted.partition, wanted.current_leader_epoch, answer.error_code);
  if (partition == nullptr) {
    if (const PartitionState* known = call.state.partition(topic->name, wanted.partition)) {
      answer.current_leader.leader_id = known->leader;
      answer.current_leader.leader_epoch = known->epoch;
    }
    return answer;
  }
  if (call.version >= kFirstWithDivergence && diverges(*partition, wanted, answer)) return answer;
  read(request, *partition, wanted, answers, answer);
  return answer;
}

bool is_news(const FetchResponse::Partition& answer, SessionPartition& wanted) {
  const bool news = answer.error_code != ErrorCode::kNone || !answer.records->empty() ||
                    answer.diverging_epoch.end_offset.value() >= 0 ||
                    answer.high_watermark != wanted.told_high_watermark ||
                    answer.last_stable_offset != wanted.told_last_stable ||
                    answer.log_start_offset != wanted.told_start;
  return news;
}

void note_told(const FetchResponse::Partition& answer, SessionPartition& wanted) {
  wanted.told_high_watermark = answer.high_watermark;
  wanted.told_last_stable = answer.last_stable_offset;
  wanted.told_start = answer.log_start_offset;
}

void add(Answers& answers, const SessionPartition& wanted, FetchResponse::Partition answer) {
  auto& topics = answers.response.responses;
  if (topics.empty() || topics.back().topic != wanted.topic ||
      topics.back().topic_id != wanted.topic_id) {
    topics.emplace_back();
    topics.back().topic = wanted.topic;
    topics.back().topic_id = wanted.topic_id;
  }
  topics.back().partitions.push_back(std::move(answer));
}

std::optional<FetchResponse> refuse(ErrorCode error) {
  FetchResponse response;
  response.error_code = error;
  return response;
}

bool is_for_session(ErrorCode error) {
  return error == ErrorCode::kFetchSessionIdNotFound ||
         error == ErrorCode::kInvalidFetchSessionEpoch ||
         error == ErrorCode::kFetchSessionTopicIdError;
}

}  // namespace

// Returned records are views: they are kept here until the response is encoded.
std::optional<FetchResponse> handle(const FetchRequest& request, Call& call) {
  if (call.forced_error && is_for_session(*call.forced_error)) return refuse(*call.forced_error);
  if (call.first_try) {
    const ErrorCode error = begin_fetch(request, call);
    if (error != ErrorCode::kNone) return refuse(error);
  }
  FetchSession* session = fetch_session(call);
  if (session == nullptr) return refuse(ErrorCode::kFetchSessionIdNotFound);
  static thread_local std::list<ByteVector> kept;
  Answers answers;
  std::vector<std::pair<std::list<SessionPartition>::iterator, FetchResponse::Partition>> told;
  for (auto it = session->partitions.begin(); it != session->partitions.end(); ++it) {
    FetchResponse::Partition answer = fetch_one(request, call, *it, answers);
    if (answer.error_code != ErrorCode::kNone || answer.diverging_epoch.end_offset.value() >= 0) {
      answers.urgent = true;
    }
    if (!call.connection.incremental || is_news(answer, *it))
      told.emplace_back(it, std::move(answer));
  }
  const auto enough = static_cast<std::size_t>(std::max(request.min_bytes, 0));
  if (!answers.urgent && answers.bytes < enough && !call.time_is_up) {
    if (call.first_try) {
      call.wait_until = net::Clock::now() + net::Duration(request.max_wait_ms);
    }
    return std::nullopt;
  }
  for (auto& [it, answer] : told) {
    note_told(answer, *it);
    // Who got data goes last, so that a full response starves nobody.
    if (!answer.records->empty()) {
      session->partitions.splice(session->partitions.end(), session->partitions, it);
    }
    add(answers, *it, std::move(answer));
  }
  answers.response.session_id = session->id;
  kept = std::move(answers.records);
  return std::move(answers.response);
}

}  // namespace ottla::kafka::fake
