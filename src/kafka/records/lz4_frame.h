#pragma once
// Private to compression: lz4 frames, with contexts that are kept.

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/byte_buffer.h"

struct LZ4F_dctx_s;
struct LZ4F_cctx_s;

namespace ottla::kafka::records {

class Lz4FrameDecoder {
 public:
  // `repair_header`: writes the right header checksum into the frame header before it is decoded,
  // because Kafka's clients before 0.10 computed it over the wrong bytes.
  [[nodiscard]] Status decompress(Bytes input, std::size_t output_bytes_max, bool repair_header,
                                  ByteBuffer& out);

 private:
  [[nodiscard]] Status feed(Bytes input, std::size_t output_bytes_max, ByteBuffer& out,
                            std::size_t& hint);

  struct Free {
    void operator()(LZ4F_dctx_s* context) const noexcept;
  };
  std::unique_ptr<LZ4F_dctx_s, Free> context_;
};

class Lz4FrameEncoder {
 public:
  [[nodiscard]] Status compress(std::optional<int> level, Bytes input, ByteBuffer& out);

 private:
  struct Free {
    void operator()(LZ4F_cctx_s* context) const noexcept;
  };
  std::unique_ptr<LZ4F_cctx_s, Free> context_;
};

}  // namespace ottla::kafka::records
