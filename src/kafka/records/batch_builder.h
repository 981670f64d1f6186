#pragma once
// Builds a magic-2 batch record by record, in memory that is kept from batch to batch.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/batch.h"
#include "kafka/records/byte_buffer.h"
#include "kafka/records/compression.h"

namespace ottla::kafka::records {

struct BatchOptions {
  Codec codec = Codec::kNone;
  std::optional<int> level = std::nullopt;  // see Compressor
  // Bound on header and records before compression. The format's own bound is 2 GiB.
  std::size_t uncompressed_bytes_max = std::numeric_limits<std::int32_t>::max();
};

struct NewRecord {
  std::int64_t timestamp_ms = kNoTimestamp;
  std::optional<Bytes> key = std::nullopt;
  std::optional<Bytes> value = std::nullopt;
  Bytes headers_block = {};  // as append_headers_block() writes it; empty: none
};

// Serves one core. `compressor` must outlive the builder.
class BatchBuilder {
 public:
  explicit BatchBuilder(Compressor& compressor) : compressor_(compressor) {}

  // Forgets what was built.
  void start(const BatchOptions& options);

  // False, and nothing changed, if the record does not fit under uncompressed_bytes_max.
  [[nodiscard]] bool append(const NewRecord& record);
  // A record whose body (see record.h) is taken as it is.
  [[nodiscard]] bool append_body(std::int64_t timestamp_ms, std::int8_t attributes, Bytes body);

  [[nodiscard]] std::int32_t record_count() const noexcept { return count_; }
  // Header and records before compression.
  [[nodiscard]] std::size_t uncompressed_size() const noexcept { return records_.size(); }

  // The batch: base offset 0, CreateTime, no producer id, checksum set. It lives in the builder
  // until the next start(). kInvalidInput without records or for a compression level that the codec
  // does not know.
  [[nodiscard]] Result<MutableBatch> finish();

 private:
  // Writes all before the body and returns the place of the body; null if it does not fit.
  std::byte* begin_record(std::int64_t timestamp_ms, std::int8_t attributes, std::size_t body_size);

  Compressor& compressor_;
  BatchOptions options_;
  ByteBuffer records_;  // header, then records
  ByteBuffer packed_;   // header, then records compressed
  std::int64_t base_timestamp_ms_ = kNoTimestamp;
  std::int64_t max_timestamp_ms_ = kNoTimestamp;
  std::int32_t count_ = 0;
};

// What the header of a new batch says; the rest of its fields follow.
struct NewBatchHeader {
  Codec codec = Codec::kNone;
  std::int32_t record_count = 0;
  std::int64_t base_timestamp_ms = kNoTimestamp;
  std::int64_t max_timestamp_ms = kNoTimestamp;
};

// Writes the header of a gap-free CreateTime batch that fills `batch`, behind which the payload
// stands already, and sets its checksum.
MutableBatch write_batch_header(MutableBytes batch, const NewBatchHeader& header);

}  // namespace ottla::kafka::records
