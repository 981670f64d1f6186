#pragma once
// Broker: one listener of a fake cluster and the connections that it accepted. As in Kafka, one
// request of a connection is executed at a time and answers come in order.

#include <deque>
#include <list>
#include <memory>

#include "kafka/fake/handlers.h"
#include "net/listener.h"
#include "net/task_group.h"
#include "net/tls.h"

namespace ottla::kafka::fake {

class BlackHole;

class Broker {
 public:
  // `changed` is notified after every change that a waiting request may wait for.
  Broker(net::IoContext& context, State& state, net::Event& changed, BrokerId id,
         std::shared_ptr<net::TlsContext> tls, BlackHole* black_hole);
  ~Broker();

  // Listens on `port` (0: any) and accepts; returns the address.
  Result<net::Endpoint> start(std::uint16_t port);
  // Closes the listener and every connection.
  void go_down();
  void close_connections();
  void release_zombies();
  net::Task<void> stop();

  [[nodiscard]] std::size_t connections() const { return open_.size(); }

 private:
  struct Link;
  struct Frame;

  static net::Task<void> run_accept(Broker* self, std::shared_ptr<net::Listener> listener);
  static net::Task<void> run_link(Broker* self, std::unique_ptr<net::Stream> stream);
  static net::Task<void> run_zombie(Broker* self, std::vector<ByteVector> requests,
                                    net::Duration delay);
  net::Task<bool> serve_one(Link& link, Bytes request);
  net::Task<bool> serve_faulty(Link& link, const Frame& frame, const Fault& fault);
  // Executes and encodes; false when the connection must close.
  net::Task<bool> execute(Link& link, const Frame& frame, const Fault& fault, wire::Writer& out,
                          bool& answered);
  net::Task<bool> hang(Link& link);
  [[nodiscard]] Outcome attempt(const Frame& frame, Call& call, wire::Writer& out);

  net::IoContext& context_;
  State& state_;
  net::Event& changed_;
  BrokerId id_;
  std::shared_ptr<net::TlsContext> tls_;
  BlackHole* black_hole_;
  net::TaskGroup group_;
  net::Event zombies_released_;
  std::shared_ptr<net::Listener> listener_;
  std::list<net::Stream*> open_;
};

}  // namespace ottla::kafka::fake
