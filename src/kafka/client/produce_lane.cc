#include "kafka/client/produce_lane.h"

#include <algorithm>

#include "base/assert.h"
#include "kafka/protocol/generated/produce.h"
#include "net/yield.h"

namespace ottla::kafka {

namespace {

constexpr std::int16_t kFirstFlexible = 9;
constexpr std::int16_t kFirstWithTopicId = 13;
constexpr net::Duration kRetryPause{100};
// A lane with nothing under way learns of a closed connection, and of a dead leader, by looking.
constexpr net::Duration kClosedCheck{500};

// The request around the batches, by hand, so that they are sent from where they lie. Items are
// grouped by topic. Layout: Produce request, versions 3 to 13.
template <class Items>
void encode_produce(RequestFrame& frame, std::int16_t version, const WriterSettings& settings,
                    Items& items) {
  wire::Writer& out = frame.meta();
  const bool flexible = version >= kFirstFlexible;
  const auto same_topic = [](const auto& a, const auto& b) {
    return a.publication->topic_id == b.publication->topic_id &&
           a.publication->topic == b.publication->topic;
  };
  std::size_t topics = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i == 0 || !same_topic(items[i - 1], items[i])) ++topics;
  }
  out.nullable_string(std::nullopt, flexible);
  out.int16(settings.acks);
  out.int32(settings.timeout_ms);
  out.array_length(topics, flexible);
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin + 1;
    while (end < items.size() && same_topic(items[begin], items[end])) ++end;
    const Publication& first = *items[begin].publication;
    if (version >= kFirstWithTopicId) {
      out.uuid(first.topic_id);
    } else {
      out.string(first.topic, flexible);
    }
    out.array_length(end - begin, flexible);
    for (; begin < end; ++begin) {
      out.int32(items[begin].publication->partition.value());
      const Bytes records = items[begin].batch.bytes;
      out.array_length(records.size(), flexible);  // bytes are counted like elements
      frame.attach(records, std::move(items[begin].batch.buffer));
      if (flexible) out.unsigned_varint(0);
    }
    if (flexible) out.unsigned_varint(0);
  }
  if (flexible) out.unsigned_varint(0);
}

}  // namespace

ProduceLane::ProduceLane(Writer& writer, BrokerId broker, std::size_t index)
    : writer_(writer), broker_(broker), index_(index), event_(writer.cluster_.context()) {}

void ProduceLane::add(Publication& publication) {
  publications_.insert(&publication);
  publication.queued = false;
  publication.last_request = &last_request_[{publication.topic, publication.partition}];
  publication.source->on_reachability(trouble_);
}

void ProduceLane::remove(Publication& publication) {
  publications_.erase(&publication);
  if (publication.queued) std::erase(ready_, &publication);
  publication.queued = false;
  for (auto& request : under_way_) {
    std::ranges::replace(request->publications, &publication, nullptr);
  }
  if (answering_) std::ranges::replace(answering_->publications, &publication, nullptr);
}

net::Task<void> ProduceLane::drain() {
  if (connection_) connection_->close({make_error_code(BaseErrc::kCancelled), "writer stopped"});
  while (!under_way_.empty()) co_await net::yield();
}

void ProduceLane::ready(Publication& publication) {
  if (publication.queued) return;
  publication.queued = true;
  ready_.push_back(&publication);
  event_.notify_all();
}

bool ProduceLane::has_room() const {
  return under_way_.empty() || (under_way_.size() < writer_.settings_.window_requests &&
                                bytes_under_way_ < writer_.settings_.window_bytes);
}

bool ProduceLane::collect(std::vector<Item>& items) {
  items.clear();
  std::size_t bytes = 0;
  const std::size_t limit = writer_.settings_.request_bytes_max;
  const std::uint64_t request = next_request_;
  for (std::size_t left = ready_.size(); left > 0 && bytes < limit; --left) {
    Publication* publication = ready_.front();
    ready_.pop_front();
    publication->queued = false;
    if (publication->moving) continue;
    if (*publication->last_request == request) {
      ready(*publication);
      continue;
    }
    std::optional<OutgoingBatch> batch = publication->source->next_batch(limit - bytes);
    if (!batch) continue;
    *publication->last_request = request;
    ++publication->under_way;
    bytes += batch->bytes.size();
    items.push_back({publication, *std::move(batch)});
    // It may have more: last in the queue, for the next request.
    if (!publication->queued && publication->lane == this) {
      publication->queued = true;
      ready_.push_back(publication);
    }
  }
  if (items.empty()) return false;
  ++next_request_;
  std::ranges::sort(items, {},
                    [](const Item& item) -> const std::string& { return item.publication->topic; });
  return true;
}

net::Task<void> ProduceLane::run(ProduceLane* self) {
  while (!self->writer_.group_.cancelled()) {
    const Status ran = co_await self->run_connection();
    if (!ran && is_cancelled(ran.error()) && self->writer_.group_.cancelled()) co_return;
    if (!ran) {
      self->report_reachability(ran.error().to_string());
      self->writer_.cluster_.request_refresh();
    }
    if (!co_await net::sleep_for(kRetryPause)) co_return;
  }
}

