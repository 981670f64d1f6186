#pragma once
// Private to compression: gzip members through zlib, with streams that are kept.

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/byte_buffer.h"

struct z_stream_s;

namespace ottla::kafka::records {

class GzipDecoder {
 public:
  // Several members in a row are one stream; what follows the last one is ignored, as Java does.
  [[nodiscard]] Status decompress(Bytes input, std::size_t output_bytes_max, ByteBuffer& out);

 private:
  [[nodiscard]] Status inflate_member(std::size_t output_bytes_max, ByteBuffer& out);

  struct Free {
    void operator()(z_stream_s* stream) const noexcept;
  };
  std::unique_ptr<z_stream_s, Free> stream_;
};

class GzipEncoder {
 public:
  [[nodiscard]] Status compress(std::optional<int> level, Bytes input, ByteBuffer& out);

 private:
  struct Free {
    void operator()(z_stream_s* stream) const noexcept;
  };
  std::unique_ptr<z_stream_s, Free> stream_;
  int level_ = 0;
};

}  // namespace ottla::kafka::records
