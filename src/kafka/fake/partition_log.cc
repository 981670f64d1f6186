#include "kafka/fake/partition_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "kafka/fake/produce_rules.h"
#include "kafka/records/aborted.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::size_t kCachedBatchesMax = 5;

records::BatchView view_of(Bytes bytes) {
  const auto batch = records::next_batch(bytes);
  OTTLA_ASSERT(batch && *batch);
  return **batch;
}

bool follows(std::int32_t last, std::int32_t next) {
  return last == std::numeric_limits<std::int32_t>::max() ? next == 0 : next == last + 1;
}

std::int32_t last_sequence_of(const records::BatchView& batch) {
  constexpr std::int64_t kModulus = std::int64_t{1} << 31;
  return static_cast<std::int32_t>(
      (std::int64_t{batch.base_sequence()} + batch.record_count() - 1) % kModulus);
}

}  // namespace

// ProducerAppendInfo.checkProducerEpoch and checkSequence, ProducerStateEntry.findDuplicateBatch.
ErrorCode PartitionLog::check_producer(const records::BatchView& batch,
                                       std::optional<Offset>& duplicate) const {
  const auto known = producers_.find(batch.producer_id());
  if (known == producers_.end()) return ErrorCode::kNone;  // any sequence is taken
  const ProducerState& state = known->second;
  const std::int32_t first = batch.base_sequence();
  if (state.epoch == batch.producer_epoch()) {
    for (const ProducerState::Cached& cached : state.cached) {
      if (cached.first_sequence == first && cached.last_sequence == last_sequence_of(batch)) {
        duplicate = cached.base_offset;
        return ErrorCode::kNone;
      }
    }
    return follows(state.last_sequence, first) ? ErrorCode::kNone
                                               : ErrorCode::kOutOfOrderSequenceNumber;
  }
  if (batch.producer_epoch() < state.epoch) return ErrorCode::kInvalidProducerEpoch;
  return first == 0 ? ErrorCode::kNone : ErrorCode::kOutOfOrderSequenceNumber;
}

Appended PartitionLog::produce(Bytes record_set, const LogRules& rules, bool with_transactional_id,
                               LeaderEpoch epoch, std::int64_t now_ms) {
  Appended result = check_record_set(record_set, rules, with_transactional_id, now_ms);
  if (result.error != ErrorCode::kNone) return result;
  const records::BatchView batch = view_of(record_set);
  if (batch.producer_id().value() >= 0) {
    std::optional<Offset> duplicate;
    result.error = check_producer(batch, duplicate);
    if (result.error != ErrorCode::kNone) return result;
    if (duplicate) {
      result.base_offset = *duplicate;
      result.duplicate = true;
      return result;
    }
  }
  ByteVector bytes(record_set.begin(), record_set.end());
  if (rules.log_append_time) {
    records::MutableBatch stamped(bytes);
    stamped.set_attributes(stamped.view().attributes() | records::attribute::kLogAppendTime);
    stamped.set_max_timestamp_ms(now_ms);
    stamped.update_crc();
    result.log_append_time_ms = now_ms;
  }
  result.base_offset = append(std::move(bytes), epoch);
  return result;
}

Offset PartitionLog::append(ByteVector batch, LeaderEpoch epoch, std::optional<Offset> at) {
  const Offset base = at.value_or(end_);
  OTTLA_ASSERT(base >= end_);
  // A set of magic 0/1 messages is a "batch" per message.
  Bytes rest(batch);
  while (const auto next = records::next_batch(rest).value_or(std::nullopt)) {
    const records::BatchView& view = *next;
    ByteVector one(view.bytes().begin(), view.bytes().end());
    if (view.is_legacy()) {
      const Offset offset = base + view.base_offset().value();
      records::store_big_endian(one.data(), offset.value());
      store(std::move(one), offset, epoch);
    } else {
      records::MutableBatch(one).set_base_offset(base);
      records::MutableBatch(one).set_partition_leader_epoch(epoch);
      store(std::move(one), base, epoch);
    }
  }
  return base;
}

