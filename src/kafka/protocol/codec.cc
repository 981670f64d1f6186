#include "kafka/protocol/codec.h"

#include <fmt/format.h>

namespace ottla::kafka {

bool writable(wire::Writer& w, std::int16_t min, std::int16_t max, std::int16_t version) noexcept {
  if (version >= min && version <= max) return true;
  w.fail();
  return false;
}

Status readable(std::string_view message, std::int16_t min, std::int16_t max,
                std::int16_t version) {
  if (version >= min && version <= max) return {};
  return fail(make_error_code(BaseErrc::kUnsupported),
              fmt::format("{} v{}: only v{} to v{} are known", message, version, min, max));
}

Status decoded(std::string_view message, std::int16_t version, const wire::Reader& r) {
  if (r.ok()) return {};
  return fail(
      make_error_code(BaseErrc::kCorrupt),
      fmt::format("{} v{}: cut off or malformed at byte {}", message, version, r.position()));
}

}  // namespace ottla::kafka
