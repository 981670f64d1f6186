#pragma once
// What the generated encoders and decoders call. Not for other code.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/protocol/json_text.h"
#include "kafka/protocol/message.h"

namespace ottla::kafka {

inline bool same_bytes(Bytes a, Bytes b) noexcept {
  return std::ranges::equal(a, b);
}
inline bool same_bytes(const std::optional<Bytes>& a, const std::optional<Bytes>& b) noexcept {
  return a.has_value() == b.has_value() && (!a || std::ranges::equal(*a, *b));
}

// True if the version can be written; else the writer has failed.
bool writable(wire::Writer& w, std::int16_t min, std::int16_t max, std::int16_t version) noexcept;
// An error if the version can't be read.
Status readable(std::string_view message, std::int16_t min, std::int16_t max, std::int16_t version);
// An error if the reader has failed.
Status decoded(std::string_view message, std::int16_t version, const wire::Reader& r);

// Writes a section of tagged fields: known ones by put(), in ascending order, with the unknown ones
// merged in between (KIP-482 wants ascending tags).
class TagSection {
 public:
  template <class W>
  TagSection(const wire::UnknownTags& unknown, std::uint32_t known_count, W& w)
      : unknown_(unknown) {
    w.unsigned_varint(known_count + static_cast<std::uint32_t>(unknown.size()));
  }

  // `value(sink)` writes the field's value into any sink.
  template <class W, class Value>
  void put(W& w, std::uint32_t tag, const Value& value) {
    while (next_ < unknown_.size() && unknown_[next_].tag < tag) w.tagged_field(unknown_[next_++]);
    wire::SizeCounter size;
    value(size);
    w.unsigned_varint(tag);
    w.unsigned_varint(static_cast<std::uint32_t>(size.size()));
    value(w);
  }
  template <class W>
  void finish(W& w) {
    while (next_ < unknown_.size()) w.tagged_field(unknown_[next_++]);
  }

 private:
  const wire::UnknownTags& unknown_;
  std::size_t next_ = 0;
};

template <class W>
void put_tags(W& w, const wire::UnknownTags& unknown) {
  TagSection(unknown, 0, w).finish(w);
}

// A known tagged field must fill its size exactly.
inline void finish_tag(wire::Reader& r, const wire::Reader& field) noexcept {
  if (!field.ok() || field.remaining() != 0) r.fail();
}

inline void keep_unknown(const wire::Reader& r, const wire::Reader::Tag& tag,
                         wire::UnknownTags& unknown) noexcept {
  if (r.ok()) unknown.push_back({tag.number, {tag.value.begin(), tag.value.end()}});
}

}  // namespace ottla::kafka
