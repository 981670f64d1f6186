// Arbitrary bytes as compressed data: the first byte chooses the codec, the second the limit.

#include <cstdint>

#include "base/assert.h"
#include "kafka/records/compression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ottla;
  using namespace ottla::kafka::records;
  if (size < 2) return 0;
  static Decompressor decompressor;
  const auto codec = static_cast<Codec>(1 + data[0] % 4);
  const std::size_t limit = std::size_t{1} << (data[1] % 21U);
  const Bytes input(reinterpret_cast<const std::byte*>(data + 2), size - 2);
  const auto plain = (data[0] & 0x80U) != 0 ? decompressor.decompress_magic0(codec, input, limit)
                                            : decompressor.decompress(codec, input, limit);
  if (plain) OTTLA_ASSERT(plain->size() <= limit);
  return 0;
}
