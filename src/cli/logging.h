#pragma once
// Logs go to stderr; the level comes from --log-level, else OTTLA_LOG, else info.

#include <string>

#include "base/result.h"

namespace ottla::cli {

// `level` is trace, debug, info, warn, error or off; empty: OTTLA_LOG decides.
Status set_up_logging(const std::string& level);

}  // namespace ottla::cli
