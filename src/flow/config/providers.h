#pragma once
// Config providers: ${provider:key} and ${provider:path:key} in values.
//
// Kafka's three built-in ones, under their class names:
//   FileConfigProvider       path = a .properties file, key = a key in it        allowed.paths
//   DirectoryConfigProvider  path = a directory, key = a file name in it         allowed.paths
//   EnvVarConfigProvider     no path, key = an environment variable             allowlist.pattern
// One pass, as in Kafka: what a reference yields is not searched for further references. A
// reference to a provider that is not configured stays as it stands, as in Kafka; a reference that
// a configured provider can't answer is an error here (Kafka would use the text "${...}" itself).

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/config/config_files.h"
#include "flow/config/properties.h"
#include "flow/rules/java_regex.h"

namespace ottla::flow {

enum class ProviderKind { kFile, kDirectory, kEnvironment };

struct ProviderOptions {
  ProviderKind kind = ProviderKind::kFile;
  std::vector<std::string> allowed_paths{};    // empty: all
  std::vector<JavaRegex> allowlist_pattern{};  // none or one
};

class Providers {
 public:
  // `files` must outlive the object.
  explicit Providers(ConfigFiles& files) : files_(&files) {}
  void add(std::string name, ProviderOptions options) {
    providers_.insert_or_assign(std::move(name), std::move(options));
  }
  [[nodiscard]] bool empty() const { return providers_.empty(); }

  struct Resolved {
    std::string text;
    bool from_provider = false;                    // then it may be a secret
    std::vector<std::string> unknown_providers{};  // references left as they stand
  };
  Result<Resolved> resolve(std::string_view value);

 private:
  Result<std::string> lookup(const ProviderOptions& provider, const std::string& path,
                             const std::string& key);
  Result<std::string> lookup_file(const std::string& path, const std::string& key);
  Result<std::string> lookup_environment(const ProviderOptions& provider, const std::string& key);
  Status check_allowed(const ProviderOptions& provider, const std::string& path);

  ConfigFiles* files_;
  std::map<std::string, ProviderOptions> providers_;
  std::map<std::string, Properties> parsed_files_;
};

// FileConfigProvider and so on, with or without org.apache.kafka.common.config.provider. in front.
Result<ProviderKind> provider_kind(std::string_view class_name);

}  // namespace ottla::flow
