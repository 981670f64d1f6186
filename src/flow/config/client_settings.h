#pragma once
// How one client of a flow connects, logs in, reads and writes: Kafka's client keys, typed.
//
// An optional without value means that the file is silent and the caller's own default counts.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/config/layers.h"
#include "flow/config/secret.h"
#include "flow/rules/config_finding.h"

namespace ottla::flow {

struct HostPort {
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
  [[nodiscard]] std::string to_string() const;
};
// "host:port", "[v6]:port".
std::optional<HostPort> parse_host_port(std::string_view text);

enum class SecurityProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
enum class StoreType { kJks, kPkcs12, kPem };
enum class SaslMechanism { kPlain, kScramSha256, kScramSha512, kOAuthBearer };

struct TrustStore {
  StoreType type = StoreType::kJks;
  std::string location;      // empty: the system's certificates
  Secret password;           // empty: none needed
  std::string certificates;  // inline PEM, instead of location
};

struct KeyStore {
  StoreType type = StoreType::kJks;
  std::string location;  // empty and no inline key: no client certificate
  Secret password;
  Secret key_password;
  Secret key;                     // inline PEM, instead of location
  std::string certificate_chain;  // inline PEM, goes with key
  [[nodiscard]] bool is_given() const { return !location.empty() || !key.empty(); }
};

struct TlsSettings {
  TrustStore trust;
  KeyStore key;
  bool verify_hostname = true;  // ssl.endpoint.identification.algorithm
  std::vector<std::string> enabled_protocols{"TLSv1.2", "TLSv1.3"};
  std::vector<std::string> cipher_suites;  // empty: the library's
};

// OAUTHBEARER: either a token endpoint or, for tests, an unsigned token made by ourselves.
struct OAuthSettings {
  std::string token_endpoint_url;
  std::string client_id;
  Secret client_secret;
  std::string scope;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds read_timeout{10'000};
  // Unsecured JWT (no endpoint): the claim "sub", lifetime, and scope.
  std::string unsecured_subject;
  std::chrono::seconds unsecured_lifetime{3600};
  [[nodiscard]] bool is_unsecured() const { return token_endpoint_url.empty(); }
};

struct SaslSettings {
  SaslMechanism mechanism = SaslMechanism::kPlain;
  std::string username;
  Secret password;
  bool delegation_token = false;  // SCRAM with tokenauth=true
  OAuthSettings oauth;
};

struct ReaderSettings {
  bool read_committed = true;
  enum class Reset { kEarliest, kLatest, kNone } auto_offset_reset = Reset::kEarliest;
  std::optional<std::int32_t> fetch_min_bytes;
  std::optional<std::int32_t> fetch_max_bytes;
  std::optional<std::int32_t> max_partition_fetch_bytes;
  std::optional<std::chrono::milliseconds> fetch_max_wait;
  std::string client_rack;
  bool check_crcs = true;
};

struct WriterSettings {
  enum class Compression { kNone, kGzip, kSnappy, kLz4, kZstd };
  std::optional<Compression> compression;  // none: as on the source
  std::optional<int> compression_level;
  std::optional<std::int32_t> batch_bytes;
  std::optional<std::chrono::milliseconds> linger;
  std::optional<std::int32_t> request_bytes_max;
};

struct ClientSettings {
  std::vector<HostPort> bootstrap_servers;
  SecurityProtocol security_protocol = SecurityProtocol::kPlaintext;
  TlsSettings tls;        // counts for SSL and SASL_SSL
  SaslSettings sasl;      // counts for SASL_*
  std::string client_id;  // empty: not given

  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds metadata_max_age{300'000};
  std::chrono::milliseconds reconnect_backoff{50};
  std::chrono::milliseconds reconnect_backoff_max{1'000};
  std::chrono::milliseconds retry_backoff{100};
  std::chrono::milliseconds retry_backoff_max{1'000};
  std::chrono::milliseconds connections_max_idle{540'000};
  std::chrono::milliseconds connection_setup_timeout{10'000};
  std::chrono::milliseconds connection_setup_timeout_max{30'000};
  std::optional<std::int32_t> send_buffer_bytes;  // none: the system's choice
  std::optional<std::int32_t> receive_buffer_bytes;

  ReaderSettings reader;
  WriterSettings writer;

  [[nodiscard]] bool uses_tls() const {
    return security_protocol == SecurityProtocol::kSsl ||
           security_protocol == SecurityProtocol::kSaslSsl;
  }
  [[nodiscard]] bool uses_sasl() const {
    return security_protocol == SecurityProtocol::kSaslPlaintext ||
           security_protocol == SecurityProtocol::kSaslSsl;
  }
};

// Types the settings of one client. What is wrong goes to `findings` (all of it); `who` names the
// client ("primary" or "flow A->B, reader"). Values that value_fault refuses are left at their
// default without a further finding: the check of the file has reported them.
ClientSettings make_client_settings(const Settings& settings, std::string_view who,
                                    std::vector<ConfigFinding>& findings);

}  // namespace ottla::flow
