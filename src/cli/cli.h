#pragma once
// The command line: parses arguments, runs one command, gives the exit code.

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/engine.h"

namespace ottla::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       // the work could not be done; the reason is on stderr
  kWrongUsage = 2,   // arguments or configuration that can't be used
  kCheckSaysNo = 3,  // the work was done, and the answer is no
};

// `arguments` without the program's name. Text for people and JSON go to `out`, complaints to
// `err`; logs go to stderr through spdlog. Lets no exception of a library escape.
int run_cli(const std::vector<std::string>& arguments, const Engine& engine, std::ostream& out,
            std::ostream& err);

}  // namespace ottla::cli
