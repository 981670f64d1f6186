// The walk over a Fetch response, which reads what a broker sent before anything else looks at it.
// An input is: version, then the body. Whatever the generated decoder takes, the walk takes too,
// and sees the same partitions.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "kafka/protocol/generated/fetch.h"
#include "kafka/session/fetch_response_walk.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ottla::kafka;
  if (size < 1) return -1;
  const std::int16_t version = data[0];
  if (version < FetchResponse::kMinVersion || version > FetchResponse::kMaxVersion) return -1;
  const ottla::Bytes input = std::as_bytes(std::span(data, size)).subspan(1);
  std::vector<std::byte> body(input.begin(), input.end());
  FetchResponse decoded;
  ottla::kafka::wire::Reader reader(body);
  const bool good = decoded.decode(reader, version).has_value();
  session::FetchResponseWalk walk(body, version);
  session::FetchedPartition partition;
  std::size_t walked = 0;
  ottla::Result<bool> more = walk.ok();
  while (walk.ok()) {
    more = walk.next(partition);
    if (!more || !*more) break;
    ++walked;
    require(partition.records.empty() ||
            (partition.records.data() >= body.data() &&
             partition.records.data() + partition.records.size() <= body.data() + body.size()));
  }
  if (!good) return 0;
  require(walk.ok() && more.has_value());
  std::size_t expected = 0;
  for (const auto& topic : decoded.responses) expected += topic.partitions.size();
  require(walked == expected);
  return 0;
}
