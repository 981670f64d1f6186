// Arbitrary bytes as the records of a fetch response: walked, read, classified, re-encoded, merged.

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "kafka/records/aborted.h"
#include "kafka/records/batch.h"
#include "kafka/records/coalesce.h"
#include "kafka/records/record_reader.h"
#include "kafka/records/reencode.h"

namespace {

using namespace ottla;
using namespace ottla::kafka::records;

constexpr std::size_t kDecompressedBytesMax = 1 << 20;

struct Objects {
  BufferPool pool{1 << 20};
  Compressor compressor;
  Decompressor decompressor;
  RecordReader reader{decompressor, kDecompressedBytesMax};
  Coalescer coalescer{compressor, decompressor};
  Reencoder reencoder{compressor, decompressor};
  AbortedFilter aborted;
};

std::int64_t read_records(Objects& objects, BatchView batch) {
  if (!objects.reader.open(batch)) return -1;
  RecordView record;
  std::int64_t count = 0;
  while (true) {
    const auto more = objects.reader.next(record);
    if (!more) return -1;
    if (!*more) return count;
    ++count;
    HeaderReader headers = record.headers();
    Header header;
    while (headers.next(header).value_or(false)) {
    }
  }
}

// What is written must be sound, and hold as many records as the reader found.
void rewrite(Objects& objects, BatchView batch, std::int64_t readable) {
  Reencoded out;
  const ReencodeOptions options{.batch_bytes_max = 4096,
                                .decompressed_bytes_max = kDecompressedBytesMax,
                                .from = Offset(INT64_MIN),
                                .oversized = Oversized::kDrop};
  if (!objects.reencoder.reencode(batch, {}, objects.pool, options, out)) return;
  OTTLA_ASSERT(readable >= 0);
  std::int64_t written = static_cast<std::int64_t>(out.oversized.size());
  for (const auto& made : out.batches) {
    const BatchView view = MutableBatch(made.bytes.bytes()).view();
    OTTLA_ASSERT(view.valid_crc() && view.size() <= options.batch_bytes_max);
    OTTLA_ASSERT(read_records(objects, view) == made.record_count);
    written += made.record_count;
  }
  OTTLA_ASSERT(written == readable);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Objects objects;
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(data[i]);
  Bytes rest(bytes);
  std::vector<BatchView> batches;
  const std::vector<AbortedTransaction> aborted = {{ProducerId(1), Offset(0)}};
  objects.aborted.reset(aborted);
  while (true) {
    const auto batch = next_batch(rest);
    if (!batch || !*batch) break;
    (void)objects.aborted.see(**batch);
    (void)classify(**batch, {});
    const std::int64_t readable = read_records(objects, **batch);
    // A fuzzer does not guess checksums.
    if (!(*batch)->is_legacy()) {
      const auto at = static_cast<std::size_t>((*batch)->bytes().data() - bytes.data());
      MutableBatch(MutableBytes(bytes).subspan(at, (*batch)->size())).update_crc();
      batches.push_back(**batch);
    }
    rewrite(objects, **batch, readable);
  }
  if (batches.empty()) return 0;
  const auto merged = objects.coalescer.coalesce(batches, objects.pool,
                                                 {.decompressed_bytes_max = kDecompressedBytesMax});
  if (merged) OTTLA_ASSERT(MutableBatch(merged->batch.bytes()).view().valid_crc());
  return 0;
}
