#pragma once
// read_committed on the client's side: Fetch answers with all data up to the last stable offset and
// names the aborted transactions in it; leaving them out is the reader's part. The rules are those
// of Kafka's consumer (CompletedFetch).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "kafka/records/batch.h"

namespace ottla::kafka::records {

struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;
};

enum class ControlType : std::uint8_t { kAbort, kCommit, kOther };

// What a control batch says; nothing for other batches and for ones without records (compaction).
[[nodiscard]] std::optional<ControlType> control_type(BatchView batch) noexcept;

enum class Visibility : std::uint8_t { kData, kAborted, kControl };

// One per partition and fetch response: reset() with the response's list, then see every batch of
// the response in order. Keeps its memory between responses.
class AbortedFilter {
 public:
  // In any order; Fetch gives them by first offset.
  void reset(std::span<const AbortedTransaction> aborted);

  // Says whether a read_committed reader sees the batch. An ABORT marker ends the transaction of
  // its producer. Batches of magic 0/1 are always data.
  [[nodiscard]] Visibility see(BatchView batch);

 private:
  std::vector<AbortedTransaction> pending_;  // by first offset, the earliest last
  std::vector<ProducerId> open_;             // producers whose transaction is an aborted one
};

}  // namespace ottla::kafka::records
