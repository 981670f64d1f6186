#include "kafka/client/writer.h"

#include "base/assert.h"
#include "kafka/client/produce_lane.h"
#include "kafka/protocol/generated/produce.h"

namespace ottla::kafka {

Writer::Writer(Cluster& cluster, WriterSettings settings)
    : cluster_(cluster), settings_(settings), group_(cluster.context()) {
  group_.spawn("produce router " + cluster.alias(), run_router(this));
}

Writer::~Writer() = default;

net::Task<void> Writer::stop() {
  group_.cancel();
  co_await group_.join();
  for (auto& [key, lane] : lanes_) co_await lane->drain();
}

Publication* Writer::add(std::string topic, TopicId topic_id, PartitionId partition,
                         BatchSource* source) {
  auto owned = std::make_unique<Publication>();
  Publication* publication = owned.get();
  publication->topic = std::move(topic);
  publication->topic_id = topic_id;
  publication->partition = partition;
  publication->source = source;
  cluster_.follow(publication->topic);
  publications_.emplace(publication, std::move(owned));
  route(*publication);
  return publication;
}

void Writer::remove(Publication* publication) {
  detach(*publication);
  cluster_.unfollow(publication->topic);
  publications_.erase(publication);
}

void Writer::ready(Publication* publication) {
  publication->queued = publication->queued && publication->lane != nullptr;
  if (publication->lane != nullptr) {
    publication->lane->ready(*publication);
  } else {
    unrouted_.insert(publication);
  }
}

void Writer::reroute(Publication* publication) {
  if (publication->under_way > 0) {
    publication->moving = true;
    return;
  }
  detach(*publication);
  route(*publication);
}

void Writer::answered(Publication& publication, ProduceOutcome outcome) {
  OTTLA_ASSERT(publication.under_way > 0);
  --publication.under_way;
  if (publication.under_way == 0 && publication.moving) {
    detach(publication);
    route(publication);
  }
  publication.source->on_produced(std::move(outcome));
}

void Writer::detach(Publication& publication) {
  unrouted_.erase(&publication);
  if (publication.lane != nullptr) publication.lane->remove(publication);
  publication.lane = nullptr;
  publication.under_way = 0;
  publication.moving = false;
}

// The same lane for the same partition, spread evenly.
ProduceLane& Writer::lane_for(BrokerId broker, const Publication& publication) {
  const std::size_t spread = std::hash<std::string>{}(publication.topic) +
                             static_cast<std::size_t>(publication.partition.value());
  const std::size_t index = settings_.first_lane + spread % settings_.lanes;
  auto& lane = lanes_[{broker, index}];
  if (!lane) {
    lane = std::make_unique<ProduceLane>(*this, broker, index);
    group_.spawn(fmt::format("produce {} broker {}", cluster_.alias(), broker),
                 ProduceLane::run(lane.get()));
  }
  return *lane;
}

void Writer::route(Publication& publication) {
  const auto& metadata = cluster_.metadata();
  const PartitionMetadata* known =
      metadata ? metadata->partition(publication.topic, publication.partition) : nullptr;
  if (known == nullptr || known->leader.value() < 0) {
    publication.source->on_reachability(
        known == nullptr ? cluster_.alias() + ": waiting for metadata"
                         : cluster_.alias() + ": the partition has no leader at the moment");
    unrouted_.insert(&publication);
    cluster_.request_refresh();
    return;
  }
  publication.lane = &lane_for(known->leader, publication);
  publication.lane->add(publication);
  publication.lane->ready(publication);
}

// A partition whose leader moved keeps its lane while batches are under way there: their source
// sees the errors first, and asks for reroute(). All others move at once.
net::Task<void> Writer::run_router(Writer* self) {
  for (;;) {
    const Status changed = co_await self->cluster_.metadata_changed().wait(net::Clock::now() +
                                                                           std::chrono::seconds(1));
    if (!changed && is_cancelled(changed.error())) co_return;
    const auto& metadata = self->cluster_.metadata();
    if (changed && metadata) {
      for (auto& [publication, owned] : self->publications_) {
        const PartitionMetadata* known =
            metadata->partition(publication->topic, publication->partition);
        const bool moved = known != nullptr && known->leader.value() >= 0 &&
                           publication->lane != nullptr &&
                           publication->lane != &self->lane_for(known->leader, *publication);
        if (moved && publication->under_way == 0) {
          self->detach(*publication);
          publication->source->on_leader_moved();
        }
        if (publication->lane == nullptr) self->unrouted_.insert(publication);
      }
    }
    const std::unordered_set<Publication*> waiting = std::move(self->unrouted_);
    self->unrouted_.clear();
    for (Publication* publication : waiting) {
      // route() tells the source, which may remove others.
      if (self->publications_.contains(publication)) self->route(*publication);
    }
  }
}

net::Task<Result<Offset>> Writer::append(std::string topic, PartitionId partition,
                                         BufferRef batch) {
  struct Once final : BatchSource {
    explicit Once(net::IoContext& context) : event(context) {}
    std::optional<OutgoingBatch> next_batch(std::size_t) override {
      if (sent) return std::nullopt;
      sent = true;
      return OutgoingBatch{batch.bytes(), batch};
    }
    void on_produced(ProduceOutcome o) override {
      outcome = std::move(o);
      event.notify_all();
    }
    void on_reachability(const std::string& t) override { trouble = t; }
    net::Event event;
    BufferRef batch;
    bool sent = false;
    std::optional<ProduceOutcome> outcome;
    std::string trouble;
  };
  Once once(cluster_.context());
  once.batch = std::move(batch);
  Publication* publication = add(topic, TopicId{}, partition, &once);
  const net::Deadline deadline =
      net::Clock::now() + cluster_.settings().connection.request_timeout * 2;
  Status waited;
  while (!once.outcome && waited) waited = co_await once.event.wait(deadline);
  remove(publication);
  if (!once.outcome) {
    co_return std::unexpected(std::move(waited).error().within(
        fmt::format("{}: append to {}: {}", cluster_.alias(), topic, once.trouble)));
  }
  if (once.outcome->unanswered) co_return std::unexpected(*std::move(once.outcome->unanswered));
  if (once.outcome->error != ErrorCode::kNone) {
    co_return fail(once.outcome->error, fmt::format("{}: append to {}-{} {}", cluster_.alias(),
                                                    topic, partition, once.outcome->message));
  }
  co_return once.outcome->base_offset;
}

}  // namespace ottla::kafka
