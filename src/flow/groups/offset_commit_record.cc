#include "flow/groups/offset_commit_record.h"

#include "kafka/wire/reader.h"

namespace ottla::flow {

namespace {
constexpr std::int16_t kLastOffsetKeyType = 1;
constexpr std::int16_t kFirstFlexibleValue = 4;
}  // namespace

Result<std::optional<GroupPartition>> decode_offset_commit_key(Bytes key) {
  kafka::wire::Reader reader(key);
  const std::int16_t type = reader.int16();
  if (!reader.ok() || type < 0 || type > kLastOffsetKeyType) return std::nullopt;
  GroupPartition place;
  place.group = reader.string();
  place.partition.topic = reader.string();
  place.partition.partition = PartitionId(reader.int32());
  if (!reader.ok()) return fail(BaseErrc::kCorrupt, "key of an offset commit");
  return place;
}

// v0: offset, metadata, timestamp · v1: and expiry · v3: leader epoch after the offset, no expiry ·
// v4: flexible. Newer versions may only add tagged fields.
Result<CommittedOffset> decode_offset_commit_value(Bytes value) {
  kafka::wire::Reader reader(value);
  const std::int16_t version = reader.int16();
  const bool flexible = version >= kFirstFlexibleValue;
  CommittedOffset commit;
  commit.offset = Offset(reader.int64());
  if (version >= 3) reader.int32();
  commit.metadata = reader.string(flexible);
  commit.committed_at_ms = reader.int64();
  if (!reader.ok() || version < 0) {
    return fail(BaseErrc::kCorrupt, fmt::format("value of an offset commit, version {}", version));
  }
  return commit;
}

}  // namespace ottla::flow