net::Task<Status> ProduceLane::run_connection() {
  OTTLA_CO_ASSIGN(connection_,
                  co_await writer_.cluster_.connection(
                      broker_, Lane{LanePurpose::kProduce, static_cast<std::uint16_t>(index_)}));
  const std::shared_ptr<Connection> connection = connection_;
  OTTLA_CO_ASSIGN(std::int16_t version,
                  connection->version_for(ApiKey::kProduce, ProduceRequest::kMinVersion,
                                          ProduceRequest::kMaxVersion));
  report_reachability("");
  std::vector<Item> items;
  while (!connection->closed()) {
    if (ready_.empty() || !has_room()) {
      const Status woken = co_await event_.wait(net::Clock::now() + kClosedCheck);
      if (!woken && is_cancelled(woken.error())) co_return woken;
      continue;
    }
    if (!collect(items)) continue;
    const bool without_ids = std::ranges::any_of(
        items, [](const Item& item) { return item.publication->topic_id.is_zero(); });
    send(*connection,
         without_ids ? std::min<std::int16_t>(version, kFirstWithTopicId - 1) : version, items);
    // Let the connection write before more is collected: what waits meanwhile can be coalesced.
    co_await net::yield();
  }
  co_return fail(BaseErrc::kUnavailable, connection->peer() + ": connection closed");
}

void ProduceLane::send(Connection& connection, std::int16_t version, std::vector<Item>& items) {
  auto request = std::make_shared<UnderWay>();
  request->publications.reserve(items.size());
  for (const Item& item : items) {
    request->publications.push_back(item.publication);
    request->bytes += item.batch.bytes.size();
  }
  RequestFrame frame = connection.take_frame();
  frame.begin(ApiKey::kProduce, version, connection.client_id());
  encode_produce(frame, version, writer_.settings_, items);
  bytes_under_way_ += request->bytes;
  under_way_.push_back(request);
  const net::Duration timeout = writer_.cluster_.settings().connection.request_timeout +
                                net::Duration(writer_.settings_.timeout_ms);
  connection.send(std::move(frame), timeout, [this, request, version](Result<Response> response) {
    on_response(request, version, std::move(response));
  });
}

void ProduceLane::on_response(const std::shared_ptr<UnderWay>& request, std::int16_t version,
                              Result<Response> response) {
  OTTLA_ASSERT(!under_way_.empty() && under_way_.front() == request);
  under_way_.pop_front();
  bytes_under_way_ -= request->bytes;
  event_.notify_all();
  answering_ = request;
  Status taken = response ? take(*request, version, *response)
                          : Status(std::unexpected(std::move(response).error()));
  if (!taken) {
    if (connection_) connection_->close(taken.error());
    // By position: a callback may remove others, which then are null here.
    for (std::size_t i = 0; i < request->publications.size(); ++i) {
      if (request->publications[i] == nullptr) continue;
      ProduceOutcome outcome;
      outcome.error = ErrorCode::kNetworkException;
      outcome.unanswered = taken.error();
      writer_.answered(*request->publications[i], std::move(outcome));
    }
  }
  answering_.reset();
}

// Every partition of the request must be answered; a broker that leaves one out is not to be
// believed about the others either.
Status ProduceLane::take(const UnderWay& request, std::int16_t version, Response& response) {
  ProduceResponse answer;
  wire::Reader reader(response.body);
  OTTLA_TRY(answer.decode(reader, version));
  if (answer.throttle_time_ms > 0) {
    for (Publication* publication : publications_) {
      publication->source->on_throttled(net::Duration(answer.throttle_time_ms));
    }
  }
  std::vector<ProduceOutcome> outcomes;  // in the order of the publications
  std::unordered_map<const Publication*, const ProduceResponse::Partition*> found;
  std::size_t index = 0;
  for (const auto& topic : answer.responses) {
    for (const auto& partition : topic.partition_responses) {
      const auto matches = [&](const Publication* p) {
        return p != nullptr && p->partition == partition.index &&
               (version >= kFirstWithTopicId ? p->topic_id == topic.topic_id
                                             : p->topic == topic.name);
      };
      // Brokers answer in any order; most often in ours.
      if (index < request.publications.size() && matches(request.publications[index])) {
        found.emplace(request.publications[index++], &partition);
        continue;
      }
      ++index;
      const auto it = std::ranges::find_if(request.publications, matches);
      if (it != request.publications.end()) found.emplace(*it, &partition);
    }
  }
  for (Publication* publication : request.publications) {
    ProduceOutcome& outcome = outcomes.emplace_back();
    if (publication == nullptr) continue;
    const auto it = found.find(publication);
    if (it == found.end()) {
      return fail(BaseErrc::kCorrupt, fmt::format("Produce: no answer for {}-{}",
                                                  publication->topic, publication->partition));
    }
    const ProduceResponse::Partition& partition = *it->second;
    outcome.error = partition.error_code;
    outcome.base_offset = partition.base_offset;
    outcome.log_start_offset = partition.log_start_offset;
    outcome.message = partition.error_message.value_or("");
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].error != ErrorCode::kNone && refreshes_metadata(outcomes[i].error)) {
      writer_.cluster_.request_refresh();
    }
    // A callback may remove others, which then are null here.
    if (request.publications[i] != nullptr) {
      writer_.answered(*request.publications[i], std::move(outcomes[i]));
    }
  }
  return {};
}

void ProduceLane::report_reachability(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  for (Publication* publication : publications_) publication->source->on_reachability(trouble);
}

}  // namespace ottla::kafka
