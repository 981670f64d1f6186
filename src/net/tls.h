#pragma once
// TLS over a Stream, with OpenSSL memory BIOs: the same try-first shape as plain TCP.
// Key material comes in the forms that Kafka's clients take: PEM (inline or file), PKCS12, JKS.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/stream.h"

namespace ottla::net {

// Why a TLS connection can't be had. The context says it in full; all but kBroken stay until
// someone changes the configuration, so a caller may wait longer before it tries again.
enum class TlsErrc {
  kStore = 1,             // a key store, key or certificate of ours can't be used
  kUntrusted = 2,         // the peer's certificate is signed by no CA that we trust
  kExpired = 3,           // the peer's certificate is not valid at this time
  kHostMismatch = 4,      // the peer's certificate is for another host
  kRejectedByPeer = 5,    // the peer wants a client certificate, or another one
  kNotTls = 6,            // the peer does not speak TLS
  kProtocolMismatch = 7,  // no TLS version or cipher in common
  kBroken = 8,            // the peer broke the protocol, or the bytes were altered
};

const std::error_category& tls_category() noexcept;
inline std::error_code make_error_code(TlsErrc e) noexcept {
  return {static_cast<int>(e), tls_category()};
}

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

// Handshake within the deadline; `plain` is closed when it fails, or when the call is cancelled.
// A write that is cancelled may have sent a part of its bytes, so the stream is then fit only to
// be closed.
// `host`: a name or an address, as the configuration or the broker's metadata gave it. Errors name
// what failed in words and the Kafka setting to change (unknown CA: ssl.truststore.location;
// expired; host name mismatch; client certificate required …).
Task<Result<std::unique_ptr<Stream>>> handshake_client(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       std::string host, Deadline deadline);
Task<Result<std::unique_ptr<Stream>>> handshake_server(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       Deadline deadline);

}  // namespace ottla::net

template <>
struct std::is_error_code_enum<ottla::net::TlsErrc> : std::true_type {};
