#include "kafka/records/batch.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>

#include "base/assert.h"
#include "kafka/records/crc32c.h"

namespace ottla::kafka::records {
namespace {

constexpr std::size_t kMagicEnd = field::kMagic + 1;
// The bytes after the length field that a batch of magic 0, 1, 2 has at least.
constexpr std::array<std::int32_t, 3> kLengthMin = {14, 22, 49};

}  // namespace

std::string_view to_string(Codec codec) noexcept {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kGzip:
      return "gzip";
    case Codec::kSnappy:
      return "snappy";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "unknown";
}

Result<Codec> BatchView::codec() const {
  const unsigned number = attributes() & attribute::kCodecMask;
  if (number > static_cast<unsigned>(Codec::kZstd)) {
    return fail(BaseErrc::kUnsupported, fmt::format("batch at offset {}: compression codec {}",
                                                    base_offset().value(), number));
  }
  return static_cast<Codec>(number);
}

bool BatchView::valid_crc() const noexcept {
  if (!is_legacy()) return crc32c(bytes_.subspan(field::kAttributes)) == crc();
  const Bytes covered = bytes_.subspan(field::kMagic);
  const auto computed =
      ::crc32_z(0, reinterpret_cast<const Bytef*>(covered.data()), covered.size());
  return static_cast<std::uint32_t>(computed) == crc();
}

Result<std::optional<BatchView>> next_batch(Bytes& records) {
  if (records.size() < kMagicEnd) return std::nullopt;
  const auto magic = load_big_endian<std::int8_t>(records.data() + field::kMagic);
  const auto length = load_big_endian<std::int32_t>(records.data() + field::kBatchLength);
  const auto offset = load_big_endian<std::int64_t>(records.data() + field::kBaseOffset);
  if (magic < 0 || magic > 2) {
    return fail(BaseErrc::kUnsupported,
                fmt::format("batch at offset {}: magic {} (known: 0, 1, 2)", offset, magic));
  }
  const std::int32_t length_min = kLengthMin[static_cast<std::size_t>(magic)];
  if (length < length_min) {
    return fail(BaseErrc::kCorrupt,
                fmt::format("batch at offset {}: length {}, but magic {} takes {} at least", offset,
                            length, magic, length_min));
  }
  const std::size_t size = kLogOverhead + static_cast<std::size_t>(length);
  if (size > records.size()) return std::nullopt;
  const BatchView batch(records.first(size));
  records = records.subspan(size);
  return batch;
}

MutableBatch::MutableBatch(MutableBytes bytes) : bytes_(bytes) {
  OTTLA_ASSERT(bytes.size() >= kBatchHeaderSize && view().magic() == 2);
}

void MutableBatch::update_crc() noexcept {
  set_crc(crc32c(Bytes(bytes_).subspan(field::kAttributes)));
}

void rewrite_for_produce(MutableBatch batch, ProducerId producer_id, ProducerEpoch epoch,
                         std::int32_t base_sequence) noexcept {
  constexpr std::size_t kCovered = kBatchHeaderSize - field::kAttributes;
  const BatchView view = batch.view();
  std::array<std::byte, kCovered> difference;
  std::memcpy(difference.data(), view.bytes().data() + field::kAttributes, kCovered);

  constexpr unsigned kCleared = attribute::kTransactional | attribute::kDeleteHorizon;
  batch.set_base_offset(Offset(0));
  batch.set_partition_leader_epoch(kNoLeaderEpoch);
  batch.set_attributes(static_cast<std::uint16_t>(view.attributes() & ~kCleared));
  batch.set_producer_id(producer_id);
  batch.set_producer_epoch(epoch);
  batch.set_base_sequence(base_sequence);

  const std::byte* changed = view.bytes().data() + field::kAttributes;
  for (std::size_t i = 0; i < kCovered; ++i) difference[i] ^= changed[i];
  batch.set_crc(crc32c_patch_head(view.crc(), difference, view.size() - kBatchHeaderSize));
}

}  // namespace ottla::kafka::records
