#include "net/tls/key_store.h"

#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "net/tls/jks.h"
#include "net/tls/pem.h"

namespace ottla::net::tls {
namespace {

constexpr std::size_t kStoreBytesMax = std::size_t{16} << 20;
constexpr unsigned char kDerSequence = 0x30;

const std::string* pointer_to(const std::optional<std::string>& text) {
  return text ? &*text : nullptr;
}

Result<std::string> read_store(const std::string& path, const std::string& where) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail({errno, std::generic_category()}, where + ": can't open the file");
  std::string bytes;
  std::array<char, 16384> chunk;
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
    bytes.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > kStoreBytesMax) {
      return fail(TlsErrc::kStore, where + ": larger than 16 MiB, is it a key store?");
    }
  }
  if (file.bad()) return fail({errno, std::generic_category()}, where + ": can't read the file");
  return bytes;
}

// Java opens a PKCS12 file under type JKS and the other way round, so the bytes decide.
Result<StoreType> binary_type_of(std::string_view bytes, const std::string& where,
                                 const char* type_setting) {
  if (bytes.starts_with("\xFE\xED\xFE\xED")) return StoreType::kJks;
  if (bytes.starts_with("\xCE\xCE\xCE\xCE")) {
    return fail(TlsErrc::kStore, where +
                                     ": JCEKS is not supported, convert it with keytool "
                                     "-importkeystore -deststoretype PKCS12");
  }
  if (bytes.find("-----BEGIN ") != std::string_view::npos) {
    return fail(TlsErrc::kStore, where + ": the file is PEM, set " + type_setting + "=PEM");
  }
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) == kDerSequence) {
    return StoreType::kPkcs12;
  }
  return fail(TlsErrc::kStore, where + ": neither a JKS nor a PKCS12 store");
}

using ProviderPtr = std::unique_ptr<OSSL_PROVIDER, Freed<OSSL_PROVIDER_unload>>;

struct Pkcs12Store {
  KeyPtr key;
  X509Ptr leaf;
  Certificates others;
};

bool parse_pkcs12_with(PKCS12* pkcs12, const char* password, Pkcs12Store& store) {
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(pkcs12, password, &key, &leaf, &others) != 1) return false;
  store.key.reset(key);
  store.leaf.reset(leaf);
  const X509StackPtr stack(others);
  while (sk_X509_num(others) > 0) store.others.emplace_back(sk_X509_shift(others));
  return true;
}

Result<Pkcs12Store> parse_pkcs12(std::string_view bytes, const std::string* password,
                                 const std::string& where) {
  const BioPtr bio = bio_over(as_bytes(bytes));
  const Pkcs12Ptr pkcs12(d2i_PKCS12_bio(bio.get(), nullptr));
  if (!pkcs12) {
    return fail(TlsErrc::kStore, where + ": broken PKCS12: " + take_openssl_error("not DER"));
  }
  const char* secret = password == nullptr ? "" : password->c_str();
  if (PKCS12_mac_present(pkcs12.get()) == 1 && PKCS12_verify_mac(pkcs12.get(), secret, -1) != 1 &&
      (password != nullptr || PKCS12_verify_mac(pkcs12.get(), nullptr, 0) != 1)) {
    ERR_clear_error();
    return fail(TlsErrc::kStore,
                where + (password == nullptr ? ": the PKCS12 store needs its password"
                                             : ": wrong store password for PKCS12"));
  }
  Pkcs12Store store;
  if (parse_pkcs12_with(pkcs12.get(), secret, store)) return store;
  // RC2-40, which old tools used for certificates, lives in OpenSSL's legacy provider.
  ERR_clear_error();
  const ProviderPtr legacy(OSSL_PROVIDER_try_load(nullptr, "legacy", 1));
  if (legacy && parse_pkcs12_with(pkcs12.get(), secret, store)) return store;
  return fail(TlsErrc::kStore, where + ": can't decrypt the PKCS12 store: " +
                                   take_openssl_error("unknown algorithm"));
}

// Orders what came with the leaf: each certificate is followed by its issuer. TLS 1.2 peers
// insist on the order, and PKCS12 has none.
Certificates chain_of(const X509* leaf, Certificates pool) {
  Certificates chain;
  const X509* last = leaf;
  for (;;) {
    const auto issuer = std::ranges::find_if(pool, [last](const X509Ptr& candidate) {
      return candidate && X509_check_issued(candidate.get(), const_cast<X509*>(last)) == X509_V_OK;
    });
    if (issuer == pool.end()) return chain;
    chain.push_back(std::move(*issuer));
    last = chain.back().get();
  }
}

Result<OwnCertificate> own_of(KeyPtr key, X509Ptr leaf, Certificates others,
                              const std::string& where) {
  if (!key || !leaf) return fail(TlsErrc::kStore, where + ": holds no private key entry");
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(TlsErrc::kStore, where + ": the private key does not belong to the certificate " +
                                     subject_of(leaf.get()) +
                                     " (it has to be the first of the chain)");
  }
  Certificates chain = chain_of(leaf.get(), std::move(others));
  return OwnCertificate{std::move(key), std::move(leaf), std::move(chain)};
}

