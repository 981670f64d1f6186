// A model of a broker's partition (producer state that expires, requests of dead clients that run
// late, truncation, foreign writers) against owners that know only the map and reconcile().
// Whatever happens: every upstream record stands on the target exactly once, in order, and the
// map says where.

#include <gtest/gtest.h>

#include <deque>

#include "flow/offsets/reconcile.h"
#include "flow/offsets/sequence.h"
#include "flow/offsets/test_support.h"

namespace ottla::flow {
namespace {

using Step = ReconcileDecision::Step;
constexpr std::int64_t kNow = 1'000'000'000;
constexpr ProducerId kOurs{7};

struct Request {
  std::int64_t sender = 0;  // which owner, or which attempt of it
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  std::vector<std::int64_t> upstream;  // the records, by their upstream offset
};

enum class Answer { kOk, kOutOfOrder, kFenced };

// One partition of the target.
struct Broker {
  struct Batch {
    TailBatch header;
    std::vector<std::int64_t> upstream;
  };
  std::vector<Batch> log;
  std::int64_t end = 0;
  bool has_state = false;
  std::int16_t epoch = 0;
  std::int32_t last_sequence = -1;

  void put(TailBatch header, std::vector<std::int64_t> upstream, std::int64_t count) {
    header.base = Offset(end);
    header.last = Offset(end + count - 1);
    log.push_back({header, std::move(upstream)});
    end += count;
  }
  Answer produce(const Request& r, std::int64_t& base) {
    const auto count = static_cast<std::int64_t>(r.upstream.size());
    if (has_state && r.epoch < epoch) return Answer::kFenced;
    if (has_state && r.epoch == epoch && last_sequence >= 0) {
      if (log_has(r, base)) return Answer::kOk;
      if (r.sequence != sequence_of(last_sequence + std::int64_t{1}, 0)) {
        return Answer::kOutOfOrder;
      }
    } else if (has_state && r.sequence != 0) {
      return Answer::kOutOfOrder;
    }
    base = end;
    put({{}, {}, kOurs, ProducerEpoch(r.epoch), r.sequence, false}, r.upstream, count);
    has_state = true;
    epoch = r.epoch;
    last_sequence = sequence_of(r.sequence + count - 1, 0);
    return Answer::kOk;
  }
  // Of the last five batches of the producer, one with the same range: answered, not appended.
  bool log_has(const Request& r, std::int64_t& base) const {
    int seen = 0;
    for (auto b = log.rbegin(); b != log.rend() && seen < 5; ++b) {
      if (b->header.producer_id != kOurs || b->header.is_control) continue;
      ++seen;
      if (b->header.epoch.value() == r.epoch && b->header.base_sequence == r.sequence &&
          b->upstream.size() == r.upstream.size()) {
        base = b->header.base.value();
        return true;
      }
    }
    return false;
  }
  void marker(std::int16_t new_epoch) {
    put({{}, {}, kOurs, ProducerEpoch(new_epoch), -1, true}, {}, 1);
    has_state = true;
    epoch = new_epoch;
    last_sequence = -1;
  }
  void foreign(std::int64_t count) {
    put({{}, {}, ProducerId(-1), ProducerEpoch(-1), -1, false}, {}, count);
  }
  // Unclean election: whole batches at the end are gone, the state follows the log.
  void truncate(std::size_t batches) {
    for (; batches > 0 && !log.empty(); --batches) {
      end = log.back().header.base.value();
      log.pop_back();
    }
    has_state = false;
    for (const Batch& b : log) {
      if (b.header.producer_id != kOurs) continue;
      has_state = true;
      epoch = b.header.epoch.value();
      last_sequence = b.header.is_control
                          ? -1
                          : sequence_of(b.header.base_sequence + b.header.offsets() - 1, 0);
    }
  }
};

struct Durable {
  OffsetMap map;
  std::vector<Generation> generations;
};

// Upstream offset of the record with ordinal n: gaps of one every third record.
std::int64_t upstream_of(std::int64_t n) {
  return n + n / 3;
}
std::int64_t ordinal_at(std::int64_t position) {  // first record at or after
  std::int64_t n = position * 3 / 4;
  while (n > 0 && upstream_of(n - 1) >= position) --n;
  while (upstream_of(n) < position) ++n;
  return n;
}

struct World {
  Broker broker;
  std::deque<Request> wire;  // sent, not yet executed; of the living owner and of dead ones
  Durable durable;
  Durable own;                                              // what the living owner knows
  std::int64_t sent_next = 0;                               // ordinal
  std::vector<std::pair<Request, std::int64_t>> in_flight;  // with the expected base offset
  std::int64_t foreign_reported = 0;
  std::int64_t foreign_written = 0;
  bool is_ready = false;
  bool is_virgin = true;
  std::int64_t sender = 0;
  bool was_alone = false;  // no request of a former owner was left at the last decision

