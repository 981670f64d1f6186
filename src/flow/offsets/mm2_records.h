#pragma once
// MirrorMaker 2's own records, byte for byte: offset syncs, checkpoints, heartbeats, and the
// entries of the Connect offsets topic. Formats: docs/formats/mm2.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace ottla::flow {

// A record as MM2 writes it. Offset syncs, checkpoints and heartbeats go to partition 0; Connect
// offsets to partition_of_key(key, partitions) (murmur2.h).
struct Mm2Record {
  std::string key;
  std::string value;
  bool operator==(const Mm2Record&) const = default;
};

// The record at `upstream` was acknowledged at `downstream`.
struct OffsetSync {
  std::string topic;  // name upstream
  PartitionId partition;
  Offset upstream;
  Offset downstream;
  bool operator==(const OffsetSync&) const = default;
};

// A group committed `upstream`; the same place on the target is `downstream`.
struct Checkpoint {
  std::string group;
  std::string topic;  // name on the target
  PartitionId partition;
  Offset upstream;
  Offset downstream;
  std::string metadata;
  bool operator==(const Checkpoint&) const = default;
};

struct Heartbeat {
  std::string source_alias;
  std::string target_alias;
  std::int64_t timestamp_ms = 0;
  bool operator==(const Heartbeat&) const = default;
};

// Strings are at most 32,767 bytes long; longer ones are an error.
Result<Mm2Record> encode(const OffsetSync& sync);
Result<Mm2Record> encode(const Checkpoint& checkpoint);
Result<Mm2Record> encode(const Heartbeat& heartbeat);

// Bytes behind the last field of a value are ignored, as Java does.
Result<OffsetSync> decode_offset_sync(std::string_view key, std::string_view value);
Result<Checkpoint> decode_checkpoint(std::string_view key, std::string_view value);
Result<Heartbeat> decode_heartbeat(std::string_view key, std::string_view value);

// Keys of `mm2-offsets.<alias>.internal`. Connect looks them up by their exact bytes, so the
// order of the members is part of the format.
std::string connect_source_key(std::string_view source_alias, std::string_view topic,
                               PartitionId partition,
                               std::string_view connector = "MirrorSourceConnector");
std::string connect_checkpoint_key(std::string_view group, std::string_view target_topic,
                                   PartitionId partition,
                                   std::string_view connector = "MirrorCheckpointConnector");
std::string connect_heartbeat_key(std::string_view source_alias, std::string_view target_alias,
                                  std::string_view connector = "MirrorHeartbeatConnector");
// Value: the offset of the last replicated record (the position less one).
std::string connect_offset_value(Offset last_replicated);

struct ConnectSourceKey {
  std::string connector;
  std::string source_alias;
  std::string topic;
  PartitionId partition;
  bool operator==(const ConnectSourceKey&) const = default;
};
// Any order of members; fails for the keys of the other connectors.
Result<ConnectSourceKey> decode_connect_source_key(std::string_view key);
Result<Offset> decode_connect_offset_value(std::string_view value);

}  // namespace ottla::flow
