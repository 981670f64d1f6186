#include "flow/config/config_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ottla::flow {

Result<std::string> SystemConfigFiles::read_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    return fail(BaseErrc::kInvalidInput, fmt::format("'{}' is a directory", path));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return fail(std::error_code(errno, std::generic_category()),
                fmt::format("file '{}' can't be read", path));
  }
  std::string text;
  text.resize(file_bytes_max_ + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(BaseErrc::kUnavailable, fmt::format("file '{}' can't be read", path));
  if (text.size() > file_bytes_max_) {
    return fail(BaseErrc::kLimitExceeded,
                fmt::format("file '{}' is larger than {} bytes", path, file_bytes_max_));
  }
  text.shrink_to_fit();
  return text;
}

Result<std::string> SystemConfigFiles::canonical_path(const std::string& path) {
  std::error_code code;
  const auto canonical = std::filesystem::canonical(path, code);
  if (code) return fail(code, fmt::format("path '{}'", path));
  return canonical.string();
}

std::optional<std::string> SystemConfigFiles::environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace ottla::flow
