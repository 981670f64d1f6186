#pragma once
// Reading requests from a stream and writing answers to it.

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/fake/batches.h"
#include "net/stream.h"

namespace ottla::kafka::fake {

class FrameReader {
 public:
  explicit FrameReader(net::Stream& stream) : stream_(stream) {}

  // The next request without its length; holds until the next call.
  net::Task<Result<Bytes>> next();
  // The request that next() gave last, and whole ones that came behind it.
  std::vector<ByteVector> take_all();

 private:
  // The length of the frame at begin_, if it is there.
  [[nodiscard]] std::optional<std::size_t> frame_size() const;
  [[nodiscard]] std::size_t ready() const { return end_ - begin_; }

  net::Stream& stream_;
  ByteVector buffer_;
  std::size_t last_ = 0;   // the frame that was given out
  std::size_t begin_ = 0;  // behind it
  std::size_t end_ = 0;
};

net::Task<Status> write_all(net::Stream& stream, Bytes bytes);
net::Task<Status> write_pieces(net::Stream& stream, std::vector<Bytes>& pieces);

}  // namespace ottla::kafka::fake
