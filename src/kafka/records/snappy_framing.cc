#include "kafka/records/snappy_framing.h"

#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "kafka/records/big_endian.h"
#include "kafka/records/codec_errors.h"

namespace ottla::kafka::records {
namespace {

constexpr std::array<std::byte, 8> kXerialMagic = {std::byte{0x82}, std::byte{'S'}, std::byte{'N'},
                                                   std::byte{'A'},  std::byte{'P'}, std::byte{'P'},
                                                   std::byte{'Y'},  std::byte{0}};
constexpr std::size_t kXerialHeaderSize = 16;
constexpr std::size_t kXerialBlockSize = 32 * 1024;

const char* chars(const std::byte* p) {
  return reinterpret_cast<const char*>(p);
}
char* chars(std::byte* p) {
  return reinterpret_cast<char*>(p);
}

bool starts_with_magic(Bytes input) {
  return input.size() >= kXerialMagic.size() &&
         std::equal(kXerialMagic.begin(), kXerialMagic.end(), input.begin());
}

Status append_raw_block(Bytes block, std::size_t output_bytes_max, ByteBuffer& out) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(chars(block.data()), block.size(), &size)) {
    return fail_garbage("snappy", "no length at the start of a block");
  }
  if (size > output_bytes_max - out.size()) return fail_too_large("snappy", output_bytes_max);
  const std::size_t before = out.size();
  out.resize(before + size);
  // An empty buffer has no address; the block is checked all the same.
  char nothing = 0;
  char* const to = size == 0 ? &nothing : chars(out.bytes().data() + before);
  if (!snappy::RawUncompress(chars(block.data()), block.size(), to)) {
    return fail_garbage("snappy", "broken block");
  }
  return {};
}

}  // namespace

Status snappy_decompress(Bytes input, std::size_t output_bytes_max, ByteBuffer& out) {
  out.clear();
  if (!starts_with_magic(input)) return append_raw_block(input, output_bytes_max, out);
  while (!input.empty()) {
    // Streams that were written one after another: the header comes again.
    if (starts_with_magic(input)) {
      if (input.size() < kXerialHeaderSize) return fail_garbage("snappy", "cut-off header");
      input = input.subspan(kXerialHeaderSize);
      continue;
    }
    if (input.size() < 4) return fail_garbage("snappy", "cut-off chunk length");
    const auto length = load_big_endian<std::uint32_t>(input.data());
    input = input.subspan(4);
    if (length > input.size()) return fail_garbage("snappy", "cut-off chunk");
    OTTLA_TRY(append_raw_block(input.first(length), output_bytes_max, out));
    input = input.subspan(length);
  }
  return {};
}

void snappy_compress_xerial(Bytes input, ByteBuffer& out) {
  const std::size_t blocks = (input.size() + kXerialBlockSize - 1) / kXerialBlockSize;
  out.clear();
  out.reserve(kXerialHeaderSize + blocks * (4 + snappy::MaxCompressedLength(kXerialBlockSize)));
  out.append(kXerialMagic);
  std::array<std::byte, 8> versions;
  store_big_endian<std::int32_t>(versions.data(), 1);
  store_big_endian<std::int32_t>(versions.data() + 4, 1);
  out.append(versions);
  while (!input.empty()) {
    const Bytes block = input.first(std::min(input.size(), kXerialBlockSize));
    input = input.subspan(block.size());
    std::size_t size = 0;
    snappy::RawCompress(chars(block.data()), block.size(), chars(out.end() + 4), &size);
    store_big_endian(out.end(), static_cast<std::uint32_t>(size));
    out.resize(out.size() + 4 + size);
  }
}

}  // namespace ottla::kafka::records
