// Prints docs/configuration.md: build/<preset>/config_docs > docs/configuration.md

#include <cstdio>

#include "flow/config/key_docs.h"

int main() {
  const std::string text = ottla::flow::key_docs_markdown();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