  void start() {
    own = durable;
    in_flight.clear();
    is_ready = false;
    become_ready();
  }

  void become_ready() {
    ++sender;
    std::optional<Tail> tail;
    bool fenced = false;
    for (int i = 0; i < 12; ++i) {
      std::optional<ProducerEntry> entry;
      if (broker.has_state) {
        entry = ProducerEntry{kOurs, ProducerEpoch(broker.epoch), broker.last_sequence, kNow};
      }
      execute(pick(0, 2));  // a late request between the questions
      const auto d = reconcile({.map = own.map,
                                .generations = own.generations,
                                .producer = entry,
                                .log_start = Offset(0),
                                .log_end = Offset(broker.end),
                                .tail = tail,
                                .fenced = fenced,
                                .now_ms = kNow});
      switch (d.step) {
        case Step::kResume:
          return apply(d);
        case Step::kReadTail:
          tail = read_tail(d.read_from);
          break;
        case Step::kFence: {
          const std::int16_t last = own.generations.back().epoch.value();
          const std::int16_t above = std::max(last, broker.has_state ? broker.epoch : last);
          broker.marker(static_cast<std::int16_t>(above + 1));
          fenced = true;
          tail.reset();
          break;
        }
        default:
          tail.reset();
          break;
      }
    }
    RC_FAIL("reconciliation does not come to an end");
  }

  Tail read_tail(Offset from) {
    Tail tail{from, Offset(broker.end), {}};
    for (const auto& b : broker.log) {
      if (b.header.last >= from) tail.batches.push_back(b.header);
    }
    return tail;
  }

  void apply(const ReconcileDecision& d) {
    RC_ASSERT(d.duplicates.empty());
    RC_ASSERT(d.out_of_order.empty());
    if (d.truncate_to) own.map.truncate_downstream(*d.truncate_to);
    RC_ASSERT(d.upstream_position == own.map.upstream_position());
    std::int64_t skipped = 0;
    for (const auto& run : d.discovered) {
      for (std::int64_t i = 0; i < run.count; ++i, ++skipped) {
        const std::int64_t n = ordinal_at(own.map.upstream_position().value());
        RC_ASSERT(own.map.append(Offset(upstream_of(n)), run.downstream + i, 1).has_value());
      }
    }
    RC_ASSERT(skipped == d.skip);
    for (const auto& f : d.foreign) foreign_reported += f.count;
    own.map.advance_downstream(d.downstream_end, OffsetMap::DownstreamGap::kForeign);
    RC_ASSERT(own.map.next_ordinal() == d.resume_ordinal);
    if (d.new_generation) {
      std::int16_t epoch = d.epoch_min.value();
      own.generations.push_back(
          {kOurs, ProducerEpoch(epoch), d.resume_ordinal, own.map.upstream_position()});
    }
    durable = own;  // a generation and a cut are durable before they are built upon
    sent_next = d.resume_ordinal;
    in_flight.clear();
    is_virgin = d.first_batch_alone;
    was_alone = wire.empty();
    is_ready = true;
  }

  void send() {
    if (!is_ready || (is_virgin && !in_flight.empty())) return;
    const Generation& g = own.generations.back();
    Request r{sender, g.epoch.value(), sequence_of(sent_next, g.first_ordinal), {}};
    std::int64_t expected = own.map.downstream_end().value();
    if (!in_flight.empty()) {
      const auto& [last, base] = in_flight.back();
      expected = base + static_cast<std::int64_t>(last.upstream.size());
    }
    for (std::int64_t i = pick(1, 5); i > 0; --i) r.upstream.push_back(upstream_of(sent_next++));
    in_flight.emplace_back(r, expected);
    wire.push_back(r);
  }

