#pragma once
// TLS over a Stream, with OpenSSL memory BIOs: the same try-first shape as plain TCP.
// Key material comes in the forms that Kafka's clients take: PEM (inline or file), PKCS12, JKS.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/stream.h"

namespace ottla::net {

enum class StoreType { kPem, kPkcs12, kJks };

struct TlsSettings {
  // Trust: a store file, or PEM text; neither: the system's CA bundle.
  std::optional<std::string> truststore_location;
  std::optional<std::string> truststore_password;
  StoreType truststore_type = StoreType::kJks;
  std::optional<std::string> truststore_certificates_pem;
  // Own certificate (mTLS): a store file, or PEM texts; neither: none.
  std::optional<std::string> keystore_location;
  std::optional<std::string> keystore_password;
  StoreType keystore_type = StoreType::kJks;
  std::optional<std::string> keystore_certificate_chain_pem;
  std::optional<std::string> keystore_key_pem;
  std::optional<std::string> key_password;
  bool verify_hostname = true;                 // ssl.endpoint.identification.algorithm=https
  std::vector<std::string> enabled_protocols;  // "TLSv1.2", "TLSv1.3"; empty: both
  std::optional<std::string> cipher_suites;
};

// A loaded and checked configuration; shared by all connections of a client, any core.
class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> client(const TlsSettings& settings);
  // Server side: REST over HTTPS and the fake cluster. `client_auth`: ask for and check a
  // certificate.
  static Result<std::shared_ptr<TlsContext>> server(const TlsSettings& settings, bool client_auth);
  virtual ~TlsContext() = default;
};

// Handshake within the deadline. Errors name what failed in words and the Kafka setting to change
// (unknown CA: ssl.truststore.location; expired; host name mismatch; client certificate required
// …).
Task<Result<std::unique_ptr<Stream>>> handshake_client(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       std::string host, Deadline deadline);
Task<Result<std::unique_ptr<Stream>>> handshake_server(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       Deadline deadline);

}  // namespace ottla::net
