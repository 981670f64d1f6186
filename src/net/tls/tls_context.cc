#include "net/tls/tls_context.h"

#include <string_view>

#include "net/tls/key_store.h"

namespace ottla::net {

using namespace tls;  // NOLINT: this file is the inside of that namespace

namespace {

// Names as Kafka's ssl.enabled.protocols and Java have them.
Status set_protocols(SSL_CTX* context, const std::vector<std::string>& names) {
  int low = TLS1_3_VERSION;
  int high = TLS1_2_VERSION;
  for (const std::string& name : names) {
    if (name != "TLSv1.2" && name != "TLSv1.3") {
      return fail(TlsErrc::kStore, "ssl.enabled.protocols: \"" + name +
                                       "\" is not supported, use TLSv1.2 and TLSv1.3");
    }
    const int version = name == "TLSv1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    low = std::min(low, version);
    high = std::max(high, version);
  }
  if (names.empty()) std::swap(low, high);
  SSL_CTX_set_min_proto_version(context, low);
  SSL_CTX_set_max_proto_version(context, high);
  return {};
}

// Java's names (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) and OpenSSL's (ECDHE-RSA-AES128-GCM-SHA256),
// between commas. TLS 1.3 suites have a list of their own in OpenSSL.
Status set_ciphers(SSL_CTX* context, std::string_view names) {
  std::string old_suites;
  std::string new_suites;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find_first_of(",: \t"), names.size());
    const std::string name(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
    if (name.empty()) continue;
    const bool is_new = name.starts_with("TLS_") && name.find("_WITH_") == std::string::npos;
    const char* ours = is_new ? name.c_str() : OPENSSL_cipher_name(name.c_str());
    if (std::string_view(ours) == "(NONE)") ours = name.c_str();
    std::string& list = is_new ? new_suites : old_suites;
    if (!list.empty()) list += ':';
    list += ours;
  }
  const bool taken =
      (new_suites.empty() || SSL_CTX_set_ciphersuites(context, new_suites.c_str()) == 1) &&
      (old_suites.empty() || SSL_CTX_set_cipher_list(context, old_suites.c_str()) == 1);
  if (!taken) {
    return fail(TlsErrc::kStore, "ssl.cipher.suites: " + take_openssl_error("no known cipher"));
  }
  // Only suites of one version were named: the other version has to go.
  if (old_suites.empty()) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (new_suites.empty()) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  return {};
}

Status set_trust(SSL_CTX* context, const TlsSettings& settings, bool is_server) {
  OTTLA_ASSIGN(const auto trusted, load_trust(settings));
  if (!trusted) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  // As in Java, whatever is in the trust store is trusted, be it self-signed or not.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const X509Ptr& certificate : *trusted) {
    X509_STORE_add_cert(store, certificate.get());
    if (is_server) SSL_CTX_add_client_CA(context, certificate.get());
  }
  ERR_clear_error();
  return {};
}

Status set_own(SSL_CTX* context, const TlsSettings& settings, bool is_server) {
  OTTLA_ASSIGN(const auto own, load_own(settings));
  if (!own) {
    if (!is_server) return {};
    return fail(TlsErrc::kStore, "a TLS server needs a certificate, set ssl.keystore.location");
  }
  bool taken = SSL_CTX_use_certificate(context, own->leaf.get()) == 1 &&
               SSL_CTX_use_PrivateKey(context, own->key.get()) == 1;
  for (const X509Ptr& certificate : own->chain) {
    taken = taken && SSL_CTX_add1_chain_cert(context, certificate.get()) == 1;
  }
  if (taken) return {};
  return fail(TlsErrc::kStore, "ssl.keystore: certificate " + subject_of(own->leaf.get()) +
                                   " can't be used: " + take_openssl_error("refused by OpenSSL"));
}

Result<std::shared_ptr<TlsContext>> make_context(const TlsSettings& settings, bool is_server,
                                                 int verify_mode) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(TlsErrc::kStore, "OpenSSL: " + take_openssl_error("no context"));
  // Renegotiation would let a read need a write. A closed pipe without a farewell is as good as one
  // with it: Kafka's frames carry their sizes. Sessions are not resumed, so no tickets.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), verify_mode, nullptr);
  OTTLA_TRY(set_protocols(context.get(), settings.enabled_protocols));
  if (settings.cipher_suites) {
    OTTLA_TRY(set_ciphers(context.get(), *settings.cipher_suites));
  }
  if (verify_mode != SSL_VERIFY_NONE) {
    OTTLA_TRY(set_trust(context.get(), settings, is_server));
  }
  OTTLA_TRY(set_own(context.get(), settings, is_server));
  return std::make_shared<OpenSslContext>(std::move(context), settings.verify_hostname);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsSettings& settings) {
  return make_context(settings, false, SSL_VERIFY_PEER);
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsSettings& settings,
                                                       bool client_auth) {
  const int mode =
      client_auth ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE;
  return make_context(settings, true, mode);
}

}  // namespace ottla::net
