#include "kafka/session/fetch_response_walk.h"

namespace ottla::kafka::session {

namespace {
constexpr std::int16_t kFirstFlexible = 12;
constexpr std::int16_t kFirstWithTopicId = 13;
constexpr std::uint32_t kTagDivergingEpoch = 0;
}  // namespace

FetchResponseWalk::FetchResponseWalk(MutableBytes body, std::int16_t version)
    : body_(body), version_(version), flexible_(version >= kFirstFlexible), reader_(body) {
  throttle_time_ms_ = reader_.int32();
  if (version_ >= 7) {
    error_ = static_cast<ErrorCode>(reader_.int16());
    session_id_ = reader_.int32();
  }
  topics_left_ = reader_.array_length(flexible_);
}

bool FetchResponseWalk::next_topic() {
  if (in_topic_ && flexible_) reader_.unknown_tags();
  in_topic_ = false;
  if (topics_left_ == 0) {
    if (flexible_ && !at_end_) reader_.unknown_tags();
    at_end_ = true;
    return false;
  }
  --topics_left_;
  in_topic_ = true;
  if (version_ >= kFirstWithTopicId) {
    topic_id_ = reader_.uuid();
  } else {
    topic_ = reader_.string_view(flexible_);
  }
  partitions_left_ = reader_.array_length(flexible_);
  return true;
}

Result<bool> FetchResponseWalk::next(FetchedPartition& partition) {
  while (reader_.ok() && partitions_left_ == 0) {
    if (!next_topic()) break;
  }
  if (!reader_.ok()) return fail(BaseErrc::kCorrupt, "Fetch response");
  if (partitions_left_ == 0) return false;
  --partitions_left_;
  partition.topic = topic_;
  partition.topic_id = topic_id_;
  partition.partition = PartitionId(reader_.int32());
  partition.error = static_cast<ErrorCode>(reader_.int16());
  partition.high_watermark = Offset(reader_.int64());
  partition.last_stable_offset = Offset(reader_.int64());
  partition.log_start_offset = version_ >= 5 ? Offset(reader_.int64()) : Offset(-1);
  partition.diverging.reset();
  partition.aborted.clear();
  const std::size_t aborted = reader_.nullable_array_length(flexible_).value_or(0);
  for (std::size_t i = 0; i < aborted && reader_.ok(); ++i) {
    const ProducerId producer(reader_.int64());
    partition.aborted.push_back({producer, Offset(reader_.int64())});
    if (flexible_) reader_.unknown_tags();
  }
  if (version_ >= 11) reader_.int32();  // preferred read replica
  const Bytes records = reader_.nullable_bytes(flexible_).value_or(Bytes{});
  partition.records =
      records.empty()
          ? MutableBytes{}
          : body_.subspan(static_cast<std::size_t>(records.data() - body_.data()), records.size());
  if (flexible_) read_tags(partition);
  if (!reader_.ok()) return fail(BaseErrc::kCorrupt, "Fetch response");
  return true;
}

void FetchResponseWalk::read_tags(FetchedPartition& partition) {
  for (std::uint32_t left = reader_.tag_count(); left > 0 && reader_.ok(); --left) {
    const wire::Reader::Tag tag = reader_.tag();
    if (tag.number != kTagDivergingEpoch) continue;
    wire::Reader value(tag.value);
    const LeaderEpoch epoch(value.int32());
    const Offset end(value.int64());
    if (value.ok() && end.value() >= 0) partition.diverging = std::pair{epoch, end};
  }
}

}  // namespace ottla::kafka::session
