#include "kafka/records/compression.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "kafka/records/byte_buffer.h"
#include "kafka/records/codec_errors.h"
#include "kafka/records/gzip_stream.h"
#include "kafka/records/lz4_frame.h"
#include "kafka/records/snappy_framing.h"

namespace ottla::kafka::records {
namespace {

struct FreeZstdDecoder {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
struct FreeZstdEncoder {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

constexpr std::size_t kRetainedBytesMax = std::size_t{64} << 20U;
constexpr std::size_t kFirstGuess = std::size_t{64} * 1024;

// In one step into a buffer that is large enough, found by doubling: no window is allocated (its
// size is the sender's word), nothing is copied twice, and a kept buffer makes retries rare.
Status zstd_decompress(ZSTD_DCtx* context, Bytes input, std::size_t output_bytes_max,
                       ByteBuffer& out) {
  out.clear();
  std::size_t guess = std::max({input.size() * 4, kFirstGuess, out.capacity()});
  const unsigned long long known = ZSTD_getFrameContentSize(input.data(), input.size());
  if (known == ZSTD_CONTENTSIZE_ERROR) return fail_garbage("zstd", "no frame header");
  if (known != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (known > output_bytes_max) return fail_too_large("zstd", output_bytes_max);
    // The claim alone must not make us allocate: a frame of n bytes holds blocks of 128 KiB, each
    // of at least 4 bytes.
    const unsigned long long possible = (input.size() / 4 + 1) * (std::size_t{128} * 1024);
    guess = std::max<std::size_t>(static_cast<std::size_t>(std::min(known, possible)), 1);
  }
  while (true) {
    guess = std::max<std::size_t>(std::min(guess, output_bytes_max), 1);
    out.reserve(guess);
    const std::size_t room = std::min(out.capacity(), std::max<std::size_t>(output_bytes_max, 1));
    const std::size_t written =
        ZSTD_decompressDCtx(context, out.end(), room, input.data(), input.size());
    if (ZSTD_isError(written) == 0) {
      if (written > output_bytes_max) return fail_too_large("zstd", output_bytes_max);
      out.resize(written);
      return {};
    }
    if (ZSTD_getErrorCode(written) != ZSTD_error_dstSize_tooSmall) {
      return fail_garbage("zstd", ZSTD_getErrorName(written));
    }
    if (room >= output_bytes_max) return fail_too_large("zstd", output_bytes_max);
    guess = room * 2;
  }
}

Status zstd_compress(ZSTD_CCtx* context, std::optional<int> level, Bytes input, ByteBuffer& out) {
  out.clear();
  out.reserve(ZSTD_compressBound(input.size()));
  const std::size_t written = ZSTD_compressCCtx(context, out.end(), out.capacity(), input.data(),
                                                input.size(), level.value_or(ZSTD_CLEVEL_DEFAULT));
  if (ZSTD_isError(written) != 0) return fail_compress("zstd", ZSTD_getErrorName(written));
  out.resize(written);
  return {};
}

}  // namespace

struct Decompressor::State {
  ByteBuffer out;
  GzipDecoder gzip;
  Lz4FrameDecoder lz4;
  std::unique_ptr<ZSTD_DCtx, FreeZstdDecoder> zstd;
  std::size_t retained_bytes_max = kRetainedBytesMax;

  Status run(Codec codec, Bytes input, std::size_t output_bytes_max, bool repair_lz4_header) {
    if (codec == Codec::kGzip) return gzip.decompress(input, output_bytes_max, out);
    if (codec == Codec::kSnappy) return snappy_decompress(input, output_bytes_max, out);
    if (codec == Codec::kLz4) {
      return lz4.decompress(input, output_bytes_max, repair_lz4_header, out);
    }
    if (zstd == nullptr) zstd.reset(ZSTD_createDCtx());
    if (zstd == nullptr) return fail(BaseErrc::kLimitExceeded, "no memory for a zstd context");
    return zstd_decompress(zstd.get(), input, output_bytes_max, out);
  }

  Result<Bytes> decompress(Codec codec, Bytes input, std::size_t output_bytes_max,
                           bool repair_lz4_header) {
    if (codec == Codec::kNone) return input;
    out.shrink_to(retained_bytes_max);
    OTTLA_TRY(run(codec, input, output_bytes_max, repair_lz4_header));
    return std::as_const(out).bytes();
  }
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Result<Bytes> Decompressor::decompress(Codec codec, Bytes input, std::size_t output_bytes_max) {
  return state_->decompress(codec, input, output_bytes_max, false);
}

Result<Bytes> Decompressor::decompress_magic0(Codec codec, Bytes input,
                                              std::size_t output_bytes_max) {
  return state_->decompress(codec, input, output_bytes_max, true);
}

void Decompressor::set_retained_bytes_max(std::size_t bytes) {
  state_->retained_bytes_max = bytes;
}

struct Compressor::State {
  ByteBuffer out;
  GzipEncoder gzip;
  Lz4FrameEncoder lz4;
  std::unique_ptr<ZSTD_CCtx, FreeZstdEncoder> zstd;

  Status run(Codec codec, std::optional<int> level, Bytes input) {
    if (codec == Codec::kGzip) return gzip.compress(level, input, out);
    if (codec == Codec::kLz4) return lz4.compress(level, input, out);
    if (codec == Codec::kSnappy) {
      snappy_compress_xerial(input, out);
      return {};
    }
    if (zstd == nullptr) zstd.reset(ZSTD_createCCtx());
    if (zstd == nullptr) return fail(BaseErrc::kLimitExceeded, "no memory for a zstd context");
    return zstd_compress(zstd.get(), level, input, out);
  }
};

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Result<Bytes> Compressor::compress(Codec codec, std::optional<int> level, Bytes input) {
  if (codec == Codec::kNone) return input;
  state_->out.shrink_to(kRetainedBytesMax);
  OTTLA_TRY(state_->run(codec, level, input));
  return std::as_const(state_->out).bytes();
}

}  // namespace ottla::kafka::records
