// Whatever the upstream log looks like, however it is fetched, answered and begun anew: what was
// sent is every committed record exactly once and in order, and the map says where each came from.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <set>

#include "flow/copy/copy_testing.h"
#include "flow/offsets/offset_map.h"

namespace ottla::flow {
namespace {

using namespace testing;

constexpr std::size_t kBatchBytesMax = 2000;
constexpr ProducerId kOurs{900};

// Uniform in [low, high).
template <class T = int>
T pick(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

// The source: a log and what a read_committed reader should see of it.
struct Source {
  struct Expected {
    Offset offset;
    std::int64_t timestamp_ms;
    std::optional<std::string> key;
    std::optional<std::string> value;
    ProducerId transaction{-1};
  };
  fake::PartitionLog log;
  LeaderEpoch epoch{1};
  std::deque<Expected> expected;
  std::set<ProducerId> open;
  int serial = 0;

  void add_batch() {
    fake::BatchSpec spec;
    const int count = pick(1, 6);
    const int gap_every = pick(0, 4) == 0 ? 2 : 0;
    const int kind = pick(0, 8);
    std::int32_t delta = -1;
    for (int i = 0; i < count; ++i) {
      const std::size_t size =
          pick(0, 12) == 0 ? kBatchBytesMax + 500 : static_cast<std::size_t>(pick(0, 600));
      delta += gap_every > 0 && i % gap_every == 0 ? pick(1, 4) : 1;
      const std::string value = filler(size, static_cast<std::uint32_t>(++serial));
      spec.records.push_back({std::to_string(serial), value, 1000 + pick(0, 1000), {}, delta});
    }
    if (gap_every > 0) spec.last_offset_delta = delta + pick(0, 3);
    if (kind == 0) spec.magic = static_cast<std::int8_t>(pick(0, 2));
    if (kind == 1) spec.log_append_time = true;
    if (kind >= 2 && kind < 5) {
      spec.transactional = true;
      spec.producer_id = ProducerId(pick(1, 4));
      spec.producer_epoch = ProducerEpoch(0);
      spec.base_sequence = 0;
      open.insert(spec.producer_id);
    }
    if (spec.magic == 2) spec.codec = static_cast<records::Codec>(pick(0, 5));
    const Offset at = log.end() + (pick(0, 6) == 0 ? pick(0, 5) : 0);
    const Offset base = log.append(fake::make_batch(spec), epoch, at);
    std::int64_t latest = 0;
    for (const auto& record : spec.records) latest = std::max(latest, record.timestamp_ms);
    for (const auto& record : spec.records) {
      const std::int64_t time = spec.magic == 0 ? -1
                                : spec.log_append_time
                                    ? (spec.magic == 2 ? latest : record.timestamp_ms)
                                    : record.timestamp_ms;
      expected.push_back({base + *record.offset_delta, time, record.key, record.value,
                          spec.transactional ? spec.producer_id : ProducerId(-1)});
    }
  }

  void end_transaction(ProducerId id) {
    const bool commit = pick(0, 2) == 0;
    log.append_marker(id, ProducerEpoch(0), commit, epoch, 2000);
    open.erase(id);
    if (!commit) std::erase_if(expected, [id](const Expected& r) { return r.transaction == id; });
    for (Expected& record : expected) {
      if (record.transaction == id) record.transaction = ProducerId(-1);
    }
  }

  void grow() {
    const int what = pick(0, 5);
    if (what == 0) ++epoch;
    if (what == 1 && !open.empty()) {
      end_transaction(*std::next(open.begin(), pick<long>(0, std::ssize(open))));
    } else {
      add_batch();
    }
  }
};

struct Sent {
  fake::ByteVector bytes;
  std::optional<fake::Appended> answer;
};

// Source, pipeline, target and map, driven step by step.
struct Copy {
  Source source;
  fake::PartitionLog target;
  BufferPool pool{1U << 20};
  CopyTools tools{pool};
  CopyPipeline pipeline{tools, {}};
  OffsetMap map;
  OffsetMap durable;  // what a restart after a kill would find
  std::int64_t present_next = 0;
  Offset fetch_position{0};
  PipelineStart begun;
  std::deque<Sent> wire;
  std::set<Offset> oversized;
  std::optional<Offset> blocked;  // waits for being passed

  explicit Copy(bool announce_first) {
    CopyOptions options;
    options.batch_bytes_max = kBatchBytesMax;
    options.coalesce = pick(0, 4) != 0;
    pipeline.set_options(options);
    begun.announce_first = announce_first;
    begun.producer_id = kOurs;
    begun.producer_epoch = ProducerEpoch(0);
    begin();
  }

  void begin() {
    begun.position = map.upstream_position();
    begun.next_ordinal = map.next_ordinal();
    begun.present_records = target.end() - map.downstream_end();
    begun.alone_until_acknowledged = pick(0, 2) == 0;
    if (pick(0, 2) == 0) {
      begun.producer_epoch = begun.producer_epoch + std::int16_t{1};
      begun.generation_first_ordinal = begun.next_ordinal + begun.present_records;
    }
    blocked.reset();
    pipeline.start(begun);
    fetch_position = begun.position;
    wire.clear();
  }

  void restart() {
    if (pick(0, 2) == 0) map = durable;
    begin();
  }

  void fetch() {
    if (blocked) return;
    const Offset stable = source.log.last_stable_offset();
    const auto bytes_max = static_cast<std::size_t>(pick(100, 6000));
    const fake::ByteVector bytes = source.log.read(fetch_position, stable, bytes_max, true);
    const BufferRef buffer = in_buffer(bytes);
    const auto aborted = aborted_of(source.log, fetch_position);
    const Status taken = pipeline.take(buffer.bytes(), buffer, aborted);
    if (!taken) {
      RC_ASSERT(taken.error().code == make_error_code(BaseErrc::kLimitExceeded));
      blocked = pipeline.oversized();
      RC_ASSERT(blocked.has_value());
      return drain();
    }
    for (Bytes rest = bytes;;) {
      const auto batch = records::next_batch(rest).value();
      if (!batch) break;
      fetch_position = batch->last_offset() + 1;
    }
    drain();
  }

  // As the replicator does: once everything before it is there, the position past it is durable.
  void pass_oversized() {
    if (!blocked || pipeline.has_pending() || pipeline.in_flight() > 0) return;
    oversized.insert(*blocked);
    map.advance_upstream(*blocked + 1);
    durable = map;
    begin();
  }

  void enter(const Copied& copied, Offset downstream) {
    for (const OffsetRun& run : copied.runs) {
      RC_ASSERT(map.append(run.first, downstream, run.count).has_value());
      downstream += run.count;
    }
    RC_ASSERT(copied.upstream_next >= map.upstream_position());
    map.advance_upstream(copied.upstream_next);
  }

  void drain() {
    if (const auto decided = pipeline.take_decided()) enter(*decided, map.downstream_end());
    while (const auto present = pipeline.take_present()) enter(*present, map.downstream_end());
    pass_oversized();
  }

  void announce() {
    const auto waiting = pipeline.unannounced();
    if (waiting.empty()) return;
    const auto upto = waiting[static_cast<std::size_t>(pick<long>(0, std::ssize(waiting)))];
    pipeline.announced_until(upto.ordinal_end);
  }

  bool send() {
    auto next = pipeline.next(static_cast<std::size_t>(pick(200, 4000)));
    RC_ASSERT(next.has_value());
    if (!*next) return false;
    RC_ASSERT((*next)->bytes.size() <= kBatchBytesMax);
    wire.push_back({{(*next)->bytes.begin(), (*next)->bytes.end()}, std::nullopt});
    if (begun.alone_until_acknowledged) RC_ASSERT(wire.size() == 1U);
    return true;
  }

  // The target executes the next request.
  void execute() {
    for (Sent& sent : wire) {
      if (sent.answer) continue;
      sent.answer = target.produce(sent.bytes, {}, false, LeaderEpoch(0), 1'700'000'000'000);
      RC_ASSERT(sent.answer->error == kafka::ErrorCode::kNone);
      RC_ASSERT(!sent.answer->duplicate);
      return;
    }
  }

  void answer() {
    if (wire.empty() || !wire.front().answer) return;
    const Copied copied = pipeline.acknowledged();
    enter(copied, wire.front().answer->base_offset);
    wire.pop_front();
    begun.alone_until_acknowledged = false;
    drain();
    if (pick(0, 3) == 0) durable = map;
  }

  void step() {
    switch (pick(0, 16)) {
      case 0:
        return restart();
      case 1:
      case 2:
      case 3:
        return source.grow();
      case 4:
      case 5:
      case 6:
        return fetch();
      case 7:
      case 8:
        return announce();
      case 9:
      case 10:
      case 11:
        return static_cast<void>(send());
      case 12:
      case 13:
        return execute();
      default:
        return answer();
    }
  }

  // Every transaction ends and everything is copied; bounded, because each round makes progress.
  void finish() {
    while (!source.open.empty()) source.end_transaction(*source.open.begin());
    const Offset end = source.log.end();
    for (int i = 0; i < 3000; ++i) {
      if (map.upstream_position() == end && wire.empty()) return;
      if (fetch_position < end) fetch();
      announce();
      send();
      execute();
      answer();
    }
    RC_FAIL("does not come to an end");
  }

  void check() {
    const auto records = fake::read_records(target.all_bytes()).value();
    std::size_t at = 0;
    for (const Source::Expected& wanted : source.expected) {
      if (oversized.contains(wanted.offset)) {
        RC_ASSERT(wanted.value->size() > kBatchBytesMax);
        continue;
      }
      RC_ASSERT(wanted.value->size() <= kBatchBytesMax);
      RC_ASSERT(at < records.size());
      RC_ASSERT(records[at].key == wanted.key);
      RC_ASSERT(records[at].value == wanted.value);
      RC_ASSERT(records[at].timestamp_ms == wanted.timestamp_ms);
      const auto place = map.place_of_ordinal(static_cast<std::int64_t>(at));
      RC_ASSERT(place.has_value());
      RC_ASSERT(place->upstream == wanted.offset);
      RC_ASSERT(place->downstream == records[at].offset);
      ++at;
    }
    RC_ASSERT(at == records.size());
  }
};

void copies_exactly_once(bool announce_first) {
  Copy copy(announce_first);
  const int steps = pick(0, 150);
  for (int i = 0; i < steps; ++i) copy.step();
  copy.finish();
  copy.check();
}

RC_GTEST_PROP(CopyPipelineProperty, CopiesEveryCommittedRecordOnceAndInOrder, ()) {
  copies_exactly_once(false);
}

RC_GTEST_PROP(CopyPipelineProperty, CopiesEveryCommittedRecordOnceWhenItAnnounces, ()) {
  copies_exactly_once(true);
}

}  // namespace
}  // namespace ottla::flow
