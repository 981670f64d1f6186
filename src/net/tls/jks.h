#pragma once
// Java's JKS key store, read only. Layout (big-endian), as sun.security.provider.JavaKeyStore
// writes it:
//   u32 magic 0xFEEDFEED, u32 version 1 or 2, u32 number of entries, entries, SHA-1 of all before
//   entry: u32 tag, utf alias (u16 size), u64 milliseconds since 1970, then
//     tag 1, private key: u32 size, EncryptedPrivateKeyInfo; u32 number of certificates,
//     certificates tag 2, trusted certificate: one certificate
//   certificate: (version 2: utf type "X.509"), u32 size, DER
// The digest covers the password in UTF-16BE, the words "Mighty Aphrodite", and the store.

#include <optional>

#include "base/result.h"
#include "net/tls/openssl_handles.h"

namespace ottla::net::tls {

inline constexpr std::uint32_t kJksMagic = 0xFEEDFEED;

struct JksKeyEntry {
  std::string alias;
  Bytes encrypted_key;  // EncryptedPrivateKeyInfo, inside the bytes of the store
  Certificates chain;   // own certificate first
};

struct JksStore {
  Certificates trusted;
  std::vector<JksKeyEntry> keys;
};

// Without a password the digest goes unchecked, as in Java. The result points into `bytes`.
Result<JksStore> parse_jks(Bytes bytes, const std::string* password, const std::string& where);

// Undoes Sun's key protector (1.3.6.1.4.1.42.2.17.1.1): a key stream of chained SHA-1s.
Result<KeyPtr> decrypt_jks_key(const JksKeyEntry& entry, const std::string& password,
                               const std::string& where);

}  // namespace ottla::net::tls
