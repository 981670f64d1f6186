#pragma once
// What a TlsContext is inside: an SSL_CTX. OpenSSL makes it safe to share between threads.

#include "net/tls.h"
#include "net/tls/openssl_handles.h"

namespace ottla::net::tls {

class OpenSslContext final : public TlsContext {
 public:
  OpenSslContext(SslContextPtr context, bool verify_hostname)
      : context_(std::move(context)), verify_hostname_(verify_hostname) {}

  SSL_CTX* get() const { return context_.get(); }
  bool verify_hostname() const { return verify_hostname_; }

 private:
  SslContextPtr context_;
  bool verify_hostname_;
};

}  // namespace ottla::net::tls
