#pragma once
// What all generated messages share (kafka/protocol/generated/*.h, from schema/*.msg).
//
// A message is a plain struct. Its members hold every field of every version:
//   encode(w, version)   writes the fields of that version and ignores the others. Null where the
//                        version has no null is written as empty. A version outside of kMinVersion
//                        to kMaxVersion, or a string too long for the version, writes something
//                        useless and clears w.ok(): check it before sending.
//   encoded_size(v)      bytes that encode() writes.
//   decode(r, version)   replaces everything; fields that the version lacks get their defaults.
//                        Bytes members (records, tokens) are views into what `r` reads and must not
//                        outlive it; strings are copies. Errors: kCorrupt with the message and the
//                        position, kUnsupported for a version outside of the range. Bytes that
//                        follow the message are left in the reader.
//   unknown_tags         tagged fields of newer versions, written again by encode().
//   to_json()            for people who debug. Bytes appear by their size only, but configuration
//                        values in the clear: not for logs.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/protocol/errors.h"
#include "kafka/protocol/generated/api_key.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace ottla::kafka {

// kFirstFlexible of messages that have no flexible version.
inline constexpr std::int16_t kNeverFlexible = std::numeric_limits<std::int16_t>::max();

}  // namespace ottla::kafka
