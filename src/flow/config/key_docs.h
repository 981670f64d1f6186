#pragma once
// docs/configuration.md, made from the table of known keys. A test compares the file with this
// text.

#include <string>

namespace ottla::flow {

std::string key_docs_markdown();

}  // namespace ottla::flow
