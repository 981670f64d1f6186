#pragma once
// The records of `__consumer_offsets` that hold positions (key types 0 and 1: OffsetCommitKey,
// OffsetCommitValue versions 0 to 4). Everything else in that topic is skipped.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace ottla::flow {

struct GroupPartition {
  std::string group;
  TopicPartition partition;
  auto operator<=>(const GroupPartition&) const = default;
};

struct CommittedOffset {
  Offset offset;
  std::string metadata;
  std::int64_t committed_at_ms = -1;
  bool operator==(const CommittedOffset&) const = default;
};

// Nothing: a record of another kind. kCorrupt: a position that can't be read.
Result<std::optional<GroupPartition>> decode_offset_commit_key(Bytes key);
Result<CommittedOffset> decode_offset_commit_value(Bytes value);

}  // namespace ottla::flow