void PartitionLog::store(ByteVector bytes, Offset base, LeaderEpoch epoch) {
  const records::BatchView batch = view_of(bytes);
  if (epochs_.empty() || epochs_.back().first < epoch) epochs_.emplace_back(epoch, base);
  end_ = batch.last_offset() + 1;
  if (!batch.is_legacy() && batch.producer_id().value() >= 0) note_producer(batch);
  const Offset last = batch.last_offset();
  batches_.push_back({std::move(bytes), base, last, epoch});
}

void PartitionLog::note_producer(const records::BatchView& batch) {
  if (batch.is_control()) return note_marker(batch);
  ProducerState& state = producers_[batch.producer_id()];
  if (state.epoch != batch.producer_epoch()) state.cached.clear();
  state.epoch = batch.producer_epoch();
  state.last_sequence = last_sequence_of(batch);
  state.last_timestamp_ms = batch.max_timestamp_ms();
  state.cached.push_back({batch.base_sequence(), state.last_sequence, batch.base_offset()});
  if (state.cached.size() > kCachedBatchesMax) state.cached.pop_front();
  if (batch.is_transactional() && !state.open_transaction) {
    state.open_transaction = batch.base_offset();
  }
}

void PartitionLog::note_marker(const records::BatchView& batch) {
  ProducerState& state = producers_[batch.producer_id()];
  if (state.epoch != batch.producer_epoch()) {
    state.cached.clear();
    state.last_sequence = -1;
  }
  state.epoch = batch.producer_epoch();
  state.last_timestamp_ms = batch.max_timestamp_ms();
  state.coordinator_epoch = 0;
  if (state.open_transaction && records::control_type(batch) == records::ControlType::kAbort) {
    aborted_.push_back({batch.producer_id(), *state.open_transaction, batch.base_offset()});
  }
  state.open_transaction.reset();
}

Appended PartitionLog::append_marker(ProducerId producer_id, ProducerEpoch producer_epoch,
                                     bool commit, LeaderEpoch epoch, std::int64_t now_ms) {
  Appended result;
  const auto known = producers_.find(producer_id);
  if (known != producers_.end() && producer_epoch < known->second.epoch) {
    result.error = ErrorCode::kInvalidProducerEpoch;
    return result;
  }
  result.base_offset = append(make_marker(producer_id, producer_epoch, commit, now_ms), epoch);
  return result;
}

Offset PartitionLog::last_stable_offset() const {
  Offset stable = end_;
  for (const auto& [id, state] : producers_) {
    if (state.open_transaction) stable = std::min(stable, *state.open_transaction);
  }
  return stable;
}

ByteVector PartitionLog::read(Offset from, Offset upto, std::size_t bytes_max,
                              bool at_least_one) const {
  ByteVector out;
  auto it = std::ranges::lower_bound(batches_, from, {}, &Stored::last);
  for (; it != batches_.end() && it->base < upto && out.size() < bytes_max; ++it) {
    const bool first = out.empty();
    if (first && it->bytes.size() > bytes_max && !at_least_one) break;
    const std::size_t take =
        first ? it->bytes.size() : std::min(it->bytes.size(), bytes_max - out.size());
    out.insert(out.end(), it->bytes.begin(), it->bytes.begin() + static_cast<std::ptrdiff_t>(take));
  }
  return out;
}

std::vector<AbortedRange> PartitionLog::aborted_between(Offset from, Offset upto) const {
  std::vector<AbortedRange> found;
  for (const AbortedRange& range : aborted_) {
    if (range.last_offset >= from && range.first_offset < upto) found.push_back(range);
  }
  std::ranges::sort(found, {}, &AbortedRange::first_offset);
  return found;
}

