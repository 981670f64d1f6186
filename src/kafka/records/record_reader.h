#pragma once
// Iterates over the records of one batch of any magic, decompressing where needed.
//
//   OTTLA_TRY(reader.open(batch));
//   RecordView record;
//   while (true) {
//     OTTLA_ASSIGN(const bool more, reader.next(record));
//     if (!more) break;
//     …
//   }

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/batch.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"

namespace ottla::kafka::records {

// Serves one core. Kept between batches; allocates nothing of its own. The checksum is the caller's
// business (BatchView::valid_crc). Control batches are read like others.
class RecordReader {
 public:
  // A batch that decompresses to more than `decompressed_bytes_max` is refused with kLimitExceeded.
  // `decompressor` must outlive the reader; another use of it ends the views of this reader.
  RecordReader(Decompressor& decompressor, std::size_t decompressed_bytes_max)
      : decompressor_(decompressor), decompressed_bytes_max_(decompressed_bytes_max) {}

  [[nodiscard]] Status open(BatchView batch);

  // False after the last record. kCorrupt when the bytes break the format or do not hold exactly
  // as many records as the header says. With LogAppendTime a record's timestamp is the batch's max
  // timestamp; magic 0 has none (-1).
  [[nodiscard]] Result<bool> next(RecordView& record);

  // Size of the records, decompressed.
  [[nodiscard]] std::size_t decompressed_size() const noexcept { return decompressed_size_; }

 private:
  [[nodiscard]] Status open_legacy();
  [[nodiscard]] Result<bool> next_legacy(RecordView& record);
  [[nodiscard]] std::unexpected<Error> corrupt(std::string_view what) const;

  Decompressor& decompressor_;
  std::size_t decompressed_bytes_max_;
  BatchView batch_;
  Bytes rest_;
  std::size_t decompressed_size_ = 0;
  std::int64_t base_timestamp_ms_ = 0;
  // Magic 0/1: what to add to an inner message's offset.
  std::int64_t legacy_base_offset_ = 0;
  std::int32_t remaining_ = 0;
  bool log_append_time_ = false;
};

}  // namespace ottla::kafka::records