Result<OwnCertificate> own_from_pem(std::string_view key_text, std::string_view chain_text,
                                    const std::string* password, const std::string& key_where,
                                    const std::string& chain_where) {
  OTTLA_ASSIGN(KeyPtr key, key_from_pem(key_text, password, key_where));
  OTTLA_ASSIGN(Certificates all, certificates_from_pem(chain_text, chain_where));
  X509Ptr leaf = std::move(all.front());
  all.erase(all.begin());
  return own_of(std::move(key), std::move(leaf), std::move(all), chain_where);
}

Result<OwnCertificate> own_from_jks(std::string_view bytes, const TlsSettings& settings,
                                    const std::string& where) {
  OTTLA_ASSIGN(JksStore store,
               parse_jks(as_bytes(bytes), pointer_to(settings.keystore_password), where));
  if (store.keys.empty()) return own_of(nullptr, nullptr, {}, where);
  JksKeyEntry& entry = store.keys.front();
  const auto& password = settings.key_password ? settings.key_password : settings.keystore_password;
  if (!password) return fail(TlsErrc::kStore, where + ": set ssl.keystore.password");
  OTTLA_ASSIGN(KeyPtr key, decrypt_jks_key(entry, *password, where));
  if (entry.chain.empty()) return own_of(nullptr, nullptr, {}, where);
  X509Ptr leaf = std::move(entry.chain.front());
  return own_of(std::move(key), std::move(leaf), std::move(entry.chain), where);
}

Result<OwnCertificate> own_from_file(const TlsSettings& settings) {
  const std::string where = "ssl.keystore.location " + *settings.keystore_location;
  OTTLA_ASSIGN(const std::string bytes, read_store(*settings.keystore_location, where));
  if (settings.keystore_type == StoreType::kPem) {
    return own_from_pem(bytes, bytes, pointer_to(settings.key_password), where, where);
  }
  OTTLA_ASSIGN(const StoreType type, binary_type_of(bytes, where, "ssl.keystore.type"));
  if (type == StoreType::kJks) return own_from_jks(bytes, settings, where);
  OTTLA_ASSIGN(Pkcs12Store store,
               parse_pkcs12(bytes, pointer_to(settings.keystore_password), where));
  return own_of(std::move(store.key), std::move(store.leaf), std::move(store.others), where);
}

Result<Certificates> trust_from_jks(std::string_view bytes, const std::string* password,
                                    const std::string& where) {
  OTTLA_ASSIGN(JksStore store, parse_jks(as_bytes(bytes), password, where));
  // Java trusts the own certificate of a key entry as well.
  for (JksKeyEntry& entry : store.keys) {
    if (!entry.chain.empty()) store.trusted.push_back(std::move(entry.chain.front()));
  }
  return std::move(store.trusted);
}

Result<Certificates> trust_from_file(const TlsSettings& settings) {
  const std::string where = "ssl.truststore.location " + *settings.truststore_location;
  OTTLA_ASSIGN(const std::string bytes, read_store(*settings.truststore_location, where));
  const std::string* password = pointer_to(settings.truststore_password);
  if (settings.truststore_type == StoreType::kPem) return certificates_from_pem(bytes, where);
  OTTLA_ASSIGN(const StoreType type, binary_type_of(bytes, where, "ssl.truststore.type"));
  Certificates trusted;
  if (type == StoreType::kJks) {
    OTTLA_ASSIGN(trusted, trust_from_jks(bytes, password, where));
  } else {
    OTTLA_ASSIGN(Pkcs12Store store, parse_pkcs12(bytes, password, where));
    trusted = std::move(store.others);
    if (store.leaf) trusted.push_back(std::move(store.leaf));
  }
  if (trusted.empty()) return fail(TlsErrc::kStore, where + ": holds no certificate to trust");
  return trusted;
}

}  // namespace

Result<std::optional<Certificates>> load_trust(const TlsSettings& settings) {
  if (settings.truststore_certificates_pem) {
    return certificates_from_pem(*settings.truststore_certificates_pem,
                                 "ssl.truststore.certificates");
  }
  if (settings.truststore_location) return trust_from_file(settings);
  return std::nullopt;
}

Result<std::optional<OwnCertificate>> load_own(const TlsSettings& settings) {
  if (settings.keystore_key_pem && settings.keystore_certificate_chain_pem) {
    return own_from_pem(*settings.keystore_key_pem, *settings.keystore_certificate_chain_pem,
                        pointer_to(settings.key_password), "ssl.keystore.key",
                        "ssl.keystore.certificate.chain");
  }
  if (settings.keystore_key_pem || settings.keystore_certificate_chain_pem) {
    return fail(TlsErrc::kStore,
                "ssl.keystore.key and ssl.keystore.certificate.chain go together, one is missing");
  }
  if (settings.keystore_location) return own_from_file(settings);
  return std::nullopt;
}

}  // namespace ottla::net::tls
