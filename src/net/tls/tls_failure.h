#pragma once
// Turns what OpenSSL reports into words that name the Kafka setting to change.

#include <string>

#include "base/result.h"
#include "net/tls/openssl_handles.h"

namespace ottla::net::tls {

// What is known about a connection when it fails; filled in on the way.
struct PeerFacts {
  bool is_server = false;  // we are the server
  std::string host;        // the name that was asked for; empty on a server
  std::string peer;        // "10.0.0.1:9093"
  bool own_certificate = false;
  // The first check of the peer's certificates that failed, and what it failed on.
  int verify_error = X509_V_OK;
  std::string subject;
  std::string issuer;
  std::string names;  // "DNS:broker-1, IP Address:10.0.0.1"
  std::string valid;  // "from … until …"
  // The first bytes that the peer sent.
  std::size_t received = 0;
  unsigned char first_bytes[2] = {};
};

// Fills the verify_ fields in; for SSL_set_verify. The SSL's app data is a PeerFacts.
int note_verify_result(int ok, X509_STORE_CTX* store);

// After SSL_do_handshake, SSL_read or SSL_write failed with SSL_ERROR_SSL. Empties the error queue.
Error failure_of(const PeerFacts& facts);

// The peer closed the connection before the handshake was through.
Error closed_in_handshake(const PeerFacts& facts);

}  // namespace ottla::net::tls
