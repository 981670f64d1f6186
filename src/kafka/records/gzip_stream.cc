#include "kafka/records/gzip_stream.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "kafka/records/codec_errors.h"

namespace ottla::kafka::records {
namespace {

constexpr int kWindowBitsGzip = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kFirstGrowth = std::size_t{64} * 1024;

Bytef* bytef(const std::byte* p) {
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(p));
}

uInt clamp_to_uint(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

bool is_member_start(const z_stream& stream) {
  return stream.avail_in >= 2 && stream.next_in[0] == 0x1F && stream.next_in[1] == 0x8B;
}

}  // namespace

void GzipDecoder::Free::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

void GzipEncoder::Free::operator()(z_stream_s* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

Status GzipDecoder::inflate_member(std::size_t output_bytes_max, ByteBuffer& out) {
  while (true) {
    std::size_t limit = std::min(out.capacity(), output_bytes_max);
    if (out.size() == limit && limit < output_bytes_max) {
      out.reserve(std::min(std::max(out.capacity() * 2, kFirstGrowth), output_bytes_max));
      limit = std::min(out.capacity(), output_bytes_max);
    }
    // At the limit, a byte on the side tells a stream that just ends from one that has more.
    Bytef overflow = 0;
    const bool full = out.size() == limit;
    const uInt room = full ? 1 : clamp_to_uint(limit - out.size());
    stream_->next_out = full ? &overflow : bytef(out.end());
    stream_->avail_out = room;
    const int code = inflate(stream_.get(), Z_NO_FLUSH);
    const std::size_t written = room - stream_->avail_out;
    if (full && written > 0) return fail_too_large("gzip", output_bytes_max);
    out.resize(out.size() + written);
    if (code == Z_STREAM_END) return {};
    if (code != Z_OK && code != Z_BUF_ERROR) {
      return fail_garbage("gzip", stream_->msg != nullptr ? stream_->msg : "broken stream");
    }
    if (stream_->avail_in == 0 && stream_->avail_out > 0) {
      return fail_garbage("gzip", "cut-off stream");
    }
  }
}

Status GzipDecoder::decompress(Bytes input, std::size_t output_bytes_max, ByteBuffer& out) {
  if (stream_ == nullptr) {
    auto stream = std::make_unique<z_stream>();
    if (inflateInit2(stream.get(), kWindowBitsGzip) != Z_OK) {
      return fail(BaseErrc::kLimitExceeded, "no memory for a gzip context");
    }
    stream_.reset(stream.release());
  }
  if (input.size() > std::numeric_limits<uInt>::max()) {
    return fail_too_large("gzip", std::numeric_limits<uInt>::max());
  }
  out.clear();
  stream_->next_in = bytef(input.data());
  stream_->avail_in = static_cast<uInt>(input.size());
  do {
    inflateReset(stream_.get());
    OTTLA_TRY(inflate_member(output_bytes_max, out));
  } while (is_member_start(*stream_));
  return {};
}

Status GzipEncoder::compress(std::optional<int> level, Bytes input, ByteBuffer& out) {
  const int wanted = level.value_or(Z_DEFAULT_COMPRESSION);
  if (stream_ != nullptr && wanted != level_) stream_.reset();
  if (stream_ == nullptr) {
    auto stream = std::make_unique<z_stream>();
    if (deflateInit2(stream.get(), wanted, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      return fail_compress("gzip", fmt::format("level {} is not valid (1 to 9, or -1)", wanted));
    }
    stream_.reset(stream.release());
    level_ = wanted;
  }
  if (input.size() > std::numeric_limits<uInt>::max()) {
    return fail_compress("gzip", "more than 4 GiB");
  }
  deflateReset(stream_.get());
  out.clear();
  out.reserve(deflateBound(stream_.get(), static_cast<uLong>(input.size())));
  stream_->next_in = bytef(input.data());
  stream_->avail_in = static_cast<uInt>(input.size());
  stream_->next_out = bytef(out.end());
  stream_->avail_out = clamp_to_uint(out.capacity());
  const uInt room = stream_->avail_out;
  if (deflate(stream_.get(), Z_FINISH) != Z_STREAM_END) {
    return fail_compress("gzip", "the stream can't be finished");
  }
  out.resize(room - stream_->avail_out);
  return {};
}

}  // namespace ottla::kafka::records
