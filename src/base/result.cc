#include "base/result.h"

namespace ottla {
namespace {

class BaseCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "ottla"; }
  std::string message(int value) const override {
    switch (static_cast<BaseErrc>(value)) {
      case BaseErrc::kCancelled:
        return "cancelled";
      case BaseErrc::kTimedOut:
        return "timed out";
      case BaseErrc::kInvalidInput:
        return "invalid input";
      case BaseErrc::kCorrupt:
        return "corrupt data";
      case BaseErrc::kLimitExceeded:
        return "limit exceeded";
      case BaseErrc::kUnavailable:
        return "unavailable";
      case BaseErrc::kUnsupported:
        return "unsupported";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& base_category() noexcept {
  static const BaseCategory category;
  return category;
}

}  // namespace ottla
