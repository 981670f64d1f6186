#pragma once
// Record batches for tests: made from plain values in every form that a log may hold (any codec,
// gaps, transactions, markers, LogAppendTime, magic 0 and 1), and read back into plain values.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/records/batch.h"

namespace ottla::kafka::fake {

using ByteVector = std::vector<std::byte>;

struct Record {
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> value = std::nullopt;
  std::int64_t timestamp_ms = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  // In the batch. Left out: one after the record before it. Larger steps are what compaction
  // leaves.
  std::optional<std::int32_t> offset_delta = std::nullopt;
};

struct BatchSpec {
  std::vector<Record> records = {};
  records::Codec codec = records::Codec::kNone;
  std::int8_t magic = 2;
  ProducerId producer_id{-1};
  ProducerEpoch producer_epoch{-1};
  std::int32_t base_sequence = -1;
  bool transactional = false;
  bool log_append_time = false;
  // Of the batch's original end; left out: that of the last record. Larger when compaction removed
  // the last records.
  std::optional<std::int32_t> last_offset_delta = std::nullopt;
};

// Base offset 0, leader epoch -1, checksum set. Magic 0 and 1: plain messages, codec kNone only.
ByteVector make_batch(const BatchSpec& spec);
// `count` records "<prefix><n>" with n from `first` on.
ByteVector make_simple_batch(std::string_view prefix, std::int64_t first, std::int32_t count,
                             std::size_t value_bytes = 0);
ByteVector make_marker(ProducerId producer_id, ProducerEpoch epoch, bool commit,
                       std::int64_t timestamp_ms);

// A record as it stands in a log.
struct StoredRecord {
  Offset offset;
  std::int64_t timestamp_ms = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool control = false;
  bool transactional = false;
  ProducerId producer_id{-1};
  bool operator==(const StoredRecord&) const = default;
};

// All records of whole batches; a cut-off batch at the end is left out.
Result<std::vector<StoredRecord>> read_records(Bytes batches);

}  // namespace ottla::kafka::fake
