#pragma once
// Every message of the schema behind one type, for tests that go over all messages and versions,
// for the comparison with Kafka's own classes, and for fuzzing. Not for the program.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kafka/protocol/testing/filler.h"

namespace ottla::kafka::testing {

using ByteVector = std::vector<std::byte>;

struct RoundTrip {
  bool writer_ok = false;
  bool size_agrees = false;  // encoded_size() against the bytes written
  bool decodes_to_the_end = false;
  bool equal = false;
};

struct MessageEntry {
  std::string_view name;
  int api_key;  // -1: no API's message
  bool is_request;
  std::int16_t min_version;
  std::int16_t max_version;
  std::int16_t first_flexible;

  ByteVector (*encode)(Fill fill, std::int16_t version);
  RoundTrip (*round_trip)(Fill fill, std::int16_t version);
  // Decodes and encodes again; nullopt if decoding fails.
  std::optional<ByteVector> (*recode)(Bytes bytes, std::int16_t version);
  std::string (*json)(Bytes bytes, std::int16_t version);
};

std::span<const MessageEntry> all_messages();

}  // namespace ottla::kafka::testing
