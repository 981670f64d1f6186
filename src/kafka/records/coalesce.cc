#include "kafka/records/coalesce.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "kafka/records/batch_builder.h"
#include "kafka/records/record.h"
#include "kafka/records/varint.h"

namespace ottla::kafka::records {
namespace {

constexpr std::size_t kRecordSizeMin = 7;
// A record whose deltas were one byte each grows by this much at most.
constexpr std::size_t kRecordGrowthMax = kVarlongBytesMax + 2 * kVarintBytesMax - 3;

// Where the merged records stand so far.
struct Progress {
  std::byte* to = nullptr;
  std::int64_t base_timestamp_ms = kNoTimestamp;
  std::int64_t max_timestamp_ms = kNoTimestamp;
  std::int32_t record_count = 0;
};

enum class Appended { kYes, kFull, kBroken };

std::unexpected<Error> fail_batch(std::error_code code, BatchView batch, std::string_view what) {
  return fail(code, fmt::format("batch at offset {}: {}", batch.base_offset().value(), what));
}

bool is_mergeable(BatchView batch) {
  return !batch.is_legacy() && !batch.is_control() && !batch.has_gaps() &&
         batch.record_count() > 0 && batch.timestamp_type() == TimestampType::kCreateTime;
}

// A count that the bytes can't hold is found out later; memory is only taken for what they can.
std::size_t reframed_size_max(std::int32_t record_count, std::size_t payload_size) {
  const std::size_t records =
      std::min(static_cast<std::size_t>(record_count), payload_size / kRecordSizeMin + 1);
  return payload_size + records * kRecordGrowthMax;
}

// Re-frames the records of one batch behind those that are there. On failure `progress` is void.
Appended append_reframed(BatchView batch, Bytes records, const std::byte* end, Progress& progress) {
  const std::int64_t shift =
      wrapping_subtract(batch.base_timestamp_ms(), progress.base_timestamp_ms);
  RawRecord record;
  for (std::int32_t i = 0; i < batch.record_count(); ++i) {
    if (!take_raw_record(records, record) || record.offset_delta != i) return Appended::kBroken;
    const std::int64_t delta = wrapping_add(record.timestamp_delta, shift);
    const std::size_t length =
        1 + varlong_size(delta) + varlong_size(progress.record_count) + record.body.size();
    const std::size_t size = varlong_size(static_cast<std::int64_t>(length)) + length;
    if (size > static_cast<std::size_t>(end - progress.to)) return Appended::kFull;
    std::byte* to = write_varlong(progress.to, static_cast<std::int64_t>(length));
    *to++ = static_cast<std::byte>(record.attributes);
    to = write_varlong(write_varlong(to, delta), progress.record_count);
    std::memcpy(to, record.body.data(), record.body.size());
    progress.to = to + record.body.size();
    progress.max_timestamp_ms =
        std::max(progress.max_timestamp_ms, wrapping_add(progress.base_timestamp_ms, delta));
    ++progress.record_count;
  }
  return records.empty() ? Appended::kYes : Appended::kBroken;
}

// The front of `batches` that may go together by what their headers say.
std::span<const BatchView> mergeable_front(std::span<const BatchView> batches,
                                           const CoalesceOptions& options) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  std::int64_t records = 0;
  const unsigned codec = batches.front().attributes() & attribute::kCodecMask;
  for (const BatchView batch : batches) {
    if (!is_mergeable(batch) || (batch.attributes() & attribute::kCodecMask) != codec) break;
    bytes += batch.size() - (count == 0 ? 0 : kBatchHeaderSize);
    records += batch.record_count();
    if (count > 0 && (bytes > options.batch_bytes_max || records > options.records_max)) break;
    ++count;
  }
  return batches.first(count);
}

NewBatchHeader header_of(Codec codec, const Progress& progress) {
  return {.codec = codec,
          .record_count = progress.record_count,
          .base_timestamp_ms = progress.base_timestamp_ms,
          .max_timestamp_ms = progress.max_timestamp_ms};
}

Result<Coalesced> copy_alone(BatchView batch, BufferPool& pool) {
  if (!batch.valid_crc()) return fail_batch(BaseErrc::kCorrupt, batch, "wrong checksum");
  Coalesced out{pool.take(batch.size()), 1, batch.record_count()};
  std::memcpy(out.batch.bytes().data(), batch.bytes().data(), batch.size());
  rewrite_for_produce(MutableBatch(out.batch.bytes()), kNoProducerId, kNoProducerEpoch,
                      kNoSequence);
  return out;
}

}  // namespace

