#include "flow/engine/internal_log.h"

#include <chrono>
#include <cstring>

#include "base/wall_clock.h"
#include "kafka/client/admin.h"
#include "kafka/records/record_reader.h"

namespace ottla::flow {

namespace records = kafka::records;

namespace {

constexpr std::size_t kBatchBytesMax = 512U << 10;
constexpr std::size_t kDecompressedBytesMax = 64U << 20;
constexpr std::int32_t kReadBytes = 4 << 20;

}  // namespace

InternalLog::InternalLog(kafka::Cluster& cluster, kafka::Writer& writer, std::string topic)
    : cluster_(cluster), writer_(writer), topic_(std::move(topic)), builder_(compressor_) {
  cluster_.follow(topic_);
}

Result<std::vector<BufferRef>> InternalLog::to_batches(const std::vector<LogRecord>& records) {
  std::vector<BufferRef> batches;
  const records::BatchOptions options{.uncompressed_bytes_max = kBatchBytesMax};
  const auto finish = [&]() -> Status {
    OTTLA_ASSIGN(const records::MutableBatch built, builder_.finish());
    BufferRef copy = BufferRef::allocate(built.bytes().size());
    std::memcpy(copy.bytes().data(), built.bytes().data(), built.bytes().size());
    batches.push_back(std::move(copy));
    return {};
  };
  builder_.start(options);
  for (const LogRecord& record : records) {
    records::NewRecord next;
    next.timestamp_ms = record.timestamp_ms >= 0 ? record.timestamp_ms : wall_clock_ms();
    next.key = as_bytes(record.key);
    if (record.value) next.value = as_bytes(*record.value);
    if (builder_.append(next)) continue;
    if (builder_.record_count() > 0) {
      OTTLA_TRY(finish());
      builder_.start(options);
    }
    if (!builder_.append(next)) {
      // Larger than a batch should be: goes alone.
      builder_.start({});
      if (!builder_.append(next)) return fail(BaseErrc::kLimitExceeded, topic_ + ": record");
      OTTLA_TRY(finish());
      builder_.start(options);
    }
  }
  if (builder_.record_count() > 0) {
    OTTLA_TRY(finish());
  }
  return batches;
}

net::Task<Status> InternalLog::append(PartitionId partition, std::vector<LogRecord> records,
                                      net::Deadline deadline) {
  OTTLA_CO_ASSIGN(const std::vector<BufferRef> batches, to_batches(records));
  for (const BufferRef& batch : batches) {
    const auto attempt = [&]() { return writer_.append(topic_, partition, batch); };
    OTTLA_CO_TRY(co_await kafka::retrying(attempt, deadline));
  }
  co_return Status{};
}

net::Task<Status> InternalLog::read(PartitionId partition, Visitor each) {
  const TopicPartition place{topic_, partition};
  const net::Deadline deadline = net::Clock::now() + std::chrono::seconds(30);
  const auto earliest = [&]() { return kafka::list_offset(cluster_, place, kafka::kEarliest, 0); };
  const auto latest = [&]() { return kafka::list_offset(cluster_, place, kafka::kLatest, 0); };
  OTTLA_CO_ASSIGN(Offset position, co_await kafka::retrying(earliest, deadline));
  OTTLA_CO_ASSIGN(const Offset end, co_await kafka::retrying(latest, deadline));
  records::RecordReader reader(decompressor_, kDecompressedBytesMax);
  while (position < end) {
    const auto fetch = [&]() { return kafka::fetch_slice(cluster_, place, position, kReadBytes); };
    OTTLA_CO_ASSIGN(kafka::LogSlice slice, co_await kafka::retrying(fetch, deadline));
    Bytes rest = slice.records;
    bool moved = false;
    for (;;) {
      OTTLA_CO_ASSIGN(const std::optional<records::BatchView> batch, records::next_batch(rest));
      if (!batch) break;
      moved = true;
      position = std::max(position, batch->last_offset() + 1);
      if (batch->is_control() || batch->record_count() == 0) continue;
      OTTLA_CO_TRY(reader.open(*batch));
      records::RecordView record;
      for (;;) {
        OTTLA_CO_ASSIGN(const bool more, reader.next(record));
        if (!more) break;
        if (!record.key) continue;
        each(as_string_view(*record.key),
             record.value ? std::optional(as_string_view(*record.value)) : std::nullopt);
      }
    }
    if (!moved && net::Clock::now() > deadline) {
      co_return fail(BaseErrc::kTimedOut, cluster_.alias() + ": reading " + topic_);
    }
  }
  co_return Status{};
}

net::Task<void> InternalLog::read_into(InternalLog* self, PartitionId partition, Visitor each,
                                       Status* result) {
  *result = co_await self->read(partition, std::move(each));
}

net::Task<Status> InternalLog::read_all(std::int32_t count, Visitor each) {
  std::vector<Status> results(static_cast<std::size_t>(count));
  net::TaskGroup readers(cluster_.context());
  for (std::int32_t p = 0; p < count; ++p) {
    readers.spawn("read " + topic_,
                  read_into(this, PartitionId(p), each, &results[static_cast<std::size_t>(p)]));
  }
  co_await readers.join();
  for (Status& result : results) {
    if (!result) co_return std::move(result);
  }
  co_return Status{};
}

net::Task<Status> ensure_internal_topic(kafka::Cluster& cluster, std::string topic,
                                        std::int32_t partitions, std::int16_t replication_factor,
                                        net::Deadline deadline) {
  bool asked = false;
  for (;;) {
    std::vector<std::string> names{topic};
    const auto described = co_await cluster.describe_topics(std::move(names));
    if (!described && !kafka::may_retry(described.error())) {
      co_return std::unexpected(described.error());
    }
    if (described) {
      const auto found = (*described)->topics.find(topic);
      const bool exists =
          found != (*described)->topics.end() && found->second.error == kafka::ErrorCode::kNone;
      bool led = exists && !found->second.partitions.empty();
      if (exists) {
        for (const auto& p : found->second.partitions) led = led && p.leader.value() >= 0;
      }
      if (led) co_return Status{};
      if (!exists && !asked) {
        kafka::NewTopic wanted;
        wanted.name = topic;
        wanted.partitions = partitions;
        const auto brokers = static_cast<std::int16_t>((*described)->brokers.size());
        wanted.replication_factor =
            std::min(replication_factor, std::max<std::int16_t>(brokers, 1));
        wanted.configs = {{"cleanup.policy", "compact"}};
        OTTLA_CO_TRY(co_await kafka::create_topic(cluster, std::move(wanted)));
        asked = true;
      }
    }
    if (net::Clock::now() >= deadline) {
      co_return fail(BaseErrc::kTimedOut, cluster.alias() + ": waiting for topic " + topic);
    }
    OTTLA_CO_TRY(co_await net::sleep_for(net::Duration(20)));
  }
}

}  // namespace ottla::flow
