#pragma once
// Which way a batch takes, and the way of those that can't pass as they are: read record by record
// and written anew as gap-free magic-2 CreateTime batches.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/batch.h"
#include "kafka/records/batch_builder.h"
#include "kafka/records/compression.h"
#include "kafka/records/record_reader.h"

namespace ottla::kafka::records {

struct TargetLimits {
  // The target topic's max.message.bytes: of a batch with its header, as sent.
  std::size_t batch_bytes_max = 1024 * 1024;
};

enum class PathKind : std::uint8_t { kPassThrough, kReencode, kDrop };

enum class PathReason : std::uint8_t {
  kNone,
  kControl,        // drop: markers of transactions at the source
  kEmpty,          // drop: compaction left the header only
  kOldMagic,       // re-encode: Produce takes magic 2 only
  kLogAppendTime,  // re-encode: the append times would be lost, or refused with 32
  kGaps,           // re-encode: brokers refuse lastOffsetDelta + 1 != count with 87
  kTooLarge,       // re-encode: split
  kBehind,         // drop: all of it is below the position to read from
  kPartlyBehind,   // re-encode: some of it is; Fetch gives the whole batch around a position
};

struct Path {
  PathKind kind = PathKind::kPassThrough;
  PathReason reason = PathReason::kNone;
  bool operator==(const Path&) const = default;
};

[[nodiscard]] std::string_view to_string(PathReason reason) noexcept;

// By the header alone. `from` is the position that is read from.
[[nodiscard]] Path classify(BatchView batch, const TargetLimits& limits,
                            Offset from = Offset(0)) noexcept;

// Whether a record is kept. It may also replace the record's key, value, headers_block or timestamp
// by views that live until the call returns to the caller's next one; it then clears `body`. Must
// answer the same for the same record: a batch may be gone through more than once.
using RecordFilter = std::function<bool(RecordView&)>;

enum class Oversized : std::uint8_t {
  kFail,  // kLimitExceeded, names the offset
  kDrop,  // left out and listed
};

struct ReencodeOptions {
  std::size_t batch_bytes_max = 1024 * 1024;  // of each batch written, as sent
  std::int32_t records_max = 100'000;         // per batch written
  std::size_t decompressed_bytes_max = std::size_t{64} << 20U;
  std::optional<int> level = std::nullopt;    // of the compression; see Compressor
  std::optional<Codec> codec = std::nullopt;  // otherwise that of the batch read
  // Records to leave out at the front: below this offset, and so many by count (of those read).
  Offset from = Offset(0);
  std::int32_t skip_records = 0;
  Oversized oversized = Oversized::kFail;
};

// Source records with consecutive offsets: first, first + 1, … first + count - 1.
struct OffsetRun {
  Offset first;
  std::int32_t count = 0;
  bool operator==(const OffsetRun&) const = default;
};

struct ReencodedBatch {
  // Base offset 0, no producer id, valid checksum.
  BufferRef bytes;
  std::int32_t record_count = 0;
  Offset first_offset;  // of its first and last record at the source
  Offset last_offset;
};

// Kept between calls, so that its vectors are reused.
struct Reencoded {
  std::vector<ReencodedBatch> batches;  // none if no record is kept
  std::vector<OffsetRun> runs;          // of all kept records, across batches
  std::vector<Offset> oversized;        // records left out by Oversized::kDrop

  void clear() {
    batches.clear();
    runs.clear();
    oversized.clear();
  }
};

// Serves one core. The references must outlive it.
class Reencoder {
 public:
  Reencoder(Compressor& compressor, Decompressor& decompressor)
      : decompressor_(decompressor), builder_(compressor) {}

  // Reads `batch` (any magic) and replaces the contents of `out`. Keys, values, headers and
  // timestamps are preserved; with LogAppendTime every record gets the batch's. A null `filter`
  // keeps all. kCorrupt also for a wrong checksum. A lone message of magic 0/1 gives a batch of
  // one record; coalesce() merges those.
  [[nodiscard]] Status reencode(BatchView batch, const RecordFilter& filter, BufferPool& pool,
                                const ReencodeOptions& options, Reencoded& out);

 private:
  struct Attempt;
  // False: a batch came out too large, and a lower bound before compression is worth a try.
  [[nodiscard]] Result<bool> attempt(const Attempt& attempt);
  [[nodiscard]] Result<bool> add(const Attempt& attempt, const RecordView& record);
  [[nodiscard]] Result<bool> flush(const Attempt& attempt);
  void start(const Attempt& attempt, std::size_t uncompressed_bytes_max);

  Decompressor& decompressor_;
  BatchBuilder builder_;
  // Source offsets of the records in the builder.
  std::vector<Offset> offsets_;
};

}  // namespace ottla::kafka::records
