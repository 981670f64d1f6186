#include "net/tls/tls_failure.h"

#include <openssl/x509v3.h>

#include "net/tls.h"

namespace ottla::net {
namespace {

class TlsCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    switch (static_cast<TlsErrc>(value)) {
      case TlsErrc::kStore:
        return "unusable TLS configuration";
      case TlsErrc::kUntrusted:
        return "certificate not trusted";
      case TlsErrc::kExpired:
        return "certificate not valid at this time";
      case TlsErrc::kHostMismatch:
        return "certificate is for another host";
      case TlsErrc::kRejectedByPeer:
        return "rejected by the peer";
      case TlsErrc::kNotTls:
        return "peer does not speak TLS";
      case TlsErrc::kProtocolMismatch:
        return "no TLS version or cipher in common";
      case TlsErrc::kBroken:
        return "TLS protocol broken";
    }
    return "unknown TLS error";
  }
};

}  // namespace

const std::error_category& tls_category() noexcept {
  static const TlsCategory category;
  return category;
}

}  // namespace ottla::net

namespace ottla::net::tls {
namespace {

template <class Print>
std::string printed(Print print) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  print(out.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string names_of(const X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (at < 0) return subject_of(certificate);
  X509_EXTENSION* extension = X509_get_ext(certificate, at);
  return printed([extension](BIO* out) { X509V3_EXT_print(out, extension, 0, 0); });
}

std::string validity_of(const X509* certificate) {
  return "from " +
         printed([=](BIO* out) { ASN1_TIME_print(out, X509_get0_notBefore(certificate)); }) +
         " until " +
         printed([=](BIO* out) { ASN1_TIME_print(out, X509_get0_notAfter(certificate)); });
}

Error error(TlsErrc code, std::string context) {
  return {make_error_code(code), std::move(context)};
}

std::string with_peer(const PeerFacts& facts) {
  return "TLS with " + facts.peer;
}

Error verify_failure(const PeerFacts& facts) {
  const std::string what = with_peer(facts) + ": certificate " + facts.subject;
  switch (facts.verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return error(TlsErrc::kExpired, what + " is valid " + facts.valid +
                                          "; renew it, or check the clocks of both machines");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return error(TlsErrc::kHostMismatch,
                   what + " is for " + facts.names + ", not for " + facts.host +
                       "; connect by one of its names, or set "
                       "ssl.endpoint.identification.algorithm= (empty) to skip this check");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return error(TlsErrc::kUntrusted,
                   what + ", issued by " + facts.issuer +
                       ", leads to no CA that we trust; add the CA to "
                       "ssl.truststore.location or ssl.truststore.certificates");
    default:
      return error(TlsErrc::kUntrusted,
                   what + ": " + X509_verify_cert_error_string(facts.verify_error));
  }
}

Error alert_failure(const PeerFacts& facts, int alert) {
  const std::string what = with_peer(facts) + ": the peer refused with alert \"" +
                           SSL_alert_desc_string_long(alert) + "\"";
  const std::string ours = facts.is_server ? "the certificate of this server"
                                           : "our client certificate (ssl.keystore.location)";
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REQUIRED:
      if (!facts.is_server && !facts.own_certificate) {
        return error(TlsErrc::kRejectedByPeer,
                     what + "; it requires a client certificate, set ssl.keystore.location" +
                         (alert == SSL_AD_HANDSHAKE_FAILURE ? ", or has no cipher in common" : ""));
      }
      return error(TlsErrc::kRejectedByPeer, what + "; it does not accept " + ours);
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_ACCESS_DENIED:
      return error(TlsErrc::kRejectedByPeer, what + "; its trust store has no CA for " + ours);
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_REVOKED:
      return error(TlsErrc::kRejectedByPeer, what + "; renew " + ours);
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return error(TlsErrc::kProtocolMismatch,
                   what + "; check ssl.enabled.protocols and ssl.cipher.suites on both sides");
    default:
      return error(TlsErrc::kBroken, what);
  }
}

bool looks_like_tls(const PeerFacts& facts) {
  // A record begins with its type (20 alert … 24 heartbeat) and the major version 3.
  const unsigned char type = facts.first_bytes[0];
  return facts.received < 2 || (type >= 20 && type <= 24 && facts.first_bytes[1] == 3);
}

}  // namespace

int note_verify_result(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* facts = static_cast<PeerFacts*>(SSL_get_app_data(ssl));
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  facts->verify_error = X509_STORE_CTX_get_error(store);
  if (certificate != nullptr) {
    facts->subject = subject_of(certificate);
    facts->issuer = issuer_of(certificate);
    facts->names = names_of(certificate);
    facts->valid = validity_of(certificate);
  }
  return 0;
}

Error failure_of(const PeerFacts& facts) {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const bool from_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
  const std::string text = take_openssl_error("unknown reason");
  if (!looks_like_tls(facts)) {
    return error(TlsErrc::kNotTls,
                 with_peer(facts) + ": the peer answers without TLS; is security.protocol right?");
  }
  if (from_ssl && reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    return alert_failure(facts, reason - SSL_AD_REASON_OFFSET);
  }
  if (facts.verify_error != X509_V_OK) return verify_failure(facts);
  if (!from_ssl) return error(TlsErrc::kBroken, with_peer(facts) + ": " + text);
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
      return error(TlsErrc::kProtocolMismatch,
                   with_peer(facts) + ": " + text +
                       "; check ssl.enabled.protocols and ssl.cipher.suites on both sides");
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return error(TlsErrc::kUntrusted, with_peer(facts) + ": the client sent no certificate");
    default:
      return error(TlsErrc::kBroken, with_peer(facts) + ": " + text);
  }
}

Error closed_in_handshake(const PeerFacts& facts) {
  if (facts.received == 0 && !facts.is_server) {
    return error(TlsErrc::kNotTls, with_peer(facts) +
                                       ": the peer closed the connection at the first TLS bytes; "
                                       "is it a listener without TLS (security.protocol)?");
  }
  return {make_error_code(BaseErrc::kUnavailable),
          with_peer(facts) + ": the peer closed the connection during the handshake"};
}

}  // namespace ottla::net::tls
