#pragma once
// One remark about a key of the configuration file, for the log and for `ottla plan`.

#include <string>
#include <string_view>

namespace ottla::flow {

enum class FindingKind {
  kError,          // the file can't be used
  kContradiction,  // two settings that do not go together; the text says which one counts
  kUnknown,        // no program reads this key
  kMisplaced,      // known, but MirrorMaker does not read it at this level
  kIgnored,        // known to MirrorMaker, without effect here; the text says why
  kDuplicate,      // given twice
  kHint,           // works, but there is something to know
};

constexpr std::string_view finding_kind_name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kError:
      return "error";
    case FindingKind::kContradiction:
      return "contradiction";
    case FindingKind::kUnknown:
      return "unknown";
    case FindingKind::kMisplaced:
      return "misplaced";
    case FindingKind::kIgnored:
      return "ignored";
    case FindingKind::kDuplicate:
      return "duplicate";
    case FindingKind::kHint:
      return "hint";
  }
  return "unknown";
}

struct ConfigFinding {
  FindingKind kind = FindingKind::kHint;
  int line = 0;     // in the file; 0: about no line of it
  std::string key;  // as in the file
  std::string text;
};

}  // namespace ottla::flow
