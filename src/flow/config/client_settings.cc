#include "flow/config/client_settings.h"

#include <fmt/format.h>

#include <charconv>

#include "flow/config/jaas.h"
#include "flow/config/setting_reader.h"
#include "flow/rules/java_regex.h"

namespace ottla::flow {
namespace {

constexpr unsigned kClientLevels = kConsumerLevel | kProducerLevel | kAdminLevel;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

class ClientBuilder {
 public:
  ClientBuilder(const Settings& settings, std::string_view who,
                std::vector<ConfigFinding>& findings)
      : read_(settings, kClientLevels), who_(who), findings_(&findings) {}

  ClientSettings build() {
    bootstrap();
    protocol();
    if (out_.uses_tls()) tls();
    if (out_.uses_sasl()) sasl();
    connection();
    reader();
    writer();
    return std::move(out_);
  }

 private:
  void error(std::string_view name, std::string text) {
    const Setting* setting = read_.find(name);
    findings_->push_back({.kind = FindingKind::kError,
                          .line = setting != nullptr ? setting->line : 0,
                          .key = setting != nullptr ? setting->key : std::string(name),
                          .text = fmt::format("{} ({})", text, who_)});
  }

  void bootstrap() {
    const auto list = split_list(read_.text("bootstrap.servers"));
    if (list.empty()) {
      error("bootstrap.servers", "bootstrap.servers is missing; write host:port,host:port");
    }
    for (const std::string& item : list) {
      if (const auto address = parse_host_port(item)) {
        out_.bootstrap_servers.push_back(*address);
      } else {
        error("bootstrap.servers", fmt::format("'{}' is not host:port", item));
      }
    }
  }

  void protocol() {
    const std::string name = upper(read_.text("security.protocol"));
    out_.security_protocol = name == "SSL"              ? SecurityProtocol::kSsl
                             : name == "SASL_PLAINTEXT" ? SecurityProtocol::kSaslPlaintext
                             : name == "SASL_SSL"       ? SecurityProtocol::kSaslSsl
                                                        : SecurityProtocol::kPlaintext;
  }

  StoreType store_type(std::string_view name) {
    const std::string type = upper(read_.text(name));
    return type == "PEM"      ? StoreType::kPem
           : type == "PKCS12" ? StoreType::kPkcs12
                              : StoreType::kJks;
  }

  void tls() {
    TlsSettings& tls = out_.tls;
    tls.trust = {.type = store_type("ssl.truststore.type"),
                 .location = read_.text("ssl.truststore.location"),
                 .password = Secret(read_.text("ssl.truststore.password")),
                 .certificates = read_.text("ssl.truststore.certificates")};
    tls.key = {.type = store_type("ssl.keystore.type"),
               .location = read_.text("ssl.keystore.location"),
               .password = Secret(read_.text("ssl.keystore.password")),
               .key_password = Secret(read_.text("ssl.key.password")),
               .key = Secret(read_.text("ssl.keystore.key")),
               .certificate_chain = read_.text("ssl.keystore.certificate.chain")};
    tls.enabled_protocols = split_list(read_.text("ssl.enabled.protocols"));
    tls.cipher_suites = split_list(read_.text("ssl.cipher.suites"));
    const std::string check = read_.text("ssl.endpoint.identification.algorithm");
    tls.verify_hostname = !check.empty();
    if (!check.empty() && upper(check) != "HTTPS") {
      error("ssl.endpoint.identification.algorithm",
            fmt::format("'{}' is not known; write https, or leave it empty for no check", check));
    }
    check_stores();
  }

  void check_stores() {
    const TlsSettings& tls = out_.tls;
    if (!tls.trust.certificates.empty() && tls.trust.type != StoreType::kPem) {
      error("ssl.truststore.certificates", "needs ssl.truststore.type=PEM");
    }
    if (!tls.trust.certificates.empty() && !tls.trust.location.empty()) {
      error("ssl.truststore.certificates", "goes together with no ssl.truststore.location");
    }
    if (tls.trust.type == StoreType::kPem && !tls.trust.password.empty()) {
      error("ssl.truststore.password", "a PEM trust store has no password");
    }
    if (!tls.key.key.empty() && tls.key.type != StoreType::kPem) {
      error("ssl.keystore.key", "needs ssl.keystore.type=PEM");
    }
    if (!tls.key.key.empty() && !tls.key.location.empty()) {
      error("ssl.keystore.key", "goes together with no ssl.keystore.location");
    }
    if (tls.key.key.empty() != tls.key.certificate_chain.empty()) {
      error("ssl.keystore.key", "ssl.keystore.key and ssl.keystore.certificate.chain go together");
    }
    if (tls.key.type == StoreType::kPem && !tls.key.password.empty()) {
      error("ssl.keystore.password", "a PEM key store has no password; use ssl.key.password");
    }
  }

