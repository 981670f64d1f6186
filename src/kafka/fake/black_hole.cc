#include "kafka/fake/black_hole.h"

#include <deque>

#include "base/assert.h"
#include "kafka/fake/frame_io.h"
#include "kafka/fake/state.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/protocol/generated/produce.h"
#include "net/task_group.h"

namespace ottla::kafka::fake {

namespace {

constexpr std::int16_t kFirstProduceById = 13;
constexpr std::int16_t kFirstFlexibleFetch = 12;
constexpr std::int16_t kFirstFetchById = 13;
constexpr std::size_t kBaseOffsetBytes = 8;

std::string key_of(const TopicId& id, const std::string& name, bool by_id) {
  return by_id ? id.to_string() : name;
}

}  // namespace

// The response around the batches: pieces that lie in `meta` are noted by their range, because it
// grows while they are collected.
struct BlackHole::FetchAnswer {
  struct Piece {
    std::size_t meta_begin;
    std::size_t meta_end;
    Bytes prepared;
  };
  wire::Writer meta;
  std::vector<Piece> pieces;
  std::size_t done = 0;
  std::size_t batch_bytes = 0;

  void attach(Bytes prepared) {
    pieces.push_back({done, meta.size(), prepared});
    done = meta.size();
  }
  std::vector<Bytes> finish() {
    meta.patch_int32(0, static_cast<std::int32_t>(meta.size() + batch_bytes - 4));
    std::vector<Bytes> all;
    for (const Piece& piece : pieces) {
      all.push_back(meta.bytes().subspan(piece.meta_begin, piece.meta_end - piece.meta_begin));
      all.push_back(piece.prepared);
    }
    all.push_back(meta.bytes().subspan(done));
    return all;
  }
};

BlackHole::BlackHole(ByteVector batches, Offset end) : batches_(std::move(batches)), end_(end) {
  Bytes rest(batches_);
  while (const auto batch = records::next_batch(rest).value_or(std::nullopt)) {
    OTTLA_ASSERT(!batch->is_legacy() && !batch->has_gaps());
    prepared_.push_back({batch->bytes().subspan(kBaseOffsetBytes), batch->record_count()});
  }
}

bool BlackHole::takes(State& state, const RequestHeader& header, Bytes body) {
  const std::int16_t version = header.request_api_version;
  wire::Reader reader(body);
  const auto find = [&](const TopicId& id, const std::string& name, bool by_id) {
    return by_id ? state.topic(id) : state.topic(name);
  };
  const TopicState* topic = nullptr;
  if (header.request_api_key == ApiKey::kProduce) {
    ProduceRequest request;
    if (!request.decode(reader, version) || request.topic_data.empty()) return false;
    const auto& first = request.topic_data.front();
    topic = find(first.topic_id, first.name, version >= kFirstProduceById);
  } else if (header.request_api_key == ApiKey::kFetch) {
    FetchRequest request;
    if (!request.decode(reader, version)) return false;
    if (request.topics.empty()) return true;
    const auto& first = request.topics.front();
    topic = find(first.topic_id, first.topic, version >= kFirstFetchById);
  }
  if (topic == nullptr) return false;
  const auto policy = topic->configs.find("cleanup.policy");
  return policy == topic->configs.end() || policy->second != "compact";
}

net::Task<Status> BlackHole::answer(net::Stream& stream, const RequestHeader& header, Bytes body) {
  if (header.request_api_key == ApiKey::kProduce) {
    const Status done = co_await produce(stream, header, body);
    co_return done;
  }
  const Status done = co_await fetch(stream, header, body);
  co_return done;
}

net::Task<Status> BlackHole::produce(net::Stream& stream, const RequestHeader& header, Bytes body) {
  ProduceRequest request;
  wire::Reader reader(body);
  OTTLA_CO_TRY(request.decode(reader, header.request_api_version));
  ProduceResponse response;
  const bool by_id = header.request_api_version >= kFirstProduceById;
  for (const auto& topic : request.topic_data) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    answers.topic_id = topic.topic_id;
    for (const auto& p : topic.partition_data) {
      auto& answer = answers.partition_responses.emplace_back();
      answer.index = p.index;
      std::int64_t& end = ends_[{key_of(topic.topic_id, topic.name, by_id), p.index}];
      answer.base_offset = Offset(end);
      Bytes records = p.records.value_or(Bytes{});
      produced_bytes_ += records.size();
      while (const auto batch = records::next_batch(records).value_or(std::nullopt)) {
        end += batch->record_count();
        produced_records_ += static_cast<std::uint64_t>(batch->record_count());
      }
    }
  }
  if (request.acks == 0) co_return Status{};
  wire::Writer out;
  out.int32(0);
  encode_response_header(out, ApiKey::kProduce, header.request_api_version, header.correlation_id);
  response.encode(out, header.request_api_version);
  out.patch_int32(0, static_cast<std::int32_t>(out.size() - 4));
  const Status written = co_await write_all(stream, out.bytes());
  co_return written;
}

