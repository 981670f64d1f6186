#pragma once
// InternalLog: appends keyed records to one of Ottla's own compacted topics and reads it from start
// to end. Used for the offset map and the loss ledger.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"
#include "kafka/client/writer.h"
#include "kafka/records/batch_builder.h"
#include "kafka/records/compression.h"

namespace ottla::flow {

// No value: a tombstone.
struct LogRecord {
  std::string key;
  std::optional<std::string> value{};
  std::int64_t timestamp_ms = -1;  // -1: now
};

class InternalLog {
 public:
  InternalLog(kafka::Cluster& cluster, kafka::Writer& writer, std::string topic);

  [[nodiscard]] const std::string& topic() const { return topic_; }

  // Appends all records, in order, to one partition; returns when they are durable. Repeats after a
  // failure that may pass, until the deadline; a record may then stand twice, which a compacted
  // topic does not mind.
  net::Task<Status> append(PartitionId partition, std::vector<LogRecord> records,
                           net::Deadline deadline);

  // Reads one partition up to its present end. `each` gets key and value (none: tombstone).
  using Visitor = std::function<void(std::string_view key, std::optional<std::string_view> value)>;
  net::Task<Status> read(PartitionId partition, Visitor each);
  // Partitions 0 to `count` - 1 side by side; each one's records come in order.
  net::Task<Status> read_all(std::int32_t count, Visitor each);

 private:
  static net::Task<void> read_into(InternalLog* self, PartitionId partition, Visitor each,
                                   Status* result);
  [[nodiscard]] Result<std::vector<BufferRef>> to_batches(const std::vector<LogRecord>& records);

  kafka::Cluster& cluster_;
  kafka::Writer& writer_;
  std::string topic_;
  kafka::records::Compressor compressor_;
  kafka::records::Decompressor decompressor_;
  kafka::records::BatchBuilder builder_;
};

// Creates the topic, compacted, unless it exists; waits until it can be written. With fewer brokers
// than `replication_factor` it gets one replica per broker.
net::Task<Status> ensure_internal_topic(kafka::Cluster& cluster, std::string topic,
                                        std::int32_t partitions, std::int16_t replication_factor,
                                        net::Deadline deadline);

}  // namespace ottla::flow
