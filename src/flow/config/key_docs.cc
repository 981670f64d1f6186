#include "flow/config/key_docs.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "flow/config/known_keys.h"

namespace ottla::flow {
namespace {

constexpr std::string_view kIntroduction =
    R"(# Configuration

<!-- Made from src/flow/config/known_keys_table.cc by build/<preset>/config_docs; do not edit. -->

Ottla reads a MirrorMaker 2 file unchanged: `ottla run mm2.properties`. `ottla plan` lists the keys of
your file that are unknown, stand in the wrong place, contradict each other or have no effect, with
line numbers.

Where a key may stand:

| Written as | Level |
|---|---|
| `name=` | top |
| `A.name=` | cluster |
| `A->B.name=` | flow |
| `A.consumer.name=`, `A->B.source.consumer.name=` | consumer (reading) |
| `B.producer.name=`, `A->B.producer.override.name=` | producer (writing) |
| `A.admin.name=`, `A->B.source.admin.name=` | admin |

Later wins: top, cluster, flow. MirrorMaker's exceptions hold here, too: `A.consumer.x` beats
`A->B.consumer.x` (write `A->B.source.consumer.x`), `A->B.producer.x` counts for offset syncs only,
and `offset.storage.*` at top level beats `B.offset.storage.*`. Keys of Ottla's own start with
`ottla.`; MirrorMaker ignores them, so one file serves both programs. For them the order is top,
source cluster, target cluster, flow.

Lists of patterns are Java regular expressions, separated by commas, each matched against the whole
name. In a .properties file a backslash is written twice: `.*\\.internal`.
)";

std::string_view treatment_name(Treatment treatment) {
  switch (treatment) {
    case Treatment::kSame:
      return "as in MirrorMaker";
    case Treatment::kBetter:
      return "better";
    case Treatment::kIgnored:
      return "no effect";
    case Treatment::kRefused:
      return "limited";
    case Treatment::kOwn:
      return "";
  }
  return "";
}

std::string levels_text(unsigned levels) {
  constexpr std::array<std::pair<unsigned, std::string_view>, 6> kNames{
      {{kTopLevel, "top"},
       {kClusterLevel, "cluster"},
       {kFlowLevel, "flow"},
       {kConsumerLevel, "consumer"},
       {kProducerLevel, "producer"},
       {kAdminLevel, "admin"}}};
  std::string out;
  for (const auto& [level, name] : kNames) {
    if ((levels & level) == 0) continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

// Inside a table a bar ends the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

std::string row(const KnownKey& key) {
  std::string meaning(key.meaning);
  if (!key.choices.empty()) {
    std::string choices(key.choices);
    for (char& c : choices) {
      if (c == '|') c = ' ';
    }
    meaning += fmt::format(" One of: {}.", choices);
  }
  std::string treated(treatment_name(key.treatment));
  if (!key.note.empty()) treated += fmt::format("{}{}", treated.empty() ? "" : ": ", key.note);
  if (key.treatment == Treatment::kOwn) {
    return fmt::format("| `{}` | {} | {} | {} |\n", key.name, levels_text(key.levels),
                       code(key.default_value), cell(meaning));
  }
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, levels_text(key.levels),
                     code(key.default_value), cell(meaning), cell(treated));
}

template <class Wanted>
std::string table(std::string_view title, bool own, Wanted wanted) {
  std::string out = fmt::format("\n## {}\n\n", title);
  out += own ? "| Key | Level | Default | Meaning |\n|---|---|---|---|\n"
             : "| Key | Level | Default | Meaning | In Ottla |\n|---|---|---|---|---|\n";
  for (const KnownKey& key : known_keys()) {
    if (wanted(key)) out += row(key);
  }
  return out;
}

bool is_client_level(const KnownKey& key) {
  return (key.levels & (kConsumerLevel | kProducerLevel | kAdminLevel)) != 0;
}

}  // namespace

std::string key_docs_markdown() {
  const auto own = [](const KnownKey& k) { return k.treatment == Treatment::kOwn; };
  const auto dead = [](const KnownKey& k) { return k.treatment == Treatment::kIgnored; };
  std::string out(kIntroduction);
  out += table("Ottla's own keys", true, own);
  out += table("MirrorMaker's keys", false,
               [&](const KnownKey& k) { return !own(k) && !dead(k) && !is_client_level(k); });
  out += table("Keys of clients", false,
               [&](const KnownKey& k) { return !own(k) && !dead(k) && is_client_level(k); });
  out += table("Keys without effect", false, dead);
  return out;
}

}  // namespace ottla::flow