// By hand, so that the batches are sent from where they lie; only their base offsets are new, which
// the checksum does not cover. No sessions: every request is a full one.
net::Task<Status> BlackHole::fetch(net::Stream& stream, const RequestHeader& header, Bytes body) {
  const std::int16_t version = header.request_api_version;
  FetchRequest request;
  wire::Reader reader(body);
  OTTLA_CO_TRY(request.decode(reader, version));
  const bool flexible = version >= kFirstFlexibleFetch;
  FetchAnswer answer;
  wire::Writer& out = answer.meta;
  out.int32(0);
  encode_response_header(out, ApiKey::kFetch, version, header.correlation_id);
  out.int32(0);
  if (version >= 7) {
    out.int16(0);
    out.int32(0);
  }
  out.array_length(request.topics.size(), flexible);
  for (const auto& topic : request.topics) {
    if (version >= kFirstFetchById) {
      out.uuid(topic.topic_id);
    } else {
      out.string(topic.topic, flexible);
    }
    out.array_length(topic.partitions.size(), flexible);
    for (const auto& p : topic.partitions) {
      out.int32(p.partition.value());
      out.int16(0);
      out.int64(end_.value());
      out.int64(end_.value());
      if (version >= 5) out.int64(0);
      out.null_array(flexible);
      if (version >= 11) out.int32(-1);
      std::size_t bytes = 0;
      std::size_t count = 0;
      Offset next = p.fetch_offset;
      for (const Prepared& batch : prepared_) {
        const std::size_t size = batch.after_base_offset.size() + kBaseOffsetBytes;
        const bool first = answer.batch_bytes + bytes == 0;
        const bool fits =
            bytes + size <= static_cast<std::size_t>(p.partition_max_bytes) &&
            answer.batch_bytes + bytes + size <= static_cast<std::size_t>(request.max_bytes);
        if ((!fits && !first) || next + batch.records > end_) break;
        bytes += size;
        next += batch.records;
        ++count;
      }
      out.array_length(bytes, flexible);
      next = p.fetch_offset;
      for (std::size_t i = 0; i < count; ++i) {
        out.int64(next.value());
        next += prepared_[i].records;
        answer.attach(prepared_[i].after_base_offset);
        answer.batch_bytes += prepared_[i].after_base_offset.size();
      }
      fetched_bytes_ += bytes;
      if (flexible) out.unsigned_varint(0);
    }
    if (flexible) out.unsigned_varint(0);
  }
  if (flexible) out.unsigned_varint(0);
  if (answer.batch_bytes == 0) {
    OTTLA_CO_TRY(co_await net::sleep_for(net::Duration(request.max_wait_ms)));
  }
  std::vector<Bytes> pieces = answer.finish();
  const Status written = co_await write_pieces(stream, pieces);
  co_return written;
}

}  // namespace ottla::kafka::fake
