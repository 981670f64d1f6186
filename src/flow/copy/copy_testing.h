#pragma once
// For tests only: batches in counted buffers, as the reader hands them over, and what a pipeline
// sends, read back.

#include <cstring>
#include <string>
#include <vector>

#include "flow/copy/copy_pipeline.h"
#include "kafka/fake/batches.h"
#include "kafka/fake/partition_log.h"

namespace ottla::flow::testing {

namespace fake = kafka::fake;
namespace records = kafka::records;

inline BufferRef in_buffer(const fake::ByteVector& bytes) {
  BufferRef buffer = BufferRef::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.bytes().data(), bytes.data(), bytes.size());
  return buffer;
}

inline std::vector<records::AbortedTransaction> aborted_of(const fake::PartitionLog& log,
                                                           Offset from) {
  std::vector<records::AbortedTransaction> aborted;
  for (const auto& range : log.aborted_between(from, log.end())) {
    aborted.push_back({range.producer_id, range.first_offset});
  }
  return aborted;
}

inline records::BatchView view_of(Bytes bytes) {
  return records::next_batch(bytes).value().value();
}

inline std::vector<std::string> values_of(Bytes batches) {
  std::vector<std::string> values;
  for (const auto& record : fake::read_records(batches).value()) {
    values.push_back(record.value.value_or("null"));
  }
  return values;
}

// The values of "a<first>", "a<first + 1>" …
inline std::vector<std::string> numbered(const std::string& prefix, int first, int count) {
  std::vector<std::string> values;
  for (int n = first; n < first + count; ++n) values.push_back(prefix + std::to_string(n));
  return values;
}

inline std::string filler(std::size_t bytes, std::uint32_t seed) {
  std::string text(bytes, '\0');
  for (char& c : text) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>(seed >> 24U);
  }
  return text;
}

}  // namespace ottla::flow::testing
