#include "kafka/protocol/errors.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace ottla::kafka {
namespace {

struct ErrorRow {
  std::string_view name;
  bool retriable;
  bool refreshes_metadata;
  std::string_view meaning;
};

#include "kafka/protocol/errors_table.inc"

constexpr ErrorRow kUnknown = {"UNKNOWN_CODE", false, false,
                               "The broker is newer than this program: the code is not known."};

const ErrorRow& row(int code) noexcept {
  const int index = code - kFirstCode;
  if (index < 0 || index >= static_cast<int>(std::size(kErrors))) return kUnknown;
  return kErrors[index];
}

const ErrorRow& row(ErrorCode code) noexcept {
  return row(static_cast<int>(code));
}

class KafkaCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "kafka"; }
  std::string message(int code) const override {
    return fmt::format("{} ({}): {}", row(code).name, code, row(code).meaning);
  }
};

}  // namespace

bool is_retriable(ErrorCode code) noexcept {
  return row(code).retriable;
}
bool refreshes_metadata(ErrorCode code) noexcept {
  return row(code).refreshes_metadata;
}
std::string_view name(ErrorCode code) noexcept {
  return row(code).name;
}
std::string_view meaning(ErrorCode code) noexcept {
  return row(code).meaning;
}

const std::error_category& error_category() noexcept {
  static const KafkaCategory category;
  return category;
}

}  // namespace ottla::kafka