Result<Coalesced> Coalescer::coalesce(std::span<const BatchView> batches, BufferPool& pool,
                                      const CoalesceOptions& options) {
  OTTLA_ASSERT(!batches.empty());
  const auto front = mergeable_front(batches, options);
  if (front.empty()) {
    return fail_batch(BaseErrc::kInvalidInput, batches.front(),
                      "can't be merged (old magic, control, gaps, or LogAppendTime)");
  }
  if (front.front().size() > options.batch_bytes_max) {
    return fail_batch(BaseErrc::kLimitExceeded, front.front(),
                      fmt::format("{} bytes, more than the target takes ({})", front.front().size(),
                                  options.batch_bytes_max));
  }
  if (front.size() == 1) return copy_alone(front.front(), pool);
  return front.front().is_compressed() ? merge_compressed(front, pool, options)
                                       : merge_plain(front, pool, options);
}

Result<Coalesced> Coalescer::merge_plain(std::span<const BatchView> batches, BufferPool& pool,
                                         const CoalesceOptions& options) {
  std::size_t size_max = kBatchHeaderSize;
  for (const BatchView batch : batches) {
    size_max += reframed_size_max(batch.record_count(), batch.payload().size());
  }
  size_max = std::min(size_max, options.batch_bytes_max);
  Coalesced out{pool.take(size_max), 0, 0};
  std::byte* const begin = out.batch.bytes().data();
  const std::int64_t base_timestamp_ms = batches.front().base_timestamp_ms();
  Progress progress{begin + kBatchHeaderSize, base_timestamp_ms, kNoTimestamp, 0};
  for (const BatchView batch : batches) {
    if (!batch.valid_crc()) break;
    Progress next = progress;
    if (append_reframed(batch, batch.payload(), begin + size_max, next) != Appended::kYes) break;
    progress = next;
    ++out.batch_count;
  }
  if (out.batch_count < 2) return copy_alone(batches.front(), pool);
  out.record_count = progress.record_count;
  out.batch.shrink(static_cast<std::size_t>(progress.to - begin));
  write_batch_header(out.batch.bytes(), header_of(Codec::kNone, progress));
  return out;
}

Result<Coalesced> Coalescer::merge_compressed(std::span<const BatchView> batches, BufferPool& pool,
                                              const CoalesceOptions& options) {
  OTTLA_ASSIGN(const Codec codec, batches.front().codec());
  Progress progress{nullptr, batches.front().base_timestamp_ms(), kNoTimestamp, 0};
  std::size_t count = 0;
  plain_.clear();
  for (const BatchView batch : batches) {
    if (!batch.valid_crc()) break;
    const std::size_t left = options.decompressed_bytes_max - plain_.size();
    const auto records = decompressor_.decompress(codec, batch.payload(), left);
    if (!records) break;
    const std::size_t size = plain_.size();
    plain_.reserve(size + reframed_size_max(batch.record_count(), records->size()));
    Progress next = progress;
    next.to = plain_.end();
    const std::byte* const end = plain_.room().data() + plain_.capacity();
    if (append_reframed(batch, *records, end, next) != Appended::kYes) break;
    plain_.resize(size + static_cast<std::size_t>(next.to - plain_.end()));
    if (plain_.size() > options.decompressed_bytes_max) {
      plain_.resize(size);
      break;
    }
    progress = next;
    ++count;
  }
  if (count < 2) return copy_alone(batches.front(), pool);
  const Bytes plain = std::as_const(plain_).bytes();
  OTTLA_ASSIGN(const Bytes packed, compressor_.compress(codec, options.level, plain));
  // Together they are rarely larger than apart, but nothing forbids it: then fewer go together.
  if (kBatchHeaderSize + packed.size() > options.batch_bytes_max) {
    if (count == 2) return copy_alone(batches.front(), pool);
    return merge_compressed(batches.first((count + 1) / 2), pool, options);
  }
  Coalesced out{pool.take(kBatchHeaderSize + packed.size()), count, progress.record_count};
  std::memcpy(out.batch.bytes().data() + kBatchHeaderSize, packed.data(), packed.size());
  write_batch_header(out.batch.bytes(), header_of(codec, progress));
  return out;
}

}  // namespace ottla::kafka::records
