#include "kafka/records/reencode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace ottla::kafka::records {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::int32_t>::max();

void add_to_runs(std::vector<OffsetRun>& runs, Offset offset) {
  if (!runs.empty()) {
    OffsetRun& last = runs.back();
    const Offset next(wrapping_add(last.first.value(), last.count));
    if (next == offset && last.count < std::numeric_limits<std::int32_t>::max()) {
      ++last.count;
      return;
    }
  }
  runs.push_back({offset, 1});
}

// How much goes into a batch before compression, if the whole compresses evenly.
std::size_t first_guess(std::size_t plain, std::size_t packed, std::size_t packed_max) {
  if (packed <= packed_max) return kUnlimited;
  const double ratio = static_cast<double>(plain) / static_cast<double>(packed);
  const double guess = 0.9 * ratio * static_cast<double>(packed_max);
  return static_cast<std::size_t>(std::clamp(guess, 1.0, static_cast<double>(kUnlimited)));
}

}  // namespace

std::string_view to_string(PathReason reason) noexcept {
  switch (reason) {
    case PathReason::kNone:
      return "none";
    case PathReason::kControl:
      return "control batch";
    case PathReason::kEmpty:
      return "empty batch";
    case PathReason::kOldMagic:
      return "old message format";
    case PathReason::kLogAppendTime:
      return "LogAppendTime";
    case PathReason::kGaps:
      return "gaps from compaction";
    case PathReason::kTooLarge:
      return "larger than the target takes";
    case PathReason::kBehind:
      return "before the position";
    case PathReason::kPartlyBehind:
      return "partly before the position";
  }
  return "unknown";
}

Path classify(BatchView batch, const TargetLimits& limits, Offset from) noexcept {
  if (batch.last_offset() < from) return {PathKind::kDrop, PathReason::kBehind};
  if (batch.is_legacy()) return {PathKind::kReencode, PathReason::kOldMagic};
  if (batch.is_control()) return {PathKind::kDrop, PathReason::kControl};
  if (batch.record_count() == 0) return {PathKind::kDrop, PathReason::kEmpty};
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    return {PathKind::kReencode, PathReason::kLogAppendTime};
  }
  if (batch.has_gaps()) return {PathKind::kReencode, PathReason::kGaps};
  if (batch.base_offset() < from) return {PathKind::kReencode, PathReason::kPartlyBehind};
  if (batch.size() > limits.batch_bytes_max) return {PathKind::kReencode, PathReason::kTooLarge};
  return {};
}

struct Reencoder::Attempt {
  BatchView batch;
  const RecordFilter& filter;
  BufferPool& pool;
  const ReencodeOptions& options;
  Codec codec;
  std::size_t uncompressed_bytes_max;  // 0: not known yet
  RecordReader& reader;
  Reencoded& out;
};

Status Reencoder::reencode(BatchView batch, const RecordFilter& filter, BufferPool& pool,
                           const ReencodeOptions& options, Reencoded& out) {
  if (!batch.valid_crc()) {
    return fail(BaseErrc::kCorrupt,
                fmt::format("batch at offset {}: wrong checksum", batch.base_offset().value()));
  }
  OTTLA_ASSIGN(const Codec read_codec, batch.codec());
  const Codec codec = options.codec.value_or(read_codec);
  RecordReader reader(decompressor_, options.decompressed_bytes_max);
  std::size_t bytes_max = codec == Codec::kNone ? options.batch_bytes_max : 0;
  while (true) {
    OTTLA_TRY(reader.open(batch));
    const std::size_t plain = std::max<std::size_t>(reader.decompressed_size(), 1);
    if (bytes_max == 0) bytes_max = first_guess(plain, batch.size(), options.batch_bytes_max);
    out.clear();
    OTTLA_ASSIGN(const bool done,
                 attempt({batch, filter, pool, options, codec, bytes_max, reader, out}));
    if (done) return {};
    bytes_max = std::max<std::size_t>(std::min(bytes_max, plain) / 2, 1);
  }
}

void Reencoder::start(const Attempt& attempt, std::size_t uncompressed_bytes_max) {
  offsets_.clear();
  builder_.start({.codec = attempt.codec,
                  .level = attempt.options.level,
                  .uncompressed_bytes_max = uncompressed_bytes_max});
}

Result<bool> Reencoder::attempt(const Attempt& attempt) {
  start(attempt, attempt.uncompressed_bytes_max);
  RecordView record;
  for (std::int32_t index = 0;; ++index) {
    OTTLA_ASSIGN(const bool more, attempt.reader.next(record));
    if (!more) break;
    if (index < attempt.options.skip_records || record.offset < attempt.options.from) continue;
    const Offset offset = record.offset;
    if (attempt.filter && !attempt.filter(record)) continue;
    record.offset = offset;
    OTTLA_ASSIGN(const bool fits, add(attempt, record));
    if (!fits) return false;
  }
  return flush(attempt);
}

Result<bool> Reencoder::add(const Attempt& attempt, const RecordView& record) {
  const auto append = [this, &record] {
    if (!record.body.empty()) {
      return builder_.append_body(record.timestamp_ms, record.attributes, record.body);
    }
    return builder_.append({record.timestamp_ms, record.key, record.value, record.headers_block});
  };
  if (builder_.record_count() < attempt.options.records_max && append()) {
    offsets_.push_back(record.offset);
    return true;
  }
  OTTLA_ASSIGN(const bool fits, flush(attempt));
  if (!fits) return false;
  if (append()) {
    offsets_.push_back(record.offset);
    return true;
  }
  // Larger than the bound for many: alone, and let its size as sent decide.
  start(attempt, kUnlimited);
  if (!append()) {
    return fail(BaseErrc::kLimitExceeded,
                fmt::format("record at offset {}: more than 2 GiB", record.offset.value()));
  }
  offsets_.push_back(record.offset);
  return flush(attempt);
}

Result<bool> Reencoder::flush(const Attempt& attempt) {
  if (offsets_.empty()) return true;
  OTTLA_ASSIGN(const MutableBatch built, builder_.finish());
  const std::size_t size = built.bytes().size();
  const std::size_t size_max = attempt.options.batch_bytes_max;
  if (size > size_max) {
    if (offsets_.size() > 1) return false;
    if (attempt.options.oversized == Oversized::kFail) {
      return fail(BaseErrc::kLimitExceeded,
                  fmt::format("record at offset {}: {} bytes as a batch of its own, but the target "
                              "takes {} (max.message.bytes)",
                              offsets_.front().value(), size, size_max));
    }
    attempt.out.oversized.push_back(offsets_.front());
  } else {
    BufferRef copy = attempt.pool.take(size);
    std::memcpy(copy.bytes().data(), built.bytes().data(), size);
    attempt.out.batches.push_back({std::move(copy), static_cast<std::int32_t>(offsets_.size()),
                                   offsets_.front(), offsets_.back()});
    for (const Offset offset : offsets_) add_to_runs(attempt.out.runs, offset);
  }
  start(attempt, attempt.uncompressed_bytes_max);
  return true;
}

}  // namespace ottla::kafka::records
