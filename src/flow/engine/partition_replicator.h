#pragma once
// PartitionReplicator: copies one upstream partition; the unit of ownership, of failure and of
// movement.
//
//        source broker                                              target broker
//             │ fetched batches                                          ▲ next batch
//   Reader ───┴──▶ CopyPipeline (decide, re-encode, coalesce, number) ───┴── Writer
//                                     │ acknowledged: (upstream, downstream, count)
//                                     ▼
//                                 OffsetMap ──▶ MapJournal ──▶ ottla-offset-map-internal
//
// Life:  prepare ─▶ run ─▶ (trouble) ─▶ settle ─▶ prepare …
//   prepare  learns where both logs stand and which records are on the target already
//   (reconcile()),
//            fences former owners where the broker does not remember them, and starts both sides.
//   run      everything happens in callbacks of Reader and Writer; this coroutine waits.
//   settle   takes no more batches and waits until every batch in flight is answered or given up.
//            Then the trouble is handled: a policy, a pause, or simply prepare again.
//
// Invariants
//   1. A batch is sent only in state run, with the next ordinals of the current generation, and the
//      generation is durable in the journal before its first batch is sent.
//   2. The map grows only by acknowledged batches, in order. What was in flight when trouble came
//   is
//      decided by prepare, from the target's own log, never by repeating.
//   3. Whatever is skipped is in the loss ledger before the position moves past it.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "flow/engine/replica_context.h"
#include "flow/groups/mm2_publisher.h"
#include "flow/offsets/map_log.h"
#include "flow/offsets/reconcile.h"

