#pragma once
// Looks at every key of a file: is it known, does it have an effect where it stands, is its value
// acceptable. Makes the list that `plan` and the log show.

#include <string>
#include <string_view>
#include <vector>

#include "flow/config/layers.h"
#include "flow/rules/config_finding.h"

namespace ottla::flow {

// What a key's prefix says.
struct KeyPlace {
  enum Kind { kTop, kCluster, kFlow, kUnknownFlow } kind = kTop;
  std::string_view prefix;  // "A." or "A->B."
  std::string_view rest;    // the name after it
  std::string_view client;  // "consumer.", "source.producer.", "producer.override." …; or empty
  std::string_view name;    // the name after that
};
KeyPlace place_of(std::string_view key, const std::vector<std::string>& aliases);

std::vector<ConfigFinding> check_keys(const Settings& file,
                                      const std::vector<std::string>& aliases);

}  // namespace ottla::flow
