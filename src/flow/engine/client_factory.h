#pragma once
// From the configuration's client settings to the client library's: endpoints, TLS context, SASL.

#include <string>

#include "flow/config/client_settings.h"
#include "kafka/client/settings.h"

namespace ottla::flow {

// Loads key material and checks it; errors name the setting to change. `role` becomes part of the
// client id, e.g. "A->B|source".
Result<kafka::ClusterSettings> make_cluster_settings(const ClientSettings& settings,
                                                     const std::string& alias,
                                                     const std::string& role);

}  // namespace ottla::flow
