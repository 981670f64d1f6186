#include "kafka/records/lz4_frame.h"

#include <lz4frame.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "kafka/records/codec_errors.h"

namespace ottla::kafka::records {
namespace {

constexpr std::size_t kMagicSize = 4;
constexpr std::size_t kHeaderSizeMax = 19;
constexpr std::size_t kFirstGrowth = std::size_t{64} * 1024;

std::uint32_t load_little_endian(const std::byte* from) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? value : std::byteswap(value);
}

// XXH32 with seed 0 of fewer than 16 bytes: all that a frame header needs.
std::uint32_t xxh32_short(Bytes bytes) {
  constexpr std::uint32_t kPrime1 = 2654435761U;
  constexpr std::uint32_t kPrime2 = 2246822519U;
  constexpr std::uint32_t kPrime3 = 3266489917U;
  constexpr std::uint32_t kPrime4 = 668265263U;
  constexpr std::uint32_t kPrime5 = 374761393U;
  std::uint32_t hash = kPrime5 + static_cast<std::uint32_t>(bytes.size());
  for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
    hash = std::rotl(hash + load_little_endian(bytes.data()) * kPrime3, 17) * kPrime4;
  }
  for (const std::byte byte : bytes) {
    hash = std::rotl(hash + std::to_integer<std::uint32_t>(byte) * kPrime5, 11) * kPrime1;
  }
  hash = (hash ^ (hash >> 15U)) * kPrime2;
  hash = (hash ^ (hash >> 13U)) * kPrime3;
  return hash ^ (hash >> 16U);
}

// Magic, flags, block descriptor, optional content size and dictionary id, header checksum.
std::size_t header_size(std::byte flags) {
  constexpr std::byte kContentSize{0x08};
  constexpr std::byte kDictionary{0x01};
  std::size_t size = 7;
  if ((flags & kContentSize) != std::byte{0}) size += 8;
  if ((flags & kDictionary) != std::byte{0}) size += 4;
  return size;
}

}  // namespace

void Lz4FrameDecoder::Free::operator()(LZ4F_dctx_s* context) const noexcept {
  LZ4F_freeDecompressionContext(context);
}

void Lz4FrameEncoder::Free::operator()(LZ4F_cctx_s* context) const noexcept {
  LZ4F_freeCompressionContext(context);
}

// Decodes all of `input`; `hint` becomes 0 where a frame is complete.
Status Lz4FrameDecoder::feed(Bytes input, std::size_t output_bytes_max, ByteBuffer& out,
                             std::size_t& hint) {
  bool output_full = false;
  while (!input.empty() || output_full) {
    if (out.size() == out.capacity() && out.size() < output_bytes_max) {
      out.reserve(std::min(std::max(out.capacity() * 2, kFirstGrowth), output_bytes_max));
    }
    // At the limit, a byte on the side tells a frame that just ends from one that has more. The
    // buffer kept from before may be larger than what is allowed now.
    std::byte overflow{};
    const std::size_t limit = std::min(out.capacity(), output_bytes_max);
    const bool full = out.size() >= limit;
    const std::size_t room = full ? 1 : limit - out.size();
    std::size_t written = room;
    std::size_t consumed = input.size();
    hint = LZ4F_decompress(context_.get(), full ? &overflow : out.end(), &written, input.data(),
                           &consumed, nullptr);
    if (LZ4F_isError(hint) != 0) return fail_garbage("lz4", LZ4F_getErrorName(hint));
    if (full && written > 0) return fail_too_large("lz4", output_bytes_max);
    if (consumed == 0 && written == 0) break;
    output_full = written == room && hint != 0;
    out.resize(out.size() + written);
    input = input.subspan(consumed);
  }
  return {};
}

Status Lz4FrameDecoder::decompress(Bytes input, std::size_t output_bytes_max, bool repair_header,
                                   ByteBuffer& out) {
  if (context_ == nullptr) {
    LZ4F_dctx_s* created = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)) != 0) {
      return fail(BaseErrc::kLimitExceeded, "no memory for an lz4 context");
    }
    context_.reset(created);
  }
  LZ4F_resetDecompressionContext(context_.get());
  out.clear();
  std::size_t hint = 1;
  if (repair_header && input.size() > kMagicSize) {
    std::array<std::byte, kHeaderSizeMax> header;
    const std::size_t size = header_size(input[kMagicSize]);
    if (input.size() < size) return fail_garbage("lz4", "cut-off frame header");
    std::copy_n(input.begin(), size, header.begin());
    const std::uint32_t hash =
        xxh32_short(Bytes(header).subspan(kMagicSize, size - 1 - kMagicSize));
    header[size - 1] = static_cast<std::byte>((hash >> 8U) & 0xFFU);
    OTTLA_TRY(feed(Bytes(header).first(size), output_bytes_max, out, hint));
    input = input.subspan(size);
  }
  OTTLA_TRY(feed(input, output_bytes_max, out, hint));
  if (hint != 0) return fail_garbage("lz4", "cut-off frame");
  return {};
}

Status Lz4FrameEncoder::compress(std::optional<int> level, Bytes input, ByteBuffer& out) {
  if (context_ == nullptr) {
    LZ4F_cctx_s* created = nullptr;
    if (LZ4F_isError(LZ4F_createCompressionContext(&created, LZ4F_VERSION)) != 0) {
      return fail(BaseErrc::kLimitExceeded, "no memory for an lz4 context");
    }
    context_.reset(created);
  }
  // Kafka's Java reader knows independent blocks only.
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.compressionLevel = level.value_or(0);
  preferences.autoFlush = 1;
  out.clear();
  out.reserve(kHeaderSizeMax + LZ4F_compressBound(input.size(), &preferences));
  const auto append = [&out](std::size_t written) {
    if (LZ4F_isError(written) != 0) return false;
    out.resize(out.size() + written);
    return true;
  };
  const auto left = [&out] { return out.capacity() - out.size(); };
  LZ4F_cctx_s* const context = context_.get();
  if (!append(LZ4F_compressBegin(context, out.end(), left(), &preferences)) ||
      !append(
          LZ4F_compressUpdate(context, out.end(), left(), input.data(), input.size(), nullptr)) ||
      !append(LZ4F_compressEnd(context, out.end(), left(), nullptr))) {
    context_.reset();
    return fail_compress("lz4", "the frame can't be written");
  }
  return {};
}

}  // namespace ottla::kafka::records
