#include "flow/config/providers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ottla::flow {
namespace {

struct Reference {
  std::size_t end = 0;  // past the '}'
  std::string provider;
  std::string path;
  std::string key;
};

// Kafka's grammar: ${provider:[path:]key}, no '}' inside; path and key may not be told apart by
// more than the first two colons, the key keeps any further ones.
bool parse_reference(std::string_view value, std::size_t start, Reference& out) {
  const std::size_t end = value.find('}', start);
  if (end == std::string_view::npos) return false;
  const std::string_view inner = value.substr(start + 2, end - start - 2);
  const std::size_t first = inner.find(':');
  if (first == std::string_view::npos) return false;
  const std::size_t second = inner.find(':', first + 1);
  out.end = end + 1;
  out.provider = inner.substr(0, first);
  if (second == std::string_view::npos) {
    out.path.clear();
    out.key = inner.substr(first + 1);
  } else {
    out.path = inner.substr(first + 1, second - first - 1);
    out.key = inner.substr(second + 1);
  }
  return true;
}

bool is_inside(std::string_view path, std::string_view directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  if (directory == "/" || path == directory) return true;
  return path.starts_with(directory) && path.substr(directory.size()).starts_with('/');
}

}  // namespace

Result<ProviderKind> provider_kind(std::string_view class_name) {
  constexpr std::string_view kPackage = "org.apache.kafka.common.config.provider.";
  if (class_name.starts_with(kPackage)) class_name.remove_prefix(kPackage.size());
  if (class_name == "FileConfigProvider") return ProviderKind::kFile;
  if (class_name == "DirectoryConfigProvider") return ProviderKind::kDirectory;
  if (class_name == "EnvVarConfigProvider") return ProviderKind::kEnvironment;
  return fail(BaseErrc::kUnsupported,
              fmt::format("config provider class '{}'; FileConfigProvider, DirectoryConfigProvider "
                          "and EnvVarConfigProvider of {}* are supported",
                          class_name, kPackage));
}

Result<Providers::Resolved> Providers::resolve(std::string_view value) {
  Resolved out;
  std::size_t at = 0;
  while (true) {
    const std::size_t start = value.find("${", at);
    out.text += value.substr(at, start == std::string_view::npos ? start : start - at);
    if (start == std::string_view::npos) return out;
    Reference ref;
    if (!parse_reference(value, start, ref)) {
      out.text += "${";
      at = start + 2;
      continue;
    }
    at = ref.end;
    const auto provider = providers_.find(ref.provider);
    if (provider == providers_.end()) {
      out.text += value.substr(start, ref.end - start);
      out.unknown_providers.push_back(ref.provider);
      continue;
    }
    auto found = lookup(provider->second, ref.path, ref.key);
    if (!found) {
      return std::unexpected(std::move(found).error().within(value.substr(start, ref.end - start)));
    }
    out.text += *found;
    out.from_provider = true;
  }
}

Result<std::string> Providers::lookup(const ProviderOptions& provider, const std::string& path,
                                      const std::string& key) {
  if (provider.kind == ProviderKind::kEnvironment) {
    if (!path.empty()) {
      return fail(BaseErrc::kInvalidInput,
                  "an environment variable has no path; write ${provider:NAME}");
    }
    return lookup_environment(provider, key);
  }
  if (path.empty()) {
    return fail(BaseErrc::kInvalidInput, "the path is missing; write ${provider:path:key}");
  }
  OTTLA_TRY(check_allowed(provider, path));
  if (provider.kind == ProviderKind::kFile) return lookup_file(path, key);
  if (key.empty() || key == "." || key == ".." || key.find('/') != std::string::npos) {
    return fail(BaseErrc::kInvalidInput, fmt::format("'{}' is not the name of a file", key));
  }
  const std::string file = fmt::format("{}/{}", path, key);
  OTTLA_TRY(check_allowed(provider, file));
  return files_->read_file(file);
}

Result<std::string> Providers::lookup_file(const std::string& path, const std::string& key) {
  auto parsed = parsed_files_.find(path);
  if (parsed == parsed_files_.end()) {
    OTTLA_ASSIGN(const std::string text, files_->read_file(path));
    OTTLA_ASSIGN(auto properties, Properties::parse(text, path));
    parsed = parsed_files_.emplace(path, std::move(properties)).first;
  }
  const Property* found = parsed->second.find(key);
  if (found == nullptr) {
    return fail(BaseErrc::kInvalidInput, fmt::format("'{}' has no key '{}'", path, key));
  }
  return found->value;
}

Result<std::string> Providers::lookup_environment(const ProviderOptions& provider,
                                                  const std::string& key) {
  for (const JavaRegex& pattern : provider.allowlist_pattern) {
    OTTLA_ASSIGN(const bool allowed, pattern.full_match(key));
    if (!allowed) {
      return fail(BaseErrc::kInvalidInput, fmt::format("allowlist.pattern '{}' does not match '{}'",
                                                       pattern.pattern(), key));
    }
  }
  auto value = files_->environment_variable(key);
  if (!value) {
    return fail(BaseErrc::kInvalidInput,
                fmt::format("the environment variable '{}' is not set", key));
  }
  return *std::move(value);
}

Status Providers::check_allowed(const ProviderOptions& provider, const std::string& path) {
  if (provider.allowed_paths.empty()) return {};
  OTTLA_ASSIGN(const std::string canonical, files_->canonical_path(path));
  for (const std::string& allowed : provider.allowed_paths) {
    const auto directory = files_->canonical_path(allowed);
    if (directory && is_inside(canonical, *directory)) return {};
  }
  return fail(BaseErrc::kInvalidInput, fmt::format("'{}' is outside allowed.paths ({})", path,
                                                   fmt::join(provider.allowed_paths, ", ")));
}

}  // namespace ottla::flow
