#include "kafka/client/fetch_loop.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "kafka/protocol/generated/fetch.h"
#include "kafka/records/batch.h"
#include "net/yield.h"

namespace ottla::kafka {

namespace {

constexpr std::int16_t kFirstWithTopicId = 13;
constexpr net::Duration kRetryPause{100};
// A partition counts as caught up when a fetch brings less than this.
constexpr std::size_t kTailChunkBytes = 64U << 10;

bool is_session_error(ErrorCode error) {
  return error == ErrorCode::kFetchSessionIdNotFound ||
         error == ErrorCode::kInvalidFetchSessionEpoch ||
         error == ErrorCode::kFetchSessionTopicIdError;
}

// Whole batches at the front of `records`, the offset after them and the epoch of the last.
struct WholeBatches {
  std::size_t bytes = 0;
  Offset next{-1};
  LeaderEpoch epoch{-1};
};

Result<WholeBatches> measure(Bytes records) {
  WholeBatches whole;
  Bytes rest = records;
  for (;;) {
    OTTLA_ASSIGN(const std::optional<records::BatchView> batch, records::next_batch(rest));
    if (!batch) return whole;
    whole.bytes += batch->size();
    whole.next = batch->last_offset() + 1;
    whole.epoch = batch->is_legacy() ? LeaderEpoch(-1) : batch->partition_leader_epoch();
  }
}

}  // namespace

FetchLoop::FetchLoop(Reader& reader, BrokerId broker, bool bulk)
    : reader_(reader), broker_(broker), bulk_(bulk), ready_event_(reader.cluster_.context()) {}

void FetchLoop::add(Subscription& subscription) {
  by_id_[{subscription.topic_id, subscription.partition}] = &subscription;
  by_name_[{subscription.topic, subscription.partition}] = &subscription;
  if (subscription.topic_id.is_zero()) ++without_id_;
  subscription.in_session = false;
  subscription.dirty = false;
  mark_dirty(subscription);
  subscription.subscriber->on_reachability(trouble_);
}

// What was fetched and not handed over yet is kept: the position has moved past it.
void FetchLoop::remove(Subscription& subscription) {
  by_id_.erase({subscription.topic_id, subscription.partition});
  by_name_.erase({subscription.topic, subscription.partition});
  if (subscription.topic_id.is_zero()) --without_id_;
  std::erase(dirty_, &subscription);
  if (subscription.in_session) {
    --in_session_;
    forgotten_.push_back({subscription.topic, subscription.topic_id, subscription.partition});
  }
  subscription.in_session = false;
  subscription.dirty = false;
}

void FetchLoop::mark_dirty(Subscription& subscription) {
  if (subscription.dirty) return;
  subscription.dirty = true;
  dirty_.push_back(&subscription);
  ready_event_.notify_all();
}

// The next request is a full one. It names the old session, so that the broker closes it.
void FetchLoop::reset_session() {
  session_epoch_ = 0;
  in_session_ = 0;
  forgotten_.clear();
  for (auto& [key, subscription] : by_name_) {
    subscription->in_session = false;
    mark_dirty(*subscription);
  }
}

void FetchLoop::report_reachability(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  for (auto& [key, subscription] : by_name_) subscription->subscriber->on_reachability(trouble);
}

std::int32_t FetchLoop::partition_share() const {
  const auto& settings = reader_.settings_;
  const std::int32_t total = bulk_ ? settings.bulk_fetch_bytes : settings.tail_fetch_bytes;
  const auto partitions = static_cast<std::int32_t>(std::max<std::size_t>(1, by_name_.size()));
  return std::max(total / partitions, std::min(settings.partition_bytes_min, total));
}

bool FetchLoop::build(RequestFrame& frame, std::int16_t version, const std::string& client_id) {
  FetchRequest request;
  std::map<std::string, FetchRequest::Topic> topics;
  const std::int32_t share = partition_share();
  std::vector<Subscription*> still_dirty;
  std::vector<Forgotten> forget = std::move(forgotten_);
  forgotten_.clear();
  for (Subscription* subscription : dirty_) {
    subscription->dirty = false;
    const bool moves = subscription->bulk != bulk_;
    if (moves || subscription->subscriber->fetch_credit() == 0) {
      if (subscription->in_session) {
        subscription->in_session = false;
        --in_session_;
        forget.push_back({subscription->topic, subscription->topic_id, subscription->partition});
      }
      continue;
    }
    if (!subscription->in_session) {
      subscription->in_session = true;
      ++in_session_;
      std::erase_if(forget, [&](const Forgotten& f) {
        return f.topic_id == subscription->topic_id && f.topic == subscription->topic &&
               f.partition == subscription->partition;
      });
    }
    FetchRequest::Topic& topic = topics[subscription->topic];
    topic.topic = subscription->topic;
    topic.topic_id = subscription->topic_id;
    FetchRequest::Partition partition;
    partition.partition = subscription->partition;
    partition.current_leader_epoch = subscription->leader_epoch;
    partition.fetch_offset = subscription->position;
    partition.last_fetched_epoch = subscription->last_fetched_epoch;
    partition.partition_max_bytes = share;
    topic.partitions.push_back(std::move(partition));
  }
  dirty_.clear();
  if (in_session_ == 0) {
    // Nothing to fetch now. The session stays: brokers have room for few.
    forgotten_ = std::move(forget);
    return false;
  }
  request.replica_id = BrokerId(-1);
  request.max_wait_ms = static_cast<std::int32_t>(
      (bulk_ ? reader_.settings_.bulk_wait : reader_.settings_.tail_wait).count());
  request.min_bytes = 1;
  request.max_bytes =
      bulk_ ? reader_.settings_.bulk_fetch_bytes : reader_.settings_.tail_fetch_bytes;
  request.isolation_level = reader_.settings_.isolation_level;
  request.session_id = session_id_;
  request.session_epoch = session_epoch_;
  for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
  if (session_epoch_ != 0) {
    for (const Forgotten& f : forget) {
      FetchRequest::ForgottenTopic topic;
      topic.topic = f.topic;
      topic.topic_id = f.topic_id;
      topic.partitions.push_back(f.partition);
      request.forgotten_topics_data.push_back(std::move(topic));
    }
  }
  frame.begin(ApiKey::kFetch, version, client_id);
  request.encode(frame.meta(), version);
  return true;
}

net::Task<void> FetchLoop::run(FetchLoop* self) {
  while (!self->reader_.group_.cancelled()) {
    const Status fetched = co_await self->fetch_once();
    self->deliver();  // positions have moved past what is in hand
    if (fetched) continue;
    if (is_cancelled(fetched.error()) && self->reader_.group_.cancelled()) co_return;
    self->reset_session();
    self->report_reachability(fetched.error().to_string());
    self->reader_.cluster_.request_refresh();
    if (!co_await net::sleep_for(kRetryPause)) co_return;
  }
}

// A connection's worth of fetches. While one response is processed the next request is under way.
net::Task<Status> FetchLoop::fetch_once() {
  struct Answer {
    explicit Answer(net::IoContext& context) : event(context) {}
    net::Event event;
    std::optional<Result<Response>> response;
  };
  Reader& reader = reader_;
  const std::size_t bytes_max = static_cast<std::size_t>(bulk_ ? reader.settings_.bulk_fetch_bytes
                                                               : reader.settings_.tail_fetch_bytes);
  while (dirty_.empty()) {
    OTTLA_CO_TRY(co_await ready_event_.wait());
  }
  OTTLA_CO_ASSIGN(
      std::shared_ptr<Connection> connection,
      co_await reader.cluster_.connection(
          broker_, Lane{LanePurpose::kFetch, static_cast<std::uint16_t>(
                                                 reader.settings_.first_lane + (bulk_ ? 1 : 0))}));
  OTTLA_CO_ASSIGN(const std::int16_t version_max,
                  connection->version_for(ApiKey::kFetch, FetchRequest::kMinVersion,
                                          FetchRequest::kMaxVersion));
  const std::int16_t version_by_name = std::min<std::int16_t>(version_max, kFirstWithTopicId - 1);
  std::int16_t version = without_id_ > 0 ? version_by_name : version_max;
  report_reachability("");
  reset_session();
  auto answer = std::make_shared<Answer>(reader.cluster_.context());
  for (;;) {
    while (!reader.has_memory(bytes_max)) {
      deliver();
      const Status waited =
          co_await ready_event_.wait(net::Clock::now() + std::chrono::milliseconds(100));
      if (!waited && is_cancelled(waited.error())) co_return waited;
    }
    // A session goes by name or by id throughout.
    if (version != (without_id_ > 0 ? version_by_name : version_max)) {
      version = without_id_ > 0 ? version_by_name : version_max;
      reset_session();
    }
    RequestFrame frame = connection->take_frame();
    if (!build(frame, version, connection->client_id())) {
      deliver();
      while (dirty_.empty()) {
        OTTLA_CO_TRY(co_await ready_event_.wait());
      }
      if (connection->closed()) co_return fail(BaseErrc::kUnavailable, connection->peer());
      continue;
    }
    *reader.reserved_bytes_ += bytes_max;
    answer->response.reset();
    connection->send(
        std::move(frame), reader.cluster_.settings().connection.request_timeout,
        [answer, reserved = reader.reserved_bytes_, bytes_max](Result<Response> response) {
          *reserved -= bytes_max;
          answer->response = std::move(response);
          answer->event.notify_all();
        });
    if (!deliveries_.empty() || !movers_.empty()) {
      co_await net::yield();
      deliver();
    }
    while (!answer->response) {
      OTTLA_CO_TRY(co_await answer->event.wait());
    }
    Result<Response> response = *std::move(answer->response);
    answer->response.reset();
    if (!response) co_return std::unexpected(std::move(response).error());
    OTTLA_CO_TRY(take(*std::move(response), version));
  }
}

void FetchLoop::deliver() {
  // A subscriber may remove itself or others while it is called.
  std::vector<Delivery> due = std::move(deliveries_);
  deliveries_.clear();
  for (std::size_t i = 0; i < due.size(); ++i) {
    Subscription* subscription = due[i].subscription;
    if (!reader_.subscriptions_.contains(subscription) ||
        subscription->incarnation != due[i].incarnation) {
      continue;
    }
    subscription->subscriber->on_fetched(std::move(due[i].chunk));
  }
  std::vector<Subscription*> movers = std::move(movers_);
  movers_.clear();
  for (Subscription* subscription : movers) {
    if (!reader_.subscriptions_.contains(subscription) || subscription->loop != this) continue;
    reader_.detach(*subscription);
    reader_.route(*subscription);
  }
}

Status FetchLoop::take(Response response, std::int16_t version) {
  session::FetchResponseWalk walk(response.body, version);
  if (!walk.ok()) return fail(BaseErrc::kCorrupt, "Fetch response");
  if (is_session_error(walk.error())) {
    if (walk.error() == ErrorCode::kFetchSessionIdNotFound) session_id_ = 0;
    reset_session();
    return {};
  }
  if (walk.error() != ErrorCode::kNone) return fail(walk.error(), "Fetch");
  session_id_ = walk.session_id();
  if (walk.throttle_time_ms() > 0) {
    for (auto& [key, subscription] : by_name_) {
      subscription->subscriber->on_throttled(net::Duration(walk.throttle_time_ms()));
    }
  }
  // Session id 0: the broker keeps none (its cache is full); then every request is a full one.
  session_epoch_ = session_id_ == 0 ? 0 : (session_epoch_ == INT32_MAX ? 1 : session_epoch_ + 1);
  bool any = false;
  for (;;) {
    OTTLA_ASSIGN(const bool more, walk.next(scratch_));
    if (!more) break;
    any = true;
    take_partition(scratch_, response.buffer);
  }
  if (bulk_ && !any) release_idle();
  if (session_id_ == 0) reset_session();
  return {};
}

Subscription* FetchLoop::find(const session::FetchedPartition& partition) {
  if (!partition.topic_id.is_zero()) {
    const auto it = by_id_.find({partition.topic_id, partition.partition});
    return it == by_id_.end() ? nullptr : it->second;
  }
  const auto it = by_name_.find({std::string(partition.topic), partition.partition});
  return it == by_name_.end() ? nullptr : it->second;
}

void FetchLoop::take_partition(session::FetchedPartition& partition, const BufferRef& buffer) {
  Subscription* subscription = find(partition);
  if (subscription == nullptr || !subscription->in_session) return;
  if (partition.error != ErrorCode::kNone || partition.diverging) {
    take_error(*subscription, partition);
    return;
  }
  subscription->subscriber->on_log_ends(
      {partition.high_watermark, partition.last_stable_offset, partition.log_start_offset});
  take_records(*subscription, partition, buffer);
}

void FetchLoop::take_records(Subscription& subscription, session::FetchedPartition& partition,
                             const BufferRef& buffer) {
  const Result<WholeBatches> whole = measure(partition.records);
  if (!whole) return hand_back(subscription, ErrorCode::kCorruptMessage, whole.error().to_string());
  if (partition.records.empty()) {
    move_wish(subscription, partition, 0);
    return;
  }
  // Without a whole batch, or with an offset that does not move forward, it would go on for ever.
  if (whole->bytes == 0 || whole->next <= subscription.position) {
    return hand_back(subscription, ErrorCode::kCorruptMessage,
                     fmt::format("Fetch at offset {} brought {} bytes that hold no later record",
                                 subscription.position, partition.records.size()));
  }
  subscription.position = whole->next;
  subscription.last_fetched_epoch = whole->epoch;
  subscription.subscriber->on_arriving(whole->bytes);
  deliveries_.push_back({&subscription,
                         subscription.incarnation,
                         {buffer, partition.records.first(whole->bytes), partition.aborted}});
  move_wish(subscription, partition, whole->bytes);
  mark_dirty(subscription);
}

// A partition that has caught up goes to the tail loop, one that falls behind to the bulk loop; the
// move itself is made by deliver(), when nothing of it is in hand.
void FetchLoop::move_wish(Subscription& subscription, const session::FetchedPartition& partition,
                          std::size_t bytes) {
  const bool behind = subscription.position < partition.last_stable_offset;
  subscription.caught_up = !behind;
  if (bulk_ && !behind && bytes < kTailChunkBytes) subscription.bulk = false;
  if (!bulk_ && behind && bytes >= kTailChunkBytes) subscription.bulk = true;
  if (subscription.bulk != bulk_) movers_.push_back(&subscription);
}

// A session tells nothing of a partition without news, so those whose last chunk was large are
// noticed when a whole fetch brings nothing.
void FetchLoop::release_idle() {
  for (auto& [key, subscription] : by_name_) {
    if (!subscription->caught_up) continue;
    subscription->bulk = false;
    movers_.push_back(subscription);
  }
}

void FetchLoop::hand_back(Subscription& subscription, ErrorCode error, std::string detail) {
  subscription.resting = true;
  reader_.detach(subscription);
  subscription.subscriber->on_fetch_problem({error, std::nullopt, std::move(detail)});
}

void FetchLoop::take_error(Subscription& subscription, session::FetchedPartition& partition) {
  const ErrorCode error = partition.error;
  const bool for_subscriber =
      error == ErrorCode::kNone || !is_retriable(error) || error == ErrorCode::kUnknownTopicId ||
      error == ErrorCode::kUnknownTopicOrPartition || error == ErrorCode::kCorruptMessage;
  if (!for_subscriber) {
    reader_.detach(subscription);
    reader_.unrouted_.insert(&subscription);
    if (refreshes_metadata(error)) reader_.cluster_.request_refresh();
    return;
  }
  subscription.resting = true;
  reader_.detach(subscription);
  subscription.subscriber->on_fetch_problem({error, partition.diverging, std::string(name(error))});
}

}  // namespace ottla::kafka
