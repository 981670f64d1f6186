#pragma once
// Owners of OpenSSL's objects, and its error queue in words.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace ottla::net::tls {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

inline void free_certificates(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<PKCS8_PRIV_KEY_INFO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using X509SigPtr = std::unique_ptr<X509_SIG, Freed<X509_SIG_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), Freed<free_certificates>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, Freed<PKCS12_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;

using Certificates = std::vector<X509Ptr>;

// A read-only BIO over bytes that outlive it (fewer than 2 GiB).
inline BioPtr bio_over(Bytes bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// The latest entry of this thread's error queue, which is emptied: "wrong password", or
// `otherwise`.
std::string take_openssl_error(const char* otherwise);

// "CN=broker-1,O=Example"
std::string subject_of(const X509* certificate);
std::string issuer_of(const X509* certificate);

}  // namespace ottla::net::tls
