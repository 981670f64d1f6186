#include "kafka/records/aborted.h"

#include <algorithm>

#include "kafka/records/record.h"

namespace ottla::kafka::records {

std::optional<ControlType> control_type(BatchView batch) noexcept {
  if (batch.is_legacy() || !batch.is_control()) return std::nullopt;
  // Brokers write control batches themselves and never compress them.
  if (batch.is_compressed() || batch.record_count() < 1) return std::nullopt;
  Bytes records = batch.payload();
  RawRecord raw;
  RecordView record;
  if (!take_raw_record(records, raw) || !split_body(raw.body, record)) return std::nullopt;
  // Key: version i16, type i16.
  if (!record.key || record.key->size() < 4) return std::nullopt;
  const auto type = load_big_endian<std::int16_t>(record.key->data() + 2);
  if (type == 0) return ControlType::kAbort;
  if (type == 1) return ControlType::kCommit;
  return ControlType::kOther;
}

void AbortedFilter::reset(std::span<const AbortedTransaction> aborted) {
  pending_.assign(aborted.begin(), aborted.end());
  std::sort(pending_.begin(), pending_.end(),
            [](const auto& a, const auto& b) { return a.first_offset > b.first_offset; });
  open_.clear();
}

Visibility AbortedFilter::see(BatchView batch) {
  if (batch.is_legacy()) return Visibility::kData;
  const bool control = batch.is_control();
  if (batch.producer_id() != kNoProducerId) {
    const Offset last = batch.last_offset();
    for (; !pending_.empty() && pending_.back().first_offset <= last; pending_.pop_back()) {
      const ProducerId started = pending_.back().producer_id;
      if (std::find(open_.begin(), open_.end(), started) == open_.end()) open_.push_back(started);
    }
    const auto found = std::find(open_.begin(), open_.end(), batch.producer_id());
    if (found != open_.end()) {
      if (control_type(batch) == ControlType::kAbort) {
        open_.erase(found);
      } else if (!control && batch.is_transactional()) {
        return Visibility::kAborted;
      }
    }
  }
  return control ? Visibility::kControl : Visibility::kData;
}

}  // namespace ottla::kafka::records
