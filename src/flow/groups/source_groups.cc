#include "flow/groups/source_groups.h"

#include <algorithm>

#include "base/log.h"
#include "flow/groups/group_calls.h"

namespace ottla::flow {

namespace records = kafka::records;
using kafka::ErrorCode;

namespace {
constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
constexpr std::size_t kDecompressedBytesMax = 64U << 20;
constexpr std::size_t kCreditBytes = 4U << 20;
constexpr std::chrono::milliseconds kRetryPause{1000};
}  // namespace

// One partition of the feed.
class SourceGroups::FeedPartition final : public kafka::FetchSubscriber {
 public:
  FeedPartition(SourceGroups& owner, PartitionId partition, Offset start, Offset end)
      : owner_(owner), partition_(partition), position_(start), loaded_at_(end) {}

  void attach(TopicId id) {
    subscription_ = owner_.reader_->add(std::string(kOffsetsTopic), id, partition_, this);
    owner_.reader_->seek(subscription_, position_, LeaderEpoch(-1));
  }
  [[nodiscard]] bool loaded() const { return position_ >= loaded_at_; }

  [[nodiscard]] std::size_t fetch_credit() const override { return kCreditBytes; }
  void on_log_ends(const kafka::LogEnds&) override { owner_.trouble_.clear(); }
  void on_arriving(std::size_t) override {}
  void on_reachability(const std::string& trouble) override { owner_.trouble_ = trouble; }

  void on_fetched(kafka::FetchedChunk chunk) override {
    filter_.reset(chunk.aborted);
    if (const Status taken = take(chunk.records); !taken) {
      owner_.trouble_ =
          fmt::format("{}-{}: {}", kOffsetsTopic, partition_, taken.error().to_string());
    }
    owner_.changed_event_.notify_all();
  }

  // Retention and re-creation: what is there now counts.
  void on_fetch_problem(kafka::FetchProblem problem) override {
    owner_.trouble_ = fmt::format("{}-{}: {}", kOffsetsTopic, partition_, problem.detail);
    owner_.restart_ = true;
    owner_.changed_event_.notify_all();
  }

 private:
  Status take(Bytes rest) {
    records::RecordReader reader(owner_.decompressor_, kDecompressedBytesMax);
    for (;;) {
      OTTLA_ASSIGN(const std::optional<records::BatchView> batch, records::next_batch(rest));
      if (!batch) return {};
      const bool data = filter_.see(*batch) == records::Visibility::kData;
      if (data && batch->last_offset() >= position_) {
        OTTLA_TRY(take_batch(reader, *batch));
      }
      position_ = std::max(position_, batch->last_offset() + 1);
    }
  }

  Status take_batch(records::RecordReader& reader, records::BatchView batch) {
    OTTLA_TRY(reader.open(batch));
    records::RecordView record;
    for (;;) {
      OTTLA_ASSIGN(const bool more, reader.next(record));
      if (!more) return {};
      if (!record.key) continue;
      OTTLA_ASSIGN(const std::optional<GroupPartition> place,
                   decode_offset_commit_key(*record.key));
      if (!place) continue;
      if (!record.value) {
        owner_.apply(*place, std::nullopt);
        continue;
      }
      OTTLA_ASSIGN(CommittedOffset commit, decode_offset_commit_value(*record.value));
      owner_.apply(*place, std::move(commit));
    }
  }