  void sasl() {
    const std::string mechanism = upper(read_.text("sasl.mechanism"));
    if (mechanism == "GSSAPI") {
      error("sasl.mechanism",
            read_.find("sasl.mechanism") == nullptr
                ? "sasl.mechanism is missing and Kafka's default GSSAPI (Kerberos) is not "
                  "supported; write PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
                : "GSSAPI (Kerberos) is not supported; use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or "
                  "OAUTHBEARER");
      return;
    }
    SaslSettings& sasl = out_.sasl;
    sasl.mechanism = mechanism == "SCRAM-SHA-256"   ? SaslMechanism::kScramSha256
                     : mechanism == "SCRAM-SHA-512" ? SaslMechanism::kScramSha512
                     : mechanism == "OAUTHBEARER"   ? SaslMechanism::kOAuthBearer
                                                    : SaslMechanism::kPlain;
    const std::string text = read_.text("sasl.jaas.config");
    if (text.empty()) {
      error("sasl.jaas.config", "sasl.jaas.config is missing");
      return;
    }
    const auto entry = parse_jaas(text);
    if (!entry) {
      error("sasl.jaas.config", entry.error().context);
      return;
    }
    login(*entry, mechanism);
  }

  void login(const JaasEntry& entry, std::string_view mechanism) {
    SaslSettings& sasl = out_.sasl;
    const LoginModule wanted = sasl.mechanism == SaslMechanism::kPlain ? LoginModule::kPlain
                               : sasl.mechanism == SaslMechanism::kOAuthBearer
                                   ? LoginModule::kOAuthBearer
                                   : LoginModule::kScram;
    if (entry.module != wanted) {
      error("sasl.jaas.config",
            fmt::format("the login module does not belong to sasl.mechanism={}", mechanism));
      return;
    }
    if (wanted == LoginModule::kOAuthBearer) return oauth(entry);
    sasl.username = entry.option("username").reveal();
    sasl.password = entry.option("password");
    sasl.delegation_token = parse_bool(entry.option("tokenauth").reveal()).value_or(false);
    if (sasl.username.empty() || sasl.password.empty()) {
      error("sasl.jaas.config", "username or password is missing");
    }
  }

  // The module's options, or the keys of Kafka 4.1 that say the same.
  void oauth(const JaasEntry& entry) {
    OAuthSettings& oauth = out_.sasl.oauth;
    const auto either = [&](const char* option, std::string_view key) {
      const Secret value = entry.option(option);
      return value.empty() ? Secret(read_.text(key)) : value;
    };
    oauth.token_endpoint_url = read_.text("sasl.oauthbearer.token.endpoint.url");
    oauth.client_id = either("clientId", "sasl.oauthbearer.client.credentials.client.id").reveal();
    oauth.client_secret =
        either("clientSecret", "sasl.oauthbearer.client.credentials.client.secret");
    oauth.scope = either("scope", "sasl.oauthbearer.scope").reveal();
    if (const auto ms = read_.given_number("sasl.login.connect.timeout.ms")) {
      oauth.connect_timeout = std::chrono::milliseconds(*ms);
    }
    if (const auto ms = read_.given_number("sasl.login.read.timeout.ms")) {
      oauth.read_timeout = std::chrono::milliseconds(*ms);
    }
    oauth.unsecured_subject = entry.option("unsecuredLoginStringClaim_sub").reveal();
    const Secret lifetime = entry.option("unsecuredLoginLifetimeSeconds");
    if (const auto seconds = parse_number(lifetime.reveal()); seconds && *seconds > 0) {
      oauth.unsecured_lifetime = std::chrono::seconds(*seconds);
    } else if (!lifetime.empty()) {
      error("sasl.jaas.config", "unsecuredLoginLifetimeSeconds is not a positive number");
    }
    if (oauth.is_unsecured() && oauth.unsecured_subject.empty()) {
      error("sasl.jaas.config",
            "OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url, or the option "
            "unsecuredLoginStringClaim_sub for tokens without signature");
    }
    if (!oauth.is_unsecured() && (oauth.client_id.empty() || oauth.client_secret.empty())) {
      error("sasl.jaas.config", "clientId or clientSecret is missing");
    }
  }

