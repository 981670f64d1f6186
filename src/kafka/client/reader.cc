#include "kafka/client/reader.h"

#include "base/assert.h"
#include "kafka/client/fetch_loop.h"

namespace ottla::kafka {

Reader::Reader(Cluster& cluster, ReaderSettings settings)
    : cluster_(cluster),
      settings_(settings),
      group_(cluster.context()),
      route_event_(cluster.context()) {
  group_.spawn("fetch router " + cluster.alias(), run_router(this));
}

Reader::~Reader() = default;

net::Task<void> Reader::stop() {
  group_.cancel();
  co_await group_.join();
}

Subscription* Reader::add(std::string topic, TopicId topic_id, PartitionId partition,
                          FetchSubscriber* subscriber) {
  auto owned = std::make_unique<Subscription>();
  Subscription* subscription = owned.get();
  subscription->topic = std::move(topic);
  subscription->topic_id = topic_id;
  subscription->partition = partition;
  subscription->subscriber = subscriber;
  cluster_.follow(subscription->topic);
  subscriptions_.emplace(subscription, std::move(owned));
  return subscription;
}

void Reader::seek(Subscription* subscription, Offset position, LeaderEpoch last_fetched_epoch) {
  detach(*subscription);
  subscription->incarnation = next_incarnation_++;
  subscription->position = position;
  subscription->last_fetched_epoch = last_fetched_epoch;
  subscription->resting = false;
  subscription->bulk = true;
  subscription->caught_up = false;
  route(*subscription);
}

void Reader::rest(Subscription* subscription) {
  detach(*subscription);
  subscription->incarnation = next_incarnation_++;
  subscription->resting = true;
}

void Reader::resume(Subscription* subscription) {
  if (subscription->loop != nullptr) subscription->loop->mark_dirty(*subscription);
  for (auto& [key, loop] : loops_) loop->wake();
}

void Reader::remove(Subscription* subscription) {
  detach(*subscription);
  cluster_.unfollow(subscription->topic);
  subscriptions_.erase(subscription);
}

void Reader::detach(Subscription& subscription) {
  unrouted_.erase(&subscription);
  if (subscription.loop != nullptr) subscription.loop->remove(subscription);
  subscription.loop = nullptr;
}

FetchLoop& Reader::loop_for(BrokerId broker, bool bulk) {
  auto& loop = loops_[{broker, bulk}];
  if (!loop) {
    loop = std::make_unique<FetchLoop>(*this, broker, bulk);
    group_.spawn(fmt::format("fetch {} broker {}", cluster_.alias(), broker),
                 FetchLoop::run(loop.get()));
  }
  return *loop;
}

void Reader::route(Subscription& subscription) {
  if (subscription.resting) return;
  const auto& metadata = cluster_.metadata();
  const PartitionMetadata* known =
      metadata ? metadata->partition(subscription.topic, subscription.partition) : nullptr;
  if (known == nullptr || known->leader.value() < 0) {
    subscription.subscriber->on_reachability(
        known == nullptr ? cluster_.alias() + ": waiting for metadata"
                         : cluster_.alias() + ": the partition has no leader at the moment");
    unrouted_.insert(&subscription);
    cluster_.request_refresh();
    return;
  }
  subscription.leader_epoch = known->leader_epoch;
  subscription.loop = &loop_for(known->leader, subscription.bulk);
  subscription.loop->add(subscription);
}

void Reader::reroute_all() {
  // route() tells the subscriber, who may add or remove others.
  std::vector<Subscription*> all;
  all.reserve(subscriptions_.size());
  for (const auto& [subscription, owned] : subscriptions_) all.push_back(subscription);
  for (Subscription* subscription : all) {
    if (!subscriptions_.contains(subscription) || subscription->resting) continue;
    const PartitionMetadata* known =
        cluster_.metadata()->partition(subscription->topic, subscription->partition);
    if (known == nullptr) continue;
    const bool same = subscription->loop != nullptr && known->leader.value() >= 0 &&
                      subscription->loop == &loop_for(known->leader, subscription->bulk) &&
                      subscription->leader_epoch == known->leader_epoch;
    if (same) continue;
    detach(*subscription);
    route(*subscription);
  }
}

net::Task<void> Reader::run_router(Reader* self) {
  for (;;) {
    const Status changed = co_await self->cluster_.metadata_changed().wait(net::Clock::now() +
                                                                           std::chrono::seconds(1));
    if (!changed && is_cancelled(changed.error())) co_return;
    if (!self->cluster_.metadata()) continue;
    if (changed) self->reroute_all();
    // Errors of single partitions (not the leader any more, no leader yet) are tried again here.
    const std::unordered_set<Subscription*> waiting = std::move(self->unrouted_);
    self->unrouted_.clear();
    for (Subscription* subscription : waiting) {
      if (self->subscriptions_.contains(subscription)) self->route(*subscription);
    }
  }
}

bool Reader::has_memory(std::size_t bytes) const {
  const std::size_t used = cluster_.pool().used_bytes() + *reserved_bytes_;
  return used == 0 || used + bytes <= settings_.memory_bytes_max;
}

}  // namespace ottla::kafka
