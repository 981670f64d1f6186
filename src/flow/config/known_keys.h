#pragma once
// THE table of keys: MirrorMaker 2's, Kafka's client keys and Ottla's own. Validation, the report
// of unknown and ignored keys and docs/configuration.md are all made from it.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ottla::flow {

// Where a key has an effect. A bit set.
enum KeyLevel : unsigned {
  kTopLevel = 1,       // name=
  kClusterLevel = 2,   // A.name=
  kFlowLevel = 4,      // A->B.name=
  kConsumerLevel = 8,  // A.consumer.name=, A->B.source.consumer.name= ...
  kProducerLevel = 16,
  kAdminLevel = 32,
};

enum class KeyType { kString, kList, kPatterns, kBool, kNumber, kClass, kSecret, kChoice };

enum class Treatment {
  kSame,     // as MirrorMaker and Kafka do
  kBetter,   // honoured, with the difference that the note tells
  kIgnored,  // accepted without effect; the note tells why
  kRefused,  // a value that is not built in is an error; the note tells why
  kOwn,      // Ottla's own
};

struct KnownKey {
  std::string_view name;  // a '*' at the end stands for any text
  unsigned levels;
  KeyType type;
  std::string_view default_value;  // "" : none
  Treatment treatment;
  std::string_view meaning;
  std::string_view note = {};
  std::string_view choices = {};  // kChoice: "a|b"
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] bool is_prefix() const { return name.ends_with('*'); }
};

std::span<const KnownKey> known_keys();

// The row for `name` that has an effect at one of `levels`; null if there is none. Exact names win
// over prefixes.
const KnownKey* find_key(std::string_view name, unsigned levels);
// Any row for `name`, whatever the level.
const KnownKey* find_key_anywhere(std::string_view name);

// The names that MM2 hands from cluster level to every client of the cluster: bootstrap.servers,
// security.protocol, ssl.* and sasl.*.
bool is_client_key(std::string_view name);
// A name that one of MM2's three connectors defines, so that it counts at top level.
bool is_connector_key(std::string_view name);

// The known name that `name` was most likely meant to be; "" if none is close.
std::string_view closest_key(std::string_view name, unsigned levels);
// Edits (insert, delete, replace, swap neighbours) from a to b.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Why `value` is not acceptable for the key; empty if it is.
std::string value_fault(const KnownKey& key, std::string_view value);

// Kafka's reading: true and false in any case.
std::optional<bool> parse_bool(std::string_view text);
std::optional<std::int64_t> parse_number(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace ottla::flow
