#include <iostream>

#include "cli/cli.h"
#include "cli/serve.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  ottla::cli::Engine engine;
  engine.run = ottla::cli::serve;
  return ottla::cli::run_cli(arguments, engine, std::cout, std::cerr);
}
