#pragma once
// Files and environment of a test, in memory.

#include <map>
#include <string>

#include "flow/config/config_files.h"

namespace ottla::flow {

class FakeConfigFiles final : public ConfigFiles {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> links;  // canonical_path of these differs
  std::map<std::string, std::string> environment;

  Result<std::string> read_file(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return fail(BaseErrc::kInvalidInput, "no file '" + path + "'");
    return found->second;
  }
  Result<std::string> canonical_path(const std::string& path) override {
    const auto found = links.find(path);
    return found == links.end() ? path : found->second;
  }
  std::optional<std::string> environment_variable(const std::string& name) override {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace ottla::flow
