#pragma once
// BlackHole: produces are accepted without keeping a byte, fetches answered from one prepared set
// of batches without end, straight from its memory. For benches: what is measured is then the
// client.

#include <atomic>
#include <limits>
#include <map>
#include <string>

#include "kafka/fake/batches.h"
#include "kafka/protocol/api.h"
#include "net/stream.h"

namespace ottla::kafka::fake {

struct State;

class BlackHole {
 public:
  // `batches`: whole batches without gaps that every fetch is answered with, as far as its limits
  // allow. `end`: offset at which every partition ends.
  explicit BlackHole(ByteVector batches,
                     Offset end = Offset(std::numeric_limits<std::int64_t>::max() / 2));

  // Produce and Fetch of all topics but compacted ones, which their writers read back: those are
  // kept as always. A request asks for topics of one kind only.
  static bool takes(State& state, const RequestHeader& header, Bytes body);
  net::Task<Status> answer(net::Stream& stream, const RequestHeader& header, Bytes body);

  // Any thread.
  [[nodiscard]] std::uint64_t produced_bytes() const { return produced_bytes_; }
  [[nodiscard]] std::uint64_t produced_records() const { return produced_records_; }
  [[nodiscard]] std::uint64_t fetched_bytes() const { return fetched_bytes_; }

 private:
  struct Prepared {
    Bytes after_base_offset;
    std::int32_t records;
  };
  struct FetchAnswer;

  net::Task<Status> produce(net::Stream& stream, const RequestHeader& header, Bytes body);
  net::Task<Status> fetch(net::Stream& stream, const RequestHeader& header, Bytes body);

  ByteVector batches_;
  std::vector<Prepared> prepared_;
  Offset end_;
  std::map<std::pair<std::string, PartitionId>, std::int64_t> ends_;
  std::atomic<std::uint64_t> produced_bytes_ = 0;
  std::atomic<std::uint64_t> produced_records_ = 0;
  std::atomic<std::uint64_t> fetched_bytes_ = 0;
};

}  // namespace ottla::kafka::fake
