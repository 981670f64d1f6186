#pragma once
// The codecs of record batches, with contexts and scratch memory that are kept between batches.
//
// What is written is what Kafka's Java client writes, as far as its reader is picky: gzip members,
// xerial-framed snappy with blocks of 32 KiB, lz4 frames with independent 64 KiB blocks, zstd
// frames. What is read is more: raw snappy (librdkafka), any lz4 or zstd frame, several frames in a
// row, and the lz4 frames of old clients whose header checksum is wrong (magic 0, KAFKA-3160).
//
// One object serves one core. Results point into the object and hold until its next call. Garbage
// gives kCorrupt; too much output gives kLimitExceeded before the memory for it is taken.

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/batch.h"

namespace ottla::kafka::records {

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  // Codec::kNone gives `input` back. `output_bytes_max` bounds the result.
  [[nodiscard]] Result<Bytes> decompress(Codec codec, Bytes input, std::size_t output_bytes_max);

  // The same for the payload of a magic-0 message, whose lz4 header checksum is not to be trusted.
  [[nodiscard]] Result<Bytes> decompress_magic0(Codec codec, Bytes input,
                                                std::size_t output_bytes_max);

  // Scratch memory beyond this many bytes is given back at the next call (64 MiB).
  void set_retained_bytes_max(std::size_t bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // `level` means what the codec's library means by it; without, the default of Kafka's Java
  // client: gzip 6, lz4 fast, zstd 3. Snappy has no levels. Codec::kNone gives `input` back.
  [[nodiscard]] Result<Bytes> compress(Codec codec, std::optional<int> level, Bytes input);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ottla::kafka::records
