#pragma once
// Loads trust and own certificates from whatever form the settings name.

#include <optional>

#include "net/tls.h"
#include "net/tls/openssl_handles.h"

namespace ottla::net::tls {

struct OwnCertificate {
  KeyPtr key;
  X509Ptr leaf;
  Certificates chain;  // from the leaf's issuer upwards
};

// nullopt: the settings name none.
Result<std::optional<Certificates>> load_trust(const TlsSettings& settings);
Result<std::optional<OwnCertificate>> load_own(const TlsSettings& settings);

}  // namespace ottla::net::tls