  void connection() {
    out_.client_id = read_.text("client.id");
    out_.request_timeout = read_.millis("request.timeout.ms");
    out_.metadata_max_age = read_.millis("metadata.max.age.ms");
    out_.reconnect_backoff = read_.millis("reconnect.backoff.ms");
    out_.reconnect_backoff_max = read_.millis("reconnect.backoff.max.ms");
    out_.retry_backoff = read_.millis("retry.backoff.ms");
    out_.retry_backoff_max = read_.millis("retry.backoff.max.ms");
    out_.connections_max_idle = read_.millis("connections.max.idle.ms");
    out_.connection_setup_timeout = read_.millis("socket.connection.setup.timeout.ms");
    out_.connection_setup_timeout_max = read_.millis("socket.connection.setup.timeout.max.ms");
    out_.send_buffer_bytes = buffer("send.buffer.bytes");
    out_.receive_buffer_bytes = buffer("receive.buffer.bytes");
  }

  std::optional<std::int32_t> buffer(std::string_view name) {
    const auto bytes = read_.given_int(name);
    return bytes && *bytes > 0 ? bytes : std::nullopt;
  }

  void reader() {
    ReaderSettings& reader = out_.reader;
    reader.read_committed = read_.text("isolation.level") != "read_uncommitted";
    const std::string reset = read_.text("auto.offset.reset");
    reader.auto_offset_reset = reset == "latest" ? ReaderSettings::Reset::kLatest
                               : reset == "none" ? ReaderSettings::Reset::kNone
                                                 : ReaderSettings::Reset::kEarliest;
    reader.fetch_min_bytes = read_.given_int("fetch.min.bytes");
    reader.fetch_max_bytes = read_.given_int("fetch.max.bytes");
    reader.max_partition_fetch_bytes = read_.given_int("max.partition.fetch.bytes");
    if (const auto ms = read_.given_number("fetch.max.wait.ms")) {
      reader.fetch_max_wait = std::chrono::milliseconds(*ms);
    }
    reader.client_rack = read_.text("client.rack");
    reader.check_crcs = read_.flag("check.crcs");
  }

  void writer() {
    using Compression = WriterSettings::Compression;
    WriterSettings& writer = out_.writer;
    if (const auto type = read_.given("compression.type")) {
      writer.compression = *type == "gzip"     ? Compression::kGzip
                           : *type == "snappy" ? Compression::kSnappy
                           : *type == "lz4"    ? Compression::kLz4
                           : *type == "zstd"   ? Compression::kZstd
                                               : Compression::kNone;
      writer.compression_level = *type == "gzip"   ? read_.given_int("compression.gzip.level")
                                 : *type == "lz4"  ? read_.given_int("compression.lz4.level")
                                 : *type == "zstd" ? read_.given_int("compression.zstd.level")
                                                   : std::nullopt;
    }
    writer.batch_bytes = read_.given_int("batch.size");
    writer.request_bytes_max = read_.given_int("max.request.size");
    if (const auto ms = read_.given_number("linger.ms")) {
      writer.linger = std::chrono::milliseconds(*ms);
    }
  }

  SettingReader read_;
  std::string_view who_;
  std::vector<ConfigFinding>* findings_;
  ClientSettings out_;
};

}  // namespace

std::string HostPort::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  text = trim(text);
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);  // Kafka accepts PLAINTEXT://host:port
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (host.empty() || port == 0) return std::nullopt;
  return HostPort{.host = std::string(host), .port = port};
}

ClientSettings make_client_settings(const Settings& settings, std::string_view who,
                                    std::vector<ConfigFinding>& findings) {
  return ClientBuilder(settings, who, findings).build();
}

}  // namespace ottla::flow
