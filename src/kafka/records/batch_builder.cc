#include "kafka/records/batch_builder.h"

#include <algorithm>

#include "base/assert.h"
#include "kafka/records/varint.h"

namespace ottla::kafka::records {
namespace {

constexpr std::byte kNoHeaders{0};

std::size_t field_size(const std::optional<Bytes>& field) {
  if (!field) return 1;
  return varlong_size(static_cast<std::int64_t>(field->size())) + field->size();
}

std::byte* write_bytes(std::byte* to, Bytes bytes) {
  return std::copy(bytes.begin(), bytes.end(), to);
}

std::byte* write_field(std::byte* to, const std::optional<Bytes>& field) {
  if (!field) return write_varlong(to, -1);
  return write_bytes(write_varlong(to, static_cast<std::int64_t>(field->size())), *field);
}

}  // namespace

void BatchBuilder::start(const BatchOptions& options) {
  constexpr std::size_t kFormatMax = std::numeric_limits<std::int32_t>::max();
  options_ = options;
  options_.uncompressed_bytes_max = std::min(options.uncompressed_bytes_max, kFormatMax);
  records_.resize(kBatchHeaderSize);
  count_ = 0;
  base_timestamp_ms_ = kNoTimestamp;
  max_timestamp_ms_ = kNoTimestamp;
}

std::byte* BatchBuilder::begin_record(std::int64_t timestamp_ms, std::int8_t attributes,
                                      std::size_t body_size) {
  OTTLA_ASSERT(records_.size() >= kBatchHeaderSize);  // start() comes first
  const std::int64_t base = count_ == 0 ? timestamp_ms : base_timestamp_ms_;
  const std::int64_t delta = wrapping_subtract(timestamp_ms, base);
  const std::size_t length = 1 + varlong_size(delta) + varlong_size(count_) + body_size;
  const std::size_t size = varlong_size(static_cast<std::int64_t>(length)) + length;
  const std::size_t left =
      options_.uncompressed_bytes_max - std::min(options_.uncompressed_bytes_max, records_.size());
  if (body_size > left || size > left || count_ == std::numeric_limits<std::int32_t>::max()) {
    return nullptr;
  }
  records_.reserve(records_.size() + size);
  std::byte* to = write_varlong(records_.end(), static_cast<std::int64_t>(length));
  *to++ = static_cast<std::byte>(attributes);
  to = write_varlong(write_varlong(to, delta), count_);
  records_.resize(records_.size() + size);
  base_timestamp_ms_ = base;
  max_timestamp_ms_ = count_ == 0 ? timestamp_ms : std::max(max_timestamp_ms_, timestamp_ms);
  ++count_;
  return to;
}

bool BatchBuilder::append(const NewRecord& record) {
  const Bytes headers = record.headers_block.empty() ? Bytes(&kNoHeaders, 1) : record.headers_block;
  const std::size_t body_size = field_size(record.key) + field_size(record.value) + headers.size();
  std::byte* to = begin_record(record.timestamp_ms, 0, body_size);
  if (to == nullptr) return false;
  write_bytes(write_field(write_field(to, record.key), record.value), headers);
  return true;
}

bool BatchBuilder::append_body(std::int64_t timestamp_ms, std::int8_t attributes, Bytes body) {
  std::byte* to = begin_record(timestamp_ms, attributes, body.size());
  if (to == nullptr) return false;
  write_bytes(to, body);
  return true;
}

Result<MutableBatch> BatchBuilder::finish() {
  if (count_ == 0) return fail(BaseErrc::kInvalidInput, "a batch without records can't be built");
  const NewBatchHeader header{.codec = options_.codec,
                              .record_count = count_,
                              .base_timestamp_ms = base_timestamp_ms_,
                              .max_timestamp_ms = max_timestamp_ms_};
  if (options_.codec == Codec::kNone) return write_batch_header(records_.bytes(), header);
  const Bytes plain = std::as_const(records_).bytes().subspan(kBatchHeaderSize);
  OTTLA_ASSIGN(const Bytes compressed, compressor_.compress(options_.codec, options_.level, plain));
  packed_.resize(kBatchHeaderSize);
  packed_.append(compressed);
  return write_batch_header(packed_.bytes(), header);
}

MutableBatch write_batch_header(MutableBytes batch, const NewBatchHeader& header) {
  OTTLA_ASSERT(batch.size() >= kBatchHeaderSize);
  store_big_endian(batch.data() + field::kBatchLength,
                   static_cast<std::int32_t>(batch.size() - kLogOverhead));
  store_big_endian(batch.data() + field::kMagic, std::int8_t{2});
  MutableBatch out(batch);
  out.set_base_offset(Offset(0));
  out.set_partition_leader_epoch(kNoLeaderEpoch);
  out.set_attributes(static_cast<std::uint16_t>(header.codec));
  out.set_last_offset_delta(header.record_count - 1);
  out.set_base_timestamp_ms(header.base_timestamp_ms);
  out.set_max_timestamp_ms(header.max_timestamp_ms);
  out.set_producer_id(kNoProducerId);
  out.set_producer_epoch(kNoProducerEpoch);
  out.set_base_sequence(kNoSequence);
  out.set_record_count(header.record_count);
  out.update_crc();
  return out;
}

}  // namespace ottla::kafka::records
