#pragma once
// A record batch of Kafka as a view over its bytes.
//
// Magic 2 (Kafka's DefaultRecordBatch), all big endian:
//    0 base offset i64        8 batch length i32 (bytes after this field)
//   12 leader epoch i32      16 magic i8             17 crc u32 (CRC32C of all from byte 21)
//   21 attributes i16        23 last offset delta i32
//   27 base timestamp i64    35 max timestamp i64
//   43 producer id i64       51 producer epoch i16   53 base sequence i32
//   57 record count i32      61 records
// Magic 0 and 1: each message stands alone as a "batch" (Kafka's AbstractLegacyRecordBatch); a
// compressed message wraps a message set:
//    0 offset i64   8 size i32   12 crc u32 (CRC-32 of all from byte 16)   16 magic i8
//   17 attributes i8   [18 timestamp i64, magic 1 only]   key, value (i32 length, bytes)

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/records/big_endian.h"

namespace ottla::kafka::records {

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

[[nodiscard]] std::string_view to_string(Codec codec) noexcept;

enum class TimestampType : std::uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

inline constexpr std::size_t kLogOverhead = 12;  // base offset and batch length
inline constexpr std::size_t kBatchHeaderSize = 61;
inline constexpr std::int64_t kNoTimestamp = -1;
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr ProducerId kNoProducerId{-1};
inline constexpr ProducerEpoch kNoProducerEpoch{-1};
inline constexpr std::int32_t kNoSequence = -1;

// Offsets and timestamps of foreign bytes may be anything, so their sums wrap.
[[nodiscard]] constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
[[nodiscard]] constexpr std::int64_t wrapping_subtract(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

namespace field {
inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kBatchLength = 8;
inline constexpr std::size_t kLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kRecordCount = 57;
inline constexpr std::size_t kLegacyCrc = 12;
inline constexpr std::size_t kLegacyAttributes = 17;
inline constexpr std::size_t kLegacyTimestamp = 18;
}  // namespace field

namespace attribute {
inline constexpr std::uint16_t kCodecMask = 0x07;
inline constexpr std::uint16_t kLogAppendTime = 0x08;
inline constexpr std::uint16_t kTransactional = 0x10;
inline constexpr std::uint16_t kControl = 0x20;
inline constexpr std::uint16_t kDeleteHorizon = 0x40;
}  // namespace attribute

// One complete batch, or one message of magic 0/1. Made by next_batch(), which has checked the
// magic and that the fixed part is there; every other field may hold anything. The bytes belong to
// somebody else (the fetch response). What is said of the header holds for magic 2; the accessors
// that also work for magic 0/1 say so.
class BatchView {
 public:
  BatchView() = default;

  // All magics.
  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::int8_t magic() const noexcept { return load<std::int8_t>(field::kMagic); }
  [[nodiscard]] bool is_legacy() const noexcept { return magic() < 2; }
  // Magic 0/1: the offset of the (last, when compressed with magic 1) message.
  [[nodiscard]] Offset base_offset() const noexcept {
    return Offset(load<std::int64_t>(field::kBaseOffset));
  }
  [[nodiscard]] Offset last_offset() const noexcept {
    if (is_legacy()) return base_offset();
    return Offset(wrapping_add(base_offset().value(), last_offset_delta()));
  }
  [[nodiscard]] std::uint16_t attributes() const noexcept {
    return is_legacy() ? load<std::uint8_t>(field::kLegacyAttributes)
                       : load<std::uint16_t>(field::kAttributes);
  }
  // Fails for the codec numbers 5 to 7.
  [[nodiscard]] Result<Codec> codec() const;
  [[nodiscard]] bool is_compressed() const noexcept {
    return (attributes() & attribute::kCodecMask) != 0;
  }
  [[nodiscard]] TimestampType timestamp_type() const noexcept {
    return (attributes() & attribute::kLogAppendTime) != 0 ? TimestampType::kLogAppendTime
                                                           : TimestampType::kCreateTime;
  }
  [[nodiscard]] std::uint32_t crc() const noexcept {
    return load<std::uint32_t>(is_legacy() ? field::kLegacyCrc : field::kCrc);
  }
  // Reads the whole batch.
  [[nodiscard]] bool valid_crc() const noexcept;

  // Magic 2 only.
  [[nodiscard]] LeaderEpoch partition_leader_epoch() const noexcept {
    return LeaderEpoch(load<std::int32_t>(field::kLeaderEpoch));
  }
  [[nodiscard]] bool is_transactional() const noexcept { return has(attribute::kTransactional); }
  [[nodiscard]] bool is_control() const noexcept { return has(attribute::kControl); }
  [[nodiscard]] bool has_delete_horizon() const noexcept { return has(attribute::kDeleteHorizon); }
  [[nodiscard]] std::int32_t last_offset_delta() const noexcept {
    return load<std::int32_t>(field::kLastOffsetDelta);
  }
  // Milliseconds since 1970; the base of the records' deltas. With a delete horizon it is that.
  [[nodiscard]] std::int64_t base_timestamp_ms() const noexcept {
    return load<std::int64_t>(field::kBaseTimestamp);
  }
  [[nodiscard]] std::int64_t max_timestamp_ms() const noexcept {
    return load<std::int64_t>(field::kMaxTimestamp);
  }
  [[nodiscard]] ProducerId producer_id() const noexcept {
    return ProducerId(load<std::int64_t>(field::kProducerId));
  }
  [[nodiscard]] ProducerEpoch producer_epoch() const noexcept {
    return ProducerEpoch(load<std::int16_t>(field::kProducerEpoch));
  }
  [[nodiscard]] std::int32_t base_sequence() const noexcept {
    return load<std::int32_t>(field::kBaseSequence);
  }
  [[nodiscard]] std::int32_t record_count() const noexcept {
    return load<std::int32_t>(field::kRecordCount);
  }
  // The records as they are stored: compressed, if the batch is.
  [[nodiscard]] Bytes payload() const noexcept { return bytes_.subspan(kBatchHeaderSize); }
  // Compaction leaves fewer records than the range of offsets. Says what the header claims.
  [[nodiscard]] bool has_gaps() const noexcept {
    return std::int64_t{last_offset_delta()} + 1 != record_count();
  }

 private:
  friend Result<std::optional<BatchView>> next_batch(Bytes& records);
  friend class MutableBatch;
  explicit BatchView(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  [[nodiscard]] T load(std::size_t at) const noexcept {
    return load_big_endian<T>(bytes_.data() + at);
  }
  [[nodiscard]] bool has(std::uint16_t bit) const noexcept {
    return !is_legacy() && (attributes() & bit) != 0;
  }

  Bytes bytes_;
};

// Takes the next complete batch off the front of `records`, a records slice of a fetch response.
// Nothing at the end, and nothing when the rest is cut off, which is normal in Fetch (the rest then
// stays in `records`). kCorrupt for a length that no batch can have, kUnsupported for a magic above
// 2. The checksum is not looked at.
[[nodiscard]] Result<std::optional<BatchView>> next_batch(Bytes& records);

// A magic-2 batch whose header is changed in place. The setters leave the checksum alone; see
// update_crc() and rewrite_for_produce().
class MutableBatch {
 public:
  // `bytes` must hold a whole magic-2 batch: one that next_batch() gave out, or one that was built.
  explicit MutableBatch(MutableBytes bytes);

  [[nodiscard]] BatchView view() const noexcept { return BatchView(Bytes(bytes_)); }
  [[nodiscard]] MutableBytes bytes() const noexcept { return bytes_; }

  void set_base_offset(Offset v) noexcept { store(field::kBaseOffset, v.value()); }
  void set_partition_leader_epoch(LeaderEpoch v) noexcept { store(field::kLeaderEpoch, v.value()); }
  void set_crc(std::uint32_t v) noexcept { store(field::kCrc, v); }
  void set_attributes(std::uint16_t v) noexcept { store(field::kAttributes, v); }
  void set_last_offset_delta(std::int32_t v) noexcept { store(field::kLastOffsetDelta, v); }
  void set_base_timestamp_ms(std::int64_t v) noexcept { store(field::kBaseTimestamp, v); }
  void set_max_timestamp_ms(std::int64_t v) noexcept { store(field::kMaxTimestamp, v); }
  void set_producer_id(ProducerId v) noexcept { store(field::kProducerId, v.value()); }
  void set_producer_epoch(ProducerEpoch v) noexcept { store(field::kProducerEpoch, v.value()); }
  void set_base_sequence(std::int32_t v) noexcept { store(field::kBaseSequence, v); }
  void set_record_count(std::int32_t v) noexcept { store(field::kRecordCount, v); }
  // Computes the checksum over the whole batch.
  void update_crc() noexcept;

 private:
  template <class T>
  void store(std::size_t at, T value) noexcept {
    store_big_endian(bytes_.data() + at, value);
  }

  MutableBytes bytes_;
};

// Makes a fetched batch acceptable to Produce under our own producer id, without touching or
// reading its payload: base offset 0, leader epoch -1, transactional and delete-horizon bits
// cleared, producer fields set. The checksum is derived from the old one, so that a payload that
// was corrupt before stays detectable. May be repeated on the same batch.
void rewrite_for_produce(MutableBatch batch, ProducerId producer_id, ProducerEpoch epoch,
                         std::int32_t base_sequence) noexcept;

}  // namespace ottla::kafka::records
