#pragma once
// PEM texts as Kafka's clients take them: also on one line, as a properties file with continuation
// lines gives them, where OpenSSL's own reader finds nothing.

#include "base/result.h"
#include "net/tls/openssl_handles.h"

namespace ottla::net::tls {

// All certificates of the text, in order; at least one. `where` names the setting.
Result<Certificates> certificates_from_pem(std::string_view text, const std::string& where);

// The one private key. Encrypted keys need `password` (ssl.key.password).
Result<KeyPtr> key_from_pem(std::string_view text, const std::string* password,
                            const std::string& where);

}  // namespace ottla::net::tls
