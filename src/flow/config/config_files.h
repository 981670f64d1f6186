#pragma once
// What the configuration reads from outside: files, directories, environment variables. Behind an
// interface so that tests need none of them.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ottla::flow {

class ConfigFiles {
 public:
  virtual ~ConfigFiles() = default;
  // The whole file. Errors name the path.
  virtual Result<std::string> read_file(const std::string& path) = 0;
  // The path without "." and "..", with symbolic links followed.
  virtual Result<std::string> canonical_path(const std::string& path) = 0;
  virtual std::optional<std::string> environment_variable(const std::string& name) = 0;
};

// The operating system's. Reads files up to `file_bytes_max` bytes.
class SystemConfigFiles final : public ConfigFiles {
 public:
  explicit SystemConfigFiles(std::size_t file_bytes_max = 8U << 20U)
      : file_bytes_max_(file_bytes_max) {}
  Result<std::string> read_file(const std::string& path) override;
  Result<std::string> canonical_path(const std::string& path) override;
  std::optional<std::string> environment_variable(const std::string& name) override;

 private:
  std::size_t file_bytes_max_;
};

}  // namespace ottla::flow
