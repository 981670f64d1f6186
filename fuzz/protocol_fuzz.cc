// All decoders of the protocol. An input is: API key, version, kind, then the message. Kind 0 is a
// request, 1 a response, 2 and above the messages that belong to no API, in the table's order.
//
// Whatever decodes must come out the same when it is encoded, decoded and encoded again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "kafka/protocol/testing/message_table.h"

namespace {

using namespace ottla::kafka::testing;

constexpr std::size_t kPrefixSize = 3;
constexpr int kFirstWithoutApi = 2;

const MessageEntry* find(int api_key, int kind) {
  int without_api = kFirstWithoutApi;
  for (const MessageEntry& m : all_messages()) {
    const int its_kind = m.api_key < 0 ? without_api++ : (m.is_request ? 0 : 1);
    if (its_kind == kind && (m.api_key < 0 || m.api_key == api_key)) return &m;
  }
  return nullptr;
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kPrefixSize) return -1;
  const MessageEntry* message = find(data[0], data[2]);
  const std::int16_t version = data[1];
  if (message == nullptr || version < message->min_version || version > message->max_version) {
    return -1;
  }
  const ottla::Bytes body = std::as_bytes(std::span(data, size)).subspan(kPrefixSize);
  const auto once = message->recode(body, version);
  if (!once) return 0;
  const auto twice = message->recode(*once, version);
  require(twice.has_value());
  require(*twice == *once);
  require(!message->json(*once, version).empty());
  return 0;
}
