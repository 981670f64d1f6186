#include "kafka/fake/frame_io.h"

#include <cstring>

#include "kafka/records/big_endian.h"

namespace ottla::kafka::fake {

namespace {
constexpr std::size_t kRequestBytesMax = std::size_t{100} << 20;  // socket.request.max.bytes
constexpr std::size_t kBufferBytes = 256U << 10;
constexpr std::size_t kPiecesPerWriteMax = 512;
}  // namespace

std::optional<std::size_t> FrameReader::frame_size() const {
  if (ready() < 4) return std::nullopt;
  return static_cast<std::size_t>(records::load_big_endian<std::uint32_t>(buffer_.data() + begin_));
}

net::Task<Result<Bytes>> FrameReader::next() {
  for (;;) {
    const std::optional<std::size_t> size = frame_size();
    if (size && *size > kRequestBytesMax) co_return fail(BaseErrc::kCorrupt, "request length");
    if (size && ready() >= *size + 4) {
      last_ = begin_;
      begin_ += *size + 4;
      co_return Bytes(buffer_).subspan(last_ + 4, *size);
    }
    const std::size_t need = size.value_or(0) + 4;
    if (begin_ > 0 && buffer_.size() - begin_ < std::max(need, kBufferBytes / 2)) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, ready());
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - begin_ < need || buffer_.empty()) {
      buffer_.resize(std::max(begin_ + need, kBufferBytes));
    }
    OTTLA_CO_ASSIGN(const std::size_t n,
                    co_await stream_.read_some(MutableBytes(buffer_).subspan(end_)));
    end_ += n;
  }
}

std::vector<ByteVector> FrameReader::take_all() {
  std::vector<ByteVector> found;
  const auto at = [this](std::size_t position) {
    return buffer_.begin() + static_cast<std::ptrdiff_t>(position);
  };
  found.emplace_back(at(last_ + 4), at(begin_));
  for (auto size = frame_size(); size && ready() >= *size + 4; size = frame_size()) {
    found.emplace_back(at(begin_ + 4), at(begin_ + 4 + *size));
    begin_ += *size + 4;
  }
  return found;
}

net::Task<Status> write_pieces(net::Stream& stream, std::vector<Bytes>& pieces) {
  std::size_t first = 0;
  while (first < pieces.size()) {
    const std::size_t count = std::min(pieces.size() - first, kPiecesPerWriteMax);
    OTTLA_CO_ASSIGN(std::size_t written, co_await stream.write_some(
                                             std::span<const Bytes>(pieces).subspan(first, count)));
    while (first < pieces.size() && written >= pieces[first].size()) {
      written -= pieces[first].size();
      ++first;
    }
    if (written > 0) pieces[first] = pieces[first].subspan(written);
  }
  co_return Status{};
}

net::Task<Status> write_all(net::Stream& stream, Bytes bytes) {
  std::vector<Bytes> pieces{bytes};
  const Status written = co_await write_pieces(stream, pieces);
  co_return written;
}

}  // namespace ottla::kafka::fake
