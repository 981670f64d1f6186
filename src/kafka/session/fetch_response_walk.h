#pragma once
// A forward walk over a Fetch response, versions 4 to 18: each partition's fields and its records
// as a slice of the response, without building the generated structures. Agrees with the generated
// decoder (tested as a property). Any bytes are safe input: on nonsense next() returns an error.

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/protocol/errors.h"
#include "kafka/records/aborted.h"
#include "kafka/wire/reader.h"

namespace ottla::kafka::session {

struct FetchedPartition {
  std::string_view topic;  // empty from version 13 on
  TopicId topic_id;        // zero before version 13
  PartitionId partition;
  ErrorCode error = ErrorCode::kNone;
  Offset high_watermark{-1};
  Offset last_stable_offset{-1};
  Offset log_start_offset{-1};
  // Set when the log was truncated below what was read: the read epoch ends there (KIP-595).
  std::optional<std::pair<LeaderEpoch, Offset>> diverging;
  std::vector<records::AbortedTransaction> aborted;
  MutableBytes records;
};

class FetchResponseWalk {
 public:
  // Reads what stands before the partitions.
  FetchResponseWalk(MutableBytes body, std::int16_t version);

  [[nodiscard]] bool ok() const { return reader_.ok(); }
  [[nodiscard]] ErrorCode error() const { return error_; }
  [[nodiscard]] std::int32_t session_id() const { return session_id_; }
  [[nodiscard]] std::int32_t throttle_time_ms() const { return throttle_time_ms_; }

  // Fills `partition` with the next one; false at the end. kCorrupt on broken bytes. The object is
  // reused: its vector keeps its memory.
  Result<bool> next(FetchedPartition& partition);

 private:
  bool next_topic();
  void read_tags(FetchedPartition& partition);

  MutableBytes body_;
  std::int16_t version_;
  bool flexible_;
  wire::Reader reader_;
  ErrorCode error_ = ErrorCode::kNone;
  std::int32_t session_id_ = 0;
  std::int32_t throttle_time_ms_ = 0;
  std::size_t topics_left_ = 0;
  std::size_t partitions_left_ = 0;
  bool in_topic_ = false;
  bool at_end_ = false;
  std::string_view topic_;
  TopicId topic_id_;
};

}  // namespace ottla::kafka::session
