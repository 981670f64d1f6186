#pragma once
// ProcessStatus as JSON and back: what GET /ottla/v1/status answers and `ottla status` reads.
// Members carry the names of the struct's fields. Readers ignore members they do not know and keep
// the default of those that are missing, so that versions may differ on both ends.

#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/status/status.h"

namespace ottla::flow {

std::string to_json(const ProcessStatus& status);

// kCorrupt names the member that has the wrong type.
Result<ProcessStatus> process_status_from_json(std::string_view text);

// The ledger part alone: {"flows":[{"flow":"A->B","entries":n,"newest":[…]}]}.
std::string ledger_to_json(const ProcessStatus& status);

}  // namespace ottla::flow