  SourceGroups& owner_;
  PartitionId partition_;
  Offset position_;
  Offset loaded_at_;  // the end of the log when the feed began
  kafka::Subscription* subscription_ = nullptr;
  records::AbortedFilter filter_;
};

SourceGroups::SourceGroups(kafka::Cluster& cluster, Wanted wanted, net::Duration poll_interval)
    : cluster_(cluster),
      wanted_(std::move(wanted)),
      poll_interval_(poll_interval),
      group_(cluster.context()),
      changed_event_(cluster.context()) {
  group_.spawn("source groups " + cluster.alias(), run(this));
}

SourceGroups::~SourceGroups() = default;

net::Task<void> SourceGroups::stop() {
  group_.cancel();
  co_await group_.join();
  if (reader_) co_await reader_->stop();
  reader_.reset();
  feed_.clear();
}

bool SourceGroups::loaded() const {
  if (polling_) return polled_;
  return !feed_.empty() &&
         std::ranges::all_of(feed_, [](const auto& partition) { return partition->loaded(); });
}

void SourceGroups::apply(const GroupPartition& place, std::optional<CommittedOffset> position) {
  if (!wanted_(place.group)) return;
  const auto known = positions_.find(place);
  if (position) {
    if (known != positions_.end() && known->second.offset == position->offset &&
        known->second.metadata == position->metadata) {
      return;
    }
    positions_.insert_or_assign(place, *std::move(position));
  } else {
    if (known == positions_.end()) return;
    positions_.erase(known);
  }
  changed_.insert(place);
}

net::Task<void> SourceGroups::run(SourceGroups* self) {
  for (;;) {
    if (self->restart_ || (self->feed_.empty() && !self->polling_)) {
      const Status started = co_await self->start_feed();
      if (!started && is_cancelled(started.error())) co_return;
      if (!started) {
        const bool forbidden =
            started.error().code == make_error_code(ErrorCode::kTopicAuthorizationFailed);
        if (self->trouble_.empty()) {
          OTTLA_WARN("{}: {}{}", self->cluster_.alias(), started.error().to_string(),
                     forbidden ? ". Group positions are polled instead; grant READ on "
                                 "__consumer_offsets to see them at once"
                               : "");
        }
        self->trouble_ = started.error().to_string();
        self->polling_ = forbidden;
      } else {
        self->trouble_.clear();
      }
    }
    if (self->polling_) {
      const Status polled = co_await self->poll_once();
      if (!polled && is_cancelled(polled.error())) co_return;
      self->trouble_ = polled ? "" : polled.error().to_string();
    }
    const bool works = self->polling_ || !self->feed_.empty();
    const net::Duration pause = self->polling_ ? self->poll_interval_ : kRetryPause;
    if (works && !self->polling_) {
      const Status waited = co_await self->changed_event_.wait();
      if (!waited) co_return;
      continue;
    }
    if (!co_await net::sleep_for(pause)) co_return;
  }
}

net::Task<Status> SourceGroups::start_feed() {
  restart_ = false;
  if (reader_) {
    co_await reader_->stop();
    reader_.reset();
  }
  feed_.clear();
  std::vector<std::string> names{std::string(kOffsetsTopic)};
  OTTLA_CO_ASSIGN(const auto view, co_await cluster_.describe_topics(std::move(names)));
  const auto topic = view->topics.find(std::string(kOffsetsTopic));
  const bool none_yet =
      topic != view->topics.end() && topic->second.error == ErrorCode::kUnknownTopicOrPartition;
  if (none_yet) co_return Status{};  // brokers make it with the first group
  if (topic == view->topics.end() || topic->second.error != ErrorCode::kNone) {
    co_return fail(topic == view->topics.end()
                       ? make_error_code(ErrorCode::kUnknownTopicOrPartition)
                       : make_error_code(topic->second.error),
                   std::string(kOffsetsTopic));
  }
  std::vector<std::unique_ptr<FeedPartition>> feed;
  for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
    const PartitionId partition(static_cast<std::int32_t>(p));
    const TopicPartition place{std::string(kOffsetsTopic), partition};
    OTTLA_CO_ASSIGN(const Offset start,
                    co_await kafka::list_offset(cluster_, place, kafka::kEarliest, 0));
    OTTLA_CO_ASSIGN(const Offset end,
                    co_await kafka::list_offset(cluster_, place, kafka::kLatest, 1));
    feed.push_back(std::make_unique<FeedPartition>(*this, partition, start, end));
  }
  // Positions that were deleted while nobody listened would stay: begin from nothing.
  for (const auto& [place, position] : positions_) changed_.insert(place);
  positions_.clear();
  kafka::ReaderSettings settings;
  settings.bulk_fetch_bytes = 2 << 20;
  settings.tail_fetch_bytes = 1 << 20;
  settings.first_lane = 500;
  reader_ = std::make_unique<kafka::Reader>(cluster_, settings);
  feed_ = std::move(feed);
  for (auto& partition : feed_) partition->attach(topic->second.id);
  co_return Status{};
}

net::Task<Status> SourceGroups::poll_once() {
  OTTLA_CO_ASSIGN(const auto groups, co_await list_groups(cluster_));
  std::map<GroupPartition, CommittedOffset> seen;
  for (const auto& [name, listed] : groups) {
    if (!wanted_(name)) continue;
    OTTLA_CO_ASSIGN(const GroupOffsets offsets, co_await fetch_group_offsets(cluster_, name));
    for (const auto& [place, commit] : offsets) seen.emplace(GroupPartition{name, place}, commit);
  }
  std::vector<GroupPartition> gone;
  for (const auto& [place, commit] : positions_) {
    if (!seen.contains(place)) gone.push_back(place);
  }
  for (const GroupPartition& place : gone) apply(place, std::nullopt);
  for (auto& [place, commit] : seen) apply(place, std::move(commit));
  polled_ = true;
  changed_event_.notify_all();
  co_return Status{};
}

}  // namespace ottla::flow
