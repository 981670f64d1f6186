#pragma once
// ProduceLane: one connection to one broker that carries batches of its partitions. Owned by
// Writer, which see.

#include "kafka/client/writer.h"

namespace ottla::kafka {

class ProduceLane {
 public:
  ProduceLane(Writer& writer, BrokerId broker, std::size_t index);

  void add(Publication& publication);
  void remove(Publication& publication);
  void ready(Publication& publication);
  static net::Task<void> run(ProduceLane* self);
  // Closes the connection and waits until everything under way has ended.
  net::Task<void> drain();

 private:
  struct Item {
    Publication* publication;
    OutgoingBatch batch;
  };
  // The partitions of a request, in its order; outlives the request on the connection.
  struct UnderWay {
    std::vector<Publication*> publications;  // null: removed meanwhile
    std::size_t bytes = 0;
  };

  net::Task<Status> run_connection();
  [[nodiscard]] bool has_room() const;
  // Collects one request; false when no partition has anything.
  bool collect(std::vector<Item>& items);
  void send(Connection& connection, std::int16_t version, std::vector<Item>& items);
  void on_response(const std::shared_ptr<UnderWay>& request, std::int16_t version,
                   Result<Response> response);
  Status take(const UnderWay& request, std::int16_t version, Response& response);
  void report_reachability(const std::string& trouble);

  Writer& writer_;
  BrokerId broker_;
  std::size_t index_;
  net::Event event_;
  std::deque<Publication*> ready_;
  std::unordered_set<Publication*> publications_;
  // By partition, which several publications may share: the last request that took a batch of it,
  // because a request has room for one.
  std::unordered_map<TopicPartition, std::uint64_t> last_request_;
  std::deque<std::shared_ptr<UnderWay>> under_way_;
  std::shared_ptr<UnderWay> answering_;  // whose outcomes are being told
  std::size_t bytes_under_way_ = 0;
  std::uint64_t next_request_ = 1;
  std::string trouble_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace ottla::kafka
