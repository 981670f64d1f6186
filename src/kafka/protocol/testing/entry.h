#pragma once
// How the generated table makes its rows. Small on purpose: it is instantiated for every message.

#include "kafka/protocol/message.h"
#include "kafka/protocol/testing/message_table.h"

namespace ottla::kafka::testing {

inline ByteVector copy(const wire::Writer& w) {
  return {w.bytes().begin(), w.bytes().end()};
}

template <class M>
using FillFunction = void (*)(Filler&, M&, std::int16_t);

template <class M, FillFunction<M> fill>
M make(Fill kind, std::int16_t version) {
  M m;
  Filler filler(kind);
  if (kind != Fill::kDefaults) fill(filler, m, version);
  return m;
}

template <class M, FillFunction<M> fill>
ByteVector encode(Fill kind, std::int16_t version) {
  wire::Writer w;
  make<M, fill>(kind, version).encode(w, version);
  return copy(w);
}

template <class M, FillFunction<M> fill>
RoundTrip round_trip(Fill kind, std::int16_t version) {
  const M before = make<M, fill>(kind, version);
  wire::Writer w;
  before.encode(w, version);
  wire::Reader r(w.bytes());
  M after;
  const bool decoded = after.decode(r, version).has_value();
  return {w.ok(), before.encoded_size(version) == w.size(), decoded && r.remaining() == 0,
          before == after};
}

template <class M>
std::optional<ByteVector> recode(Bytes bytes, std::int16_t version) {
  M m;
  wire::Reader r(bytes);
  if (!m.decode(r, version)) return std::nullopt;
  wire::Writer w;
  m.encode(w, version);
  return copy(w);
}

template <class M>
std::string json(Bytes bytes, std::int16_t version) {
  M m;
  wire::Reader r(bytes);
  return m.decode(r, version) ? m.to_json() : std::string();
}

template <class M, FillFunction<M> fill>
MessageEntry entry(int api_key, bool is_request) {
  return {M::kName,          api_key,          is_request,           M::kMinVersion, M::kMaxVersion,
          M::kFirstFlexible, &encode<M, fill>, &round_trip<M, fill>, &recode<M>,     &json<M>};
}

}  // namespace ottla::kafka::testing
