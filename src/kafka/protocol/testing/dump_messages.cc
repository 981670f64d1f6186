// Prints every message of the schema, in every version and filling, as "Name version hex": for the
// comparison with Kafka's own classes (tools/schema/check_against_java.py).

#include <fmt/format.h>

#include "kafka/protocol/testing/hex.h"
#include "kafka/protocol/testing/message_table.h"

int main() {
  using namespace ottla::kafka::testing;
  for (const MessageEntry& m : all_messages()) {
    for (std::int16_t v = m.min_version; v <= m.max_version; ++v) {
      for (const Fill fill : {Fill::kDefaults, Fill::kFilled, Fill::kNulls, Fill::kUnknownTags}) {
        fmt::print("{} {} {}\n", m.name, v, to_hex(m.encode(fill, v)));
      }
    }
  }
}
