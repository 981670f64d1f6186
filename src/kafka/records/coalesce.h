#pragma once
// Merges consecutive batches into one, because a produce request takes one batch per partition and
// brokers spend several times the CPU per byte on small ones.
//
// Records are re-framed: their length, timestamp delta and offset delta are written anew, and what
// follows (key, value, headers) is copied as one block. Compressed batches are decompressed,
// re-framed and compressed with the codec they had.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/batch.h"
#include "kafka/records/byte_buffer.h"
#include "kafka/records/compression.h"

namespace ottla::kafka::records {

struct CoalesceOptions {
  // Bound on the merged batch as it is sent (the target's max.message.bytes, max.request.size).
  std::size_t batch_bytes_max = 1024 * 1024;
  // Brokers keep an object per record of a batch.
  std::int32_t records_max = 100'000;
  // Bound on what compressed batches, all together, decompress to.
  std::size_t decompressed_bytes_max = std::size_t{64} << 20U;
  std::optional<int> level = std::nullopt;  // of the compression; see Compressor
};

struct Coalesced {
  // A magic-2 CreateTime batch: base offset 0, no producer id, valid checksum.
  BufferRef batch;
  // How many of the given batches it holds, from the front; at least 1.
  std::size_t batch_count = 0;
  std::int32_t record_count = 0;
};

// Serves one core; keeps scratch memory between calls. Both references must outlive it.
class Coalescer {
 public:
  Coalescer(Compressor& compressor, Decompressor& decompressor)
      : compressor_(compressor), decompressor_(decompressor) {}

  // `batches` are such as classify() passes through (magic 2, CreateTime, no gaps, no control
  // records), in order. Takes as many from the front as fit, have the same codec, and are sound;
  // one alone is copied as it is. The checksum of each is verified. Fails only if the first can't
  // be taken: kCorrupt, kInvalidInput if it is none of the above, kLimitExceeded.
  [[nodiscard]] Result<Coalesced> coalesce(std::span<const BatchView> batches, BufferPool& pool,
                                           const CoalesceOptions& options);

 private:
  [[nodiscard]] Result<Coalesced> merge_plain(std::span<const BatchView> batches, BufferPool& pool,
                                              const CoalesceOptions& options);
  [[nodiscard]] Result<Coalesced> merge_compressed(std::span<const BatchView> batches,
                                                   BufferPool& pool,
                                                   const CoalesceOptions& options);

  Compressor& compressor_;
  Decompressor& decompressor_;
  ByteBuffer plain_;
};

}  // namespace ottla::kafka::records
