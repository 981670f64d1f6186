#pragma once
// Private to compression: snappy as Kafka's clients frame it. xerial's stream (snappy-java) is the
// 8-byte magic, version and compatible version (i32 each), then chunks of i32 length and a raw
// snappy block. librdkafka and others write one raw block without a frame.

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/byte_buffer.h"

namespace ottla::kafka::records {

[[nodiscard]] Status snappy_decompress(Bytes input, std::size_t output_bytes_max, ByteBuffer& out);
void snappy_compress_xerial(Bytes input, ByteBuffer& out);

}  // namespace ottla::kafka::records
