#pragma once
// sasl.jaas.config: "<login module class> required option=value option="value";"
//
// Understood are Kafka's modules for PLAIN, SCRAM and OAUTHBEARER. One entry per line, as Kafka
// demands of client configurations.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/config/secret.h"

namespace ottla::flow {

enum class LoginModule { kPlain, kScram, kOAuthBearer };

struct JaasEntry {
  LoginModule module = LoginModule::kPlain;
  std::map<std::string, Secret> options;  // all of them are treated as secrets

  [[nodiscard]] Secret option(const std::string& name) const {
    const auto found = options.find(name);
    return found == options.end() ? Secret() : found->second;
  }
};

// Errors never contain option values.
Result<JaasEntry> parse_jaas(std::string_view text);

}  // namespace ottla::flow
