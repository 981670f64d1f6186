#pragma once
// `ottla run`: the process with its REST server and, on a terminal, the live table.

#include "cli/engine.h"

namespace ottla::cli {

// Runs until SIGTERM or SIGINT; returns the exit code. Errors go to the log.
int serve(const Configuration& configuration);

}  // namespace ottla::cli
