#pragma once
// MapJournal: keeps the offset maps of one core's partitions durable, in the topic
// `ottla-offset-map-internal` on the target: about once a second what has changed, at once when a
// partition must not go on before it is (a new producer generation, a cut of the map), and at stop.
//
// One flush at a time, so that the records of a partition are written in the order of its plans.

#include <unordered_set>
#include <vector>

#include "flow/engine/internal_log.h"
#include "flow/offsets/map_log.h"
#include "net/task_group.h"

namespace ottla::flow {

// A partition's side. plan() gives what must be written now; committed() follows when it stands.
class JournalClient {
 public:
  virtual ~JournalClient() = default;
  [[nodiscard]] virtual const PartitionKey& journal_key() const = 0;
  virtual std::vector<MapRecord> plan() = 0;
  virtual void committed() = 0;
};

class MapJournal {
 public:
  MapJournal(net::TaskGroup& group, InternalLog& log, std::int32_t topic_partitions,
             net::Duration interval);

  void enlist(JournalClient* client) { clients_.insert(client); }
  void delist(JournalClient* client) { clients_.erase(client); }

  // Returns when everything that clients had to write at the time of the call is durable; kTimedOut
  // after the deadline (it is tried on).
  net::Task<Status> flush(net::Deadline deadline);
  // One record beside the plans (an announcement).
  net::Task<Status> write(PartitionKey key, MapRecord record);

  // What the topic holds of a partition now; nothing where it holds none.
  net::Task<Result<std::optional<LoadedPartition>>> load(PartitionKey key);

  // Why the last flush failed; empty: it did not.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  static net::Task<void> run(MapJournal* self);
  net::Task<Status> flush_once();
  [[nodiscard]] PartitionId topic_partition(const PartitionKey& key) const;

  InternalLog& log_;
  std::int32_t topic_partitions_;
  net::Duration interval_;
  net::Event wanted_event_;
  net::Event done_event_;
  std::unordered_set<JournalClient*> clients_;
  std::uint64_t wanted_ = 0;  // number of the newest flush asked for
  std::uint64_t started_ = 0;
  std::uint64_t completed_ = 0;  // number of the newest flush that succeeded
  std::string trouble_;
};

}  // namespace ottla::flow
