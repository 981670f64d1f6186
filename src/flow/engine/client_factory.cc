#include "flow/engine/client_factory.h"

#include "kafka/session/sasl/oauth_token.h"
#include "kafka/session/sasl/sasl.h"
#include "kafka/session/sasl/scram.h"
#include "net/http_client.h"

namespace ottla::flow {

namespace session = kafka::session;

namespace {

net::StoreType store_type(StoreType type) {
  switch (type) {
    case StoreType::kJks:
      return net::StoreType::kJks;
    case StoreType::kPkcs12:
      return net::StoreType::kPkcs12;
    case StoreType::kPem:
      return net::StoreType::kPem;
  }
  return net::StoreType::kPem;
}

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

net::TlsSettings tls_settings(const TlsSettings& from) {
  net::TlsSettings to;
  to.truststore_location = given(from.trust.location);
  to.truststore_password = given(from.trust.password.reveal());
  to.truststore_type = store_type(from.trust.type);
  to.truststore_certificates_pem = given(from.trust.certificates);
  to.keystore_location = given(from.key.location);
  to.keystore_password = given(from.key.password.reveal());
  to.keystore_type = store_type(from.key.type);
  to.keystore_certificate_chain_pem = given(from.key.certificate_chain);
  to.keystore_key_pem = given(from.key.key.reveal());
  to.key_password = given(from.key.key_password.reveal());
  to.verify_hostname = from.verify_hostname;
  to.enabled_protocols = from.enabled_protocols;
  if (!from.cipher_suites.empty())
    to.cipher_suites = fmt::format("{}", fmt::join(from.cipher_suites, ":"));
  return to;
}

std::string mechanism_name(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kPlain:
      return "PLAIN";
    case SaslMechanism::kScramSha256:
      return "SCRAM-SHA-256";
    case SaslMechanism::kScramSha512:
      return "SCRAM-SHA-512";
    case SaslMechanism::kOAuthBearer:
      return "OAUTHBEARER";
  }
  return "";
}

net::Task<Result<std::string>> fetch_token(OAuthSettings oauth,
                                           std::shared_ptr<net::TlsContext> tls) {
  if (oauth.token_endpoint_url.starts_with("file:")) {
    co_return session::read_token_file(oauth.token_endpoint_url.substr(5));
  }
  if (oauth.is_unsecured()) {
    session::JaasOptions options{
        {"unsecuredLoginStringClaim_sub", oauth.unsecured_subject},
        {"unsecuredLoginLifetimeSeconds", std::to_string(oauth.unsecured_lifetime.count())}};
    if (!oauth.scope.empty()) options["unsecuredLoginListClaim_scope"] = " " + oauth.scope;
    co_return session::make_unsecured_token(options, std::chrono::system_clock::now());
  }
  session::TokenRequest request =
      session::make_token_request({oauth.client_id, oauth.client_secret.reveal(), oauth.scope});
  net::HttpRequest post;
  post.method = "POST";
  post.url = oauth.token_endpoint_url;
  post.headers = std::move(request.headers);
  post.body = std::move(request.body);
  net::HttpOptions options;
  options.deadline = net::Clock::now() + oauth.connect_timeout + oauth.read_timeout;
  options.tls = std::move(tls);
  OTTLA_CO_ASSIGN(const net::HttpResponse answer,
                  co_await net::http_request(std::move(post), std::move(options)));
  co_return session::parse_token_response(answer.status, answer.body);
}

// A plain function that makes the coroutine's arguments, so that nothing is captured by a
// coroutine.
net::Task<Result<std::unique_ptr<session::SaslMechanism>>> make_mechanism(
    SaslSettings sasl, std::shared_ptr<net::TlsContext> tls) {
  using Mechanism = std::unique_ptr<session::SaslMechanism>;
  switch (sasl.mechanism) {
    case SaslMechanism::kPlain:
      co_return Mechanism(session::make_plain_client(sasl.username, sasl.password.reveal()));
    case SaslMechanism::kScramSha256:
    case SaslMechanism::kScramSha512: {
      session::ScramClientOptions options;
      options.hash = sasl.mechanism == SaslMechanism::kScramSha256 ? session::ScramHash::kSha256
                                                                   : session::ScramHash::kSha512;
      options.username = sasl.username;
      options.password = sasl.password.reveal();
      options.token_auth = sasl.delegation_token;
      co_return Mechanism(session::make_scram_client(std::move(options)));
    }
    case SaslMechanism::kOAuthBearer: {
      OTTLA_CO_ASSIGN(std::string token,
                      co_await fetch_token(std::move(sasl.oauth), std::move(tls)));
      co_return Mechanism(session::make_oauthbearer_client(std::move(token)));
    }
  }
  co_return fail(BaseErrc::kInvalidInput, "sasl.mechanism");
}

}  // namespace

Result<kafka::ClusterSettings> make_cluster_settings(const ClientSettings& settings,
                                                     const std::string& alias,
                                                     const std::string& role) {
  kafka::ClusterSettings cluster;
  cluster.connection.alias = alias;
  cluster.connection.client_id =
      settings.client_id.empty() ? role : settings.client_id + "|" + role;
  cluster.connection.connect_timeout = settings.connection_setup_timeout;
  cluster.connection.request_timeout = settings.request_timeout;
  cluster.reconnect_backoff = std::max(settings.reconnect_backoff, net::Duration(10));
  cluster.reconnect_backoff_max =
      std::max(settings.reconnect_backoff_max, cluster.reconnect_backoff);
  cluster.metadata_max_age = settings.metadata_max_age;
  for (const HostPort& server : settings.bootstrap_servers) {
    cluster.bootstrap.push_back({server.host, server.port});
  }
  std::shared_ptr<net::TlsContext> tls;
  if (settings.uses_tls() || settings.uses_sasl()) {
    Result<std::shared_ptr<net::TlsContext>> loaded =
        net::TlsContext::client(tls_settings(settings.tls));
    // Whatever it is, a person has to change the configuration.
    if (!loaded) {
      return fail(BaseErrc::kInvalidInput, "cluster " + alias + ": " + loaded.error().to_string());
    }
    tls = *std::move(loaded);
  }
  if (settings.uses_tls()) cluster.connection.tls = tls;
  if (settings.uses_sasl()) {
    cluster.connection.sasl_mechanism = mechanism_name(settings.sasl.mechanism);
    cluster.connection.sasl = [sasl = settings.sasl, tls](const std::string&) {
      return make_mechanism(sasl, tls);
    };
  }
  return cluster;
}

}  // namespace ottla::flow