namespace ottla::flow {

struct PartitionSpec {
  TopicPartition source;
  TopicId source_id;
  std::string target_topic;
  TopicId target_id;
  bool compacted = false;  // the upstream log may lose records between two reads
  std::size_t target_batch_bytes_max = 1'000'000;
  bool target_is_new = false;  // created by this process: nothing of ours can stand there
  // Last copied offset that MM2, or an Ottla whose map is gone, has left: the copy goes on behind
  // it.
  std::optional<Offset> stored_position;
};

class PartitionReplicator final : public kafka::FetchSubscriber,
                                  public kafka::BatchSource,
                                  public JournalClient {
 public:
  PartitionReplicator(ReplicaContext& context, PartitionSpec spec,
                      std::optional<LoadedPartition> loaded);
  ~PartitionReplicator() override;

  static net::Task<void> run(PartitionReplicator* self);
  // Ends run() after everything in flight is answered. Idempotent.
  void stop();
  void pause(bool paused);
  // Another attempt now for a partition that stands still because of a problem.
  void retry();

  // The topic was deleted and created again, on the source or on the target.
  void on_source_recreated(TopicId id);
  void on_target_recreated(TopicId id);
  void on_source_deleted();
  void set_target_batch_bytes_max(std::size_t bytes);

  [[nodiscard]] const PartitionSpec& spec() const { return spec_; }
  [[nodiscard]] PartitionStatus status() const;
  // Where an upstream offset stands on the target; nothing while no map is known.
  [[nodiscard]] std::optional<Translation> translate(Offset upstream) const;
  [[nodiscard]] PositionReport position() const;
  // Once a second: rates, watchdog.
  void tick();
  // The upstream end moves and the position has not, for this long.
  [[nodiscard]] std::chrono::milliseconds stalled_for() const;

  // --- FetchSubscriber, BatchSource, JournalClient ---
  [[nodiscard]] std::size_t fetch_credit() const override;
  void on_log_ends(const kafka::LogEnds& ends) override;
  void on_arriving(std::size_t bytes) override { arriving_bytes_ += bytes; }
  void on_fetched(kafka::FetchedChunk chunk) override;
  void on_fetch_problem(kafka::FetchProblem problem) override;
  std::optional<kafka::OutgoingBatch> next_batch(std::size_t bytes_max) override;
  void on_produced(kafka::ProduceOutcome outcome) override;
  void on_reachability(const std::string& trouble) override { reachability_ = trouble; }
  void on_throttled(net::Duration how_long) override;
  void on_leader_moved() override;
  [[nodiscard]] const PartitionKey& journal_key() const override { return log_.key(); }
  std::vector<MapRecord> plan() override;
  void committed() override;

 private:
  enum class Phase { kPreparing, kRunning, kSettling, kStandingStill };
  struct Trouble {
    enum class Kind {
      kReconcile,   // prepare again
      kOutOfRange,  // position outside of the upstream log
      kTruncated,   // the upstream log was cut
      kTooLarge,    // a record that the target does not take
      kPermanent,   // a person must act
    } kind = Kind::kReconcile;
    std::string text;
    Offset offset{-1};
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
  };

  // prepare and its steps (partition_prepare.cc)
  net::Task<Status> prepare();
  net::Task<Status> begin_copy();
  net::Task<Result<bool>> begun_elsewhere();
  net::Task<Result<Offset>> first_position();
  net::Task<Result<ReconcileDecision>> ask_target();
  net::Task<Result<ReconcileInput>> question();
  net::Task<Status> check_target_identity();
  net::Task<Result<Tail>> read_tail(Offset from, Offset end);
  net::Task<Status> fence();
  net::Task<Status> wait_until_quiet();
  net::Task<Status> apply(ReconcileDecision decision);
  net::Task<Status> begin_generation(ProducerEpoch epoch_min, bool new_producer_id,
                                     std::int64_t first_ordinal);
  net::Task<Status> reload_map();
  void enter_discovered(const ReconcileDecision& decision);
  void start_pipeline(std::int64_t skip, bool alone);

  // trouble (partition_trouble.cc)
  void report(Trouble trouble);
  void report_after_pending();
  net::Task<void> settle();
  net::Task<Status> handle(Trouble trouble);
  net::Task<Status> handle_reconcile(const Trouble& trouble);
  net::Task<Status> handle_too_large(const Trouble& trouble);
  net::Task<Status> handle_out_of_range();
  net::Task<Status> handle_truncation(Offset end);
  net::Task<Status> handle_recreations();
  // Writes the ledger entry first. False: the policy is `stop`, and the partition stood still.
  net::Task<Result<bool>> lose(LossEntry entry, LossAction action);
  // Until retry(), stop(), or the time is over.
  net::Task<void> stand_still(std::string reason, net::Duration until_retry);
  static net::Task<void> run_loss_writer(PartitionReplicator* self);
  [[nodiscard]] LossEntry loss(LossKind kind, Offset from, Offset to, std::string text) const;
  void note_loss(LossEntry entry);

  void enter(const Copied& copied, Offset downstream);
  void enter_run(Offset upstream, Offset downstream, std::int64_t count);
  void enter_position(const Copied& copied);
  void drain_pipeline();
  static net::Task<void> run_announcer(PartitionReplicator* self);
  [[nodiscard]] std::string place() const;

  ReplicaContext& context_;
  PartitionSpec spec_;
  MapLog log_;
  CopyState state_;
  OffsetMap map_;
  bool has_map_ = false;
  CopyPipeline pipeline_;

  kafka::Subscription* subscription_ = nullptr;
  kafka::Publication* publication_ = nullptr;
  net::Event event_;
  Phase phase_ = Phase::kPreparing;
  bool stopping_ = false;
  bool paused_ = false;
  bool retry_ = false;
  std::optional<Trouble> trouble_;
  std::optional<Trouble> after_pending_;  // becomes trouble once everything before it is answered
  std::size_t unanswered_ = 0;            // batches handed to the writer without an outcome yet
  std::size_t arriving_bytes_ = 0;
  net::Deadline answered_at_{};  // the target's leader was heard last
  int failures_in_row_ = 0;      // troubles without progress between them
  Offset troubled_at_{-1};
  std::optional<TopicId> recreated_source_;
  std::optional<TopicId> recreated_target_;
  bool source_deleted_ = false;
  std::uint64_t attempt_ = 0;  // number of prepare's run; tells old answers from new
  Offset present_position_;    // where reading began

  // Found on the target at prepare, not yet matched with what is read again; and where the target
  // ends once they are.
  std::deque<ReconcileDecision::Discovered> present_;
  std::optional<Offset> end_after_present_;
  // Losses met on the way, to be written before the map may become durable beyond them.
  std::deque<LossEntry> unwritten_losses_;
  // Announced and not yet covered by a durable map.
  std::deque<IntentRecord::Entry> announced_;
  std::optional<IntentRecord> loaded_intents_;
  std::int64_t announced_begin_ = 0;
  Offset announced_upstream_begin_;
  std::int64_t planned_ordinal_ = 0;
  net::TaskGroup group_;

  // status
  kafka::LogEnds ends_;
  std::string reason_;
  std::string reachability_;
  net::Deadline throttled_until_{};
  std::int64_t records_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t losses_ = 0;
  double records_per_second_ = 0;
  double bytes_per_second_ = 0;
  std::int64_t ticked_records_ = 0;
  std::int64_t ticked_bytes_ = 0;
  net::Deadline ticked_at_{};
  Offset progress_position_{-1};
  net::Deadline progress_at_{};
  std::int64_t last_record_age_ms_ = -1;
  std::int64_t last_latency_ms_ = -1;
};

}  // namespace ottla::flow
