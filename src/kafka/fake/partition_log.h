#pragma once
// PartitionLog: the log of one partition as a broker keeps it: batches as bytes, leader epochs, the
// state of producers, transactions. A plain value without I/O or clock.
//
// The rules are those of Kafka's UnifiedLog, ProducerStateManager and ProducerAppendInfo, as far as
// a client can see them. Producer state is lost on expiry (by the records' own timestamps), and
// rebuilt from what is left after a truncation.

#include <deque>
#include <functional>
#include <map>

#include "kafka/fake/batches.h"
#include "kafka/protocol/errors.h"

namespace ottla::kafka::fake {

// The part of a topic's configuration that the log looks at.
struct LogRules {
  std::size_t message_bytes_max = 1048588;
  bool compacted = false;
  bool log_append_time = false;
};

struct Appended {
  ErrorCode error = ErrorCode::kNone;
  Offset base_offset{-1};
  std::int64_t log_append_time_ms = -1;
  std::string message;
  bool duplicate = false;  // the original's offset is told, nothing was appended
};

struct ProducerState {
  struct Cached {
    std::int32_t first_sequence;
    std::int32_t last_sequence;
    Offset base_offset;
  };
  ProducerEpoch epoch{-1};
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp_ms = -1;
  std::int32_t coordinator_epoch = -1;
  std::optional<Offset> open_transaction;  // its first offset
  std::deque<Cached> cached;               // the last five batches
};

struct AbortedRange {
  ProducerId producer_id;
  Offset first_offset;
  Offset last_offset;  // of the marker
};

class PartitionLog {
 public:
  // What a Produce request brings for the partition.
  Appended produce(Bytes record_set, const LogRules& rules, bool with_transactional_id,
                   LeaderEpoch epoch, std::int64_t now_ms);
  // Test side: appends a batch as it is; only base offset and leader epoch are set. `at`: leaves a
  // hole below, as compaction does. Producer state and transactions follow from its header.
  Offset append(ByteVector batch, LeaderEpoch epoch, std::optional<Offset> at = std::nullopt);
  Appended append_marker(ProducerId producer_id, ProducerEpoch producer_epoch, bool commit,
                         LeaderEpoch epoch, std::int64_t now_ms);

  [[nodiscard]] Offset start() const { return start_; }
  [[nodiscard]] Offset end() const { return end_; }
  // Below it every transaction is decided.
  [[nodiscard]] Offset last_stable_offset() const;

  // Whole batches from the one that holds `from`, below `upto`. As brokers do, the last one may be
  // cut off at `bytes_max`; the first is whole with `at_least_one`, and else left out when it is
  // larger.
  [[nodiscard]] ByteVector read(Offset from, Offset upto, std::size_t bytes_max,
                                bool at_least_one) const;
  [[nodiscard]] std::vector<AbortedRange> aborted_between(Offset from, Offset upto) const;
  // First record at or after the time: offset and timestamp; -1 when there is none.
  [[nodiscard]] std::pair<Offset, std::int64_t> find_time(std::int64_t timestamp_ms) const;
  [[nodiscard]] std::pair<Offset, std::int64_t> find_max_timestamp() const;

  // The largest epoch of the log at or below `epoch`, and where it ends; (-1, -1) if there is none.
  [[nodiscard]] std::pair<LeaderEpoch, Offset> end_of_epoch(LeaderEpoch epoch,
                                                            LeaderEpoch current) const;

  [[nodiscard]] const std::map<ProducerId, ProducerState>& producers() const { return producers_; }
  void forget_producers() { producers_.clear(); }
  // What the broker's periodic check does with producer.id.expiration.ms.
  void expire_producers(std::int64_t older_than_ms);

  // Unclean election: everything from `end` on is gone.
  void truncate(Offset end);
  // Retention, DeleteRecords: batches that lie wholly below are gone.
  void delete_before(Offset start);
  // Compaction of everything below `upto`: records for which `keep` is false are removed, their
  // offsets stay. Batches without a record left disappear.
  void compact(Offset upto, const std::function<bool(const StoredRecord&)>& keep);

  [[nodiscard]] ByteVector all_bytes() const;

 private:
  struct Stored {
    ByteVector bytes;
    Offset base;
    Offset last;
    LeaderEpoch epoch;
  };

  [[nodiscard]] ErrorCode check_producer(const records::BatchView& batch,
                                         std::optional<Offset>& duplicate) const;
  void store(ByteVector batch, Offset base, LeaderEpoch epoch);
  void note_producer(const records::BatchView& batch);
  void note_marker(const records::BatchView& batch);

  std::deque<Stored> batches_;
  Offset start_{0};
  Offset end_{0};
  std::vector<std::pair<LeaderEpoch, Offset>> epochs_;  // and their first offsets
  std::map<ProducerId, ProducerState> producers_;
  std::vector<AbortedRange> aborted_;
};

}  // namespace ottla::kafka::fake
