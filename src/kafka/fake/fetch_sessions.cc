#include "kafka/fake/fetch_sessions.h"

#include <algorithm>
#include <limits>

#include "kafka/protocol/generated/fetch.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int32_t kOpen = 0;
constexpr std::int32_t kSessionless = -1;
constexpr std::int16_t kFirstWithSessions = 7;
constexpr std::int16_t kFirstWithTopicId = 13;

void update(FetchSession& session, const FetchRequest& request) {
  for (const auto& topic : request.topics) {
    for (const auto& p : topic.partitions) {
      auto found = std::ranges::find_if(session.partitions, [&](const SessionPartition& s) {
        return s.topic == topic.topic && s.topic_id == topic.topic_id && s.partition == p.partition;
      });
      if (found == session.partitions.end()) {
        found = session.partitions.emplace(session.partitions.end());
        found->topic = topic.topic;
        found->topic_id = topic.topic_id;
        found->partition = p.partition;
      }
      found->fetch_offset = p.fetch_offset;
      found->current_leader_epoch = p.current_leader_epoch;
      found->last_fetched_epoch = p.last_fetched_epoch;
      found->bytes_max = p.partition_max_bytes;
    }
  }
  for (const auto& topic : request.forgotten_topics_data) {
    for (const PartitionId partition : topic.partitions) {
      std::erase_if(session.partitions, [&](const SessionPartition& s) {
        return s.topic == topic.topic && s.topic_id == topic.topic_id && s.partition == partition;
      });
    }
  }
}

void open_session(const FetchRequest& request, Call& call) {
  call.connection.incremental = false;
  if (request.session_id != 0) call.broker.sessions.erase(request.session_id);
  const bool wanted = call.version >= kFirstWithSessions && request.session_epoch == kOpen;
  if (!wanted || call.broker.sessions.size() >= call.state.sessions_max) {
    call.connection.session_id = 0;
    call.connection.sessionless = {};
    update(call.connection.sessionless, request);
    return;
  }
  const std::int32_t id = call.state.next_session_id++;
  ++call.state.sessions_opened;
  FetchSession& session = call.broker.sessions[id];
  session.id = id;
  session.by_id = call.version >= kFirstWithTopicId;
  update(session, request);
  call.connection.session_id = id;
}

}  // namespace

ErrorCode begin_fetch(const FetchRequest& request, Call& call) {
  if (call.version < kFirstWithSessions || request.session_epoch == kOpen ||
      request.session_epoch == kSessionless) {
    open_session(request, call);
    return ErrorCode::kNone;
  }
  const auto found = call.broker.sessions.find(request.session_id);
  if (found == call.broker.sessions.end()) return ErrorCode::kFetchSessionIdNotFound;
  FetchSession& session = found->second;
  if (session.next_epoch != request.session_epoch) return ErrorCode::kInvalidFetchSessionEpoch;
  if (session.by_id != (call.version >= kFirstWithTopicId)) {
    return ErrorCode::kFetchSessionTopicIdError;
  }
  session.next_epoch =
      session.next_epoch == std::numeric_limits<std::int32_t>::max() ? 1 : session.next_epoch + 1;
  update(session, request);
  call.connection.session_id = session.id;
  call.connection.incremental = true;
  return ErrorCode::kNone;
}

FetchSession* fetch_session(Call& call) {
  if (call.connection.session_id == 0) return &call.connection.sessionless;
  const auto found = call.broker.sessions.find(call.connection.session_id);
  return found == call.broker.sessions.end() ? nullptr : &found->second;
}

}  // namespace ottla::kafka::fake