std::pair<Offset, std::int64_t> PartitionLog::find_time(std::int64_t timestamp_ms) const {
  const auto records = read_records(all_bytes());
  if (records) {
    for (const StoredRecord& record : *records) {
      if (record.offset >= start_ && record.timestamp_ms >= timestamp_ms) {
        return {record.offset, record.timestamp_ms};
      }
    }
  }
  return {Offset(-1), -1};
}

std::pair<Offset, std::int64_t> PartitionLog::find_max_timestamp() const {
  std::pair<Offset, std::int64_t> best{Offset(-1), -1};
  const auto records = read_records(all_bytes());
  if (!records) return best;
  for (const StoredRecord& record : *records) {
    if (record.offset >= start_ && record.timestamp_ms > best.second) {
      best = {record.offset, record.timestamp_ms};
    }
  }
  return best;
}

std::pair<LeaderEpoch, Offset> PartitionLog::end_of_epoch(LeaderEpoch epoch,
                                                          LeaderEpoch current) const {
  if (epoch == current) return {current, end_};
  std::pair<LeaderEpoch, Offset> found{LeaderEpoch(-1), Offset(-1)};
  for (std::size_t i = 0; i < epochs_.size() && epochs_[i].first <= epoch; ++i) {
    found = {epochs_[i].first, i + 1 < epochs_.size() ? epochs_[i + 1].second : end_};
  }
  return found;
}

void PartitionLog::expire_producers(std::int64_t older_than_ms) {
  std::erase_if(producers_, [&](const auto& entry) {
    return !entry.second.open_transaction && entry.second.last_timestamp_ms < older_than_ms;
  });
}

void PartitionLog::truncate(Offset end) {
  std::deque<Stored> kept;
  std::swap(kept, batches_);
  producers_.clear();
  aborted_.clear();
  epochs_.clear();
  end_ = start_;
  for (Stored& stored : kept) {
    if (stored.last >= end) break;
    store(std::move(stored.bytes), stored.base, stored.epoch);
  }
  start_ = std::min(start_, end_);
}

void PartitionLog::delete_before(Offset start) {
  start_ = std::max(start_, std::min(start, end_));
  while (!batches_.empty() && batches_.front().last < start_) batches_.pop_front();
  std::erase_if(aborted_, [&](const AbortedRange& range) { return range.last_offset < start_; });
}

ByteVector PartitionLog::all_bytes() const {
  ByteVector all;
  for (const Stored& stored : batches_) {
    all.insert(all.end(), stored.bytes.begin(), stored.bytes.end());
  }
  return all;
}

void PartitionLog::compact(Offset upto, const std::function<bool(const StoredRecord&)>& keep) {
  for (Stored& stored : batches_) {
    const records::BatchView batch = view_of(stored.bytes);
    if (stored.last >= upto || batch.is_legacy() || batch.is_control()) continue;
    const auto found = read_records(stored.bytes);
    OTTLA_ASSERT(found.has_value());
    BatchSpec spec;
    spec.codec = batch.codec().value_or(records::Codec::kNone);
    spec.producer_id = batch.producer_id();
    spec.producer_epoch = batch.producer_epoch();
    spec.base_sequence = batch.base_sequence();
    spec.transactional = batch.is_transactional();
    spec.log_append_time = batch.timestamp_type() == records::TimestampType::kLogAppendTime;
    spec.last_offset_delta = batch.last_offset_delta();
    for (const StoredRecord& record : *found) {
      if (!keep(record)) continue;
      spec.records.push_back({record.key,
                              record.value,
                              record.timestamp_ms,
                              {},
                              static_cast<std::int32_t>(record.offset - stored.base)});
    }
    if (spec.records.size() == found->size()) continue;
    if (spec.records.empty()) {
      stored.bytes.clear();
      continue;
    }
    stored.bytes = make_batch(spec);
    records::MutableBatch(stored.bytes).set_base_offset(stored.base);
    records::MutableBatch(stored.bytes).set_partition_leader_epoch(stored.epoch);
  }
  std::erase_if(batches_, [](const Stored& stored) { return stored.bytes.empty(); });
}

}  // namespace ottla::kafka::fake