  // Runs the oldest `n` requests; answers reach whoever is alive and waits for them.
  void execute(std::int64_t n) {
    for (; n > 0 && !wire.empty(); --n) {
      const Request r = wire.front();
      wire.pop_front();
      std::int64_t base = -1;
      const Answer answer = broker.produce(r, base);
      answered(r, answer, base);
    }
  }

  void answered(const Request& r, Answer answer, std::int64_t base) {
    if (!is_ready || in_flight.empty()) return;
    const auto& [first, expected] = in_flight.front();
    if (first.sender != r.sender || first.sequence != r.sequence) return;
    is_virgin = false;
    if (answer != Answer::kOk || base != expected) {
      is_ready = false;  // reconcile
      return;
    }
    const std::int64_t position = own.map.upstream_position().value();
    for (std::size_t i = 0; i < r.upstream.size(); ++i) {
      RC_ASSERT(r.upstream[i] == upstream_of(ordinal_at(i == 0 ? position : r.upstream[i])));
      RC_ASSERT(
          own.map.append(Offset(r.upstream[i]), Offset(base + static_cast<std::int64_t>(i)), 1)
              .has_value());
    }
    in_flight.erase(in_flight.begin());
  }

  // The broker forgets the producer. Either after hours without traffic: requests of dead clients
  // are gone and a decision taken before is too old to act upon; or, with old timestamps, at any
  // time: the lease sees to it that no request of a former owner is left then.
  void expire() {
    const bool alone =
        std::ranges::all_of(wire, [this](const Request& r) { return r.sender == sender; });
    if (!is_ready || !was_alone || !alone || pick(0, 2) == 0) {
      execute(1000);
      is_ready = false;
    }
    broker.has_state = false;
  }

  void check() {
    std::vector<std::int64_t> copied;
    std::size_t known = 0;
    for (const auto& b : broker.log) {
      for (std::size_t i = 0; i < b.upstream.size(); ++i) {
        copied.push_back(b.upstream[i]);
        const auto t = own.map.translate(Offset(b.upstream[i]));
        RC_ASSERT(t.kind == Translation::Kind::kRecord);
        RC_ASSERT(t.offset == b.header.base + static_cast<std::int64_t>(i));
        ++known;
      }
    }
    for (std::size_t n = 0; n < copied.size(); ++n) {
      RC_ASSERT(copied[n] == upstream_of(static_cast<std::int64_t>(n)));
    }
    RC_ASSERT(own.map.next_ordinal() == static_cast<std::int64_t>(known));
  }
};

void run_world(bool with_truncation) {
  World w;
  w.start();
  for (std::int64_t steps = pick(10, 120); steps > 0; --steps) {
    switch (pick(0, 16)) {
      case 0:
        w.start();  // crash or takeover: what is on the wire stays there
        break;
      case 1:
        w.durable = w.own;  // flush
        break;
      case 2:
        w.expire();
        break;
      case 3: {
        const std::int64_t n = pick(1, 4);
        w.broker.foreign(n);
        w.foreign_written += n;
        break;
      }
      case 4:
        if (with_truncation && pick(0, 2) == 0) {
          w.wire.clear();  // the former leader takes its connections with it
          w.broker.truncate(static_cast<std::size_t>(pick(1, 6)));
          w.start();
        }
        break;
      case 5:
        w.wire.clear();  // connections are lost
        w.start();
        break;
      case 6:
      case 7:
        if (!w.is_ready) w.become_ready();
        break;
      case 8:
      case 9:
      case 10:
        w.execute(pick(1, 6));
        break;
      default:
        w.send();
        break;
    }
  }
  w.execute(1000);
  w.start();
  w.execute(1000);
  w.start();
  w.check();
  if (!with_truncation) RC_ASSERT(w.foreign_reported >= w.foreign_written);
}

RC_GTEST_PROP(ReconcileSimulation, NeverADuplicateNeverAGap, ()) {
  run_world(false);
}

RC_GTEST_PROP(ReconcileSimulation, RefillsATargetThatLostItsTail, ()) {
  run_world(true);
}

}  // namespace
}  // namespace ottla::flow
