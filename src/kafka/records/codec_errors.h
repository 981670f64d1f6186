#pragma once
// Private to compression: how the codecs word their errors.

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace ottla::kafka::records {

inline std::unexpected<Error> fail_garbage(std::string_view codec, std::string_view detail) {
  return fail(BaseErrc::kCorrupt, fmt::format("{} data can't be decompressed: {}", codec, detail));
}

inline std::unexpected<Error> fail_too_large(std::string_view codec, std::size_t limit) {
  return fail(BaseErrc::kLimitExceeded,
              fmt::format("{} data decompresses to more than the limit of {} bytes", codec, limit));
}

inline std::unexpected<Error> fail_compress(std::string_view codec, std::string_view detail) {
  return fail(BaseErrc::kInvalidInput, fmt::format("{} compression: {}", codec, detail));
}

}  // namespace ottla::kafka::records
