#include "net/tls/jks.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "net/tls.h"

namespace ottla::net::tls {
namespace {

using Digest = std::array<std::byte, SHA_DIGEST_LENGTH>;
constexpr std::string_view kDigestWords = "Mighty Aphrodite";
constexpr const char* kKeyProtectorOid = "1.3.6.1.4.1.42.2.17.1.1";
constexpr std::uint32_t kTagKey = 1;
constexpr std::uint32_t kTagTrusted = 2;

Digest sha1_of(std::initializer_list<Bytes> parts) {
  std::vector<std::byte> all;
  for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
  Digest digest;
  SHA1(reinterpret_cast<const unsigned char*>(all.data()), all.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  OPENSSL_cleanse(all.data(), all.size());
  return digest;
}

// Java's char[] in network order. Bytes that are not UTF-8 are taken one by one.
std::vector<std::byte> utf16_of(std::string_view text) {
  unsigned char* out = nullptr;
  int size = 0;
  std::vector<std::byte> result;
  if (OPENSSL_utf82uni(text.data(), static_cast<int>(text.size()), &out, &size) == nullptr) {
    return result;
  }
  // OpenSSL adds two zero bytes at the end.
  const auto* bytes = reinterpret_cast<const std::byte*>(out);
  result.assign(bytes, bytes + size - 2);
  OPENSSL_clear_free(out, static_cast<std::size_t>(size));
  return result;
}

// Sticky failure: after the first read past the end everything is empty and `ok` is false.
class JksReader {
 public:
  explicit JksReader(Bytes bytes) : rest_(bytes) {}

  Bytes take(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const std::byte b : take(size)) value = value << 8 | std::to_integer<std::uint32_t>(b);
    return value;
  }
  Bytes sized(std::size_t size_of_size) { return take(number(size_of_size)); }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

X509Ptr read_certificate(JksReader& reader, std::uint32_t version) {
  if (version == 2) reader.sized(2);
  const Bytes der = reader.sized(4);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

bool read_entry(JksReader& reader, std::uint32_t version, JksStore& store) {
  const std::uint32_t tag = reader.number(4);
  JksKeyEntry entry;
  entry.alias = as_string_view(reader.sized(2));
  reader.take(8);
  if (tag == kTagKey) {
    entry.encrypted_key = reader.sized(4);
    const std::uint32_t count = reader.number(4);
    for (std::uint32_t i = 0; i < count; ++i) {
      entry.chain.push_back(read_certificate(reader, version));
      if (!entry.chain.back()) return false;
    }
    store.keys.push_back(std::move(entry));
  } else if (tag == kTagTrusted) {
    store.trusted.push_back(read_certificate(reader, version));
    if (!store.trusted.back()) return false;
  } else {
    return false;
  }
  return reader.ok();
}

}  // namespace

Result<JksStore> parse_jks(Bytes bytes, const std::string* password, const std::string& where) {
  const auto corrupt = [&](const char* what) {
    return fail(TlsErrc::kStore, where + ": not a readable JKS store: " + what);
  };
  if (bytes.size() < SHA_DIGEST_LENGTH) return corrupt("too short");
  const Bytes body = bytes.first(bytes.size() - SHA_DIGEST_LENGTH);
  JksReader reader(body);
  if (reader.number(4) != kJksMagic) return corrupt("wrong magic number");
  const std::uint32_t version = reader.number(4);
  if (version != 1 && version != 2) return corrupt("unknown version");
  if (password != nullptr) {
    const Digest digest = sha1_of({utf16_of(*password), as_bytes(kDigestWords), body});
    if (!std::ranges::equal(digest, bytes.last(SHA_DIGEST_LENGTH))) {
      return fail(TlsErrc::kStore, where + ": wrong store password, or the file was altered");
    }
  }
  JksStore store;
  const std::uint32_t count = reader.number(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!read_entry(reader, version, store)) return corrupt("an entry is broken");
  }
  if (!reader.at_end()) return corrupt("bytes after the last entry");
  return store;
}

Result<KeyPtr> decrypt_jks_key(const JksKeyEntry& entry, const std::string& password,
                               const std::string& where) {
  const std::string place = where + ": key \"" + entry.alias + "\"";
  const auto* at = reinterpret_cast<const unsigned char*>(entry.encrypted_key.data());
  const X509SigPtr info(d2i_X509_SIG(nullptr, &at, static_cast<long>(entry.encrypted_key.size())));
  if (!info) return fail(TlsErrc::kStore, place + " is broken: " + take_openssl_error("not DER"));
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_get0(info.get(), &algorithm, &octets);
  char oid[64] = {};
  OBJ_obj2txt(oid, sizeof oid, algorithm->algorithm, 1);
  if (std::string_view(oid) != kKeyProtectorOid) {
    return fail(TlsErrc::kStore, place + " is protected by unsupported algorithm " + oid);
  }
  const Bytes box{reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(octets)),
                  static_cast<std::size_t>(ASN1_STRING_length(octets))};
  if (box.size() < 2 * sizeof(Digest)) return fail(TlsErrc::kStore, place + " is too short");

  const std::vector<std::byte> secret = utf16_of(password);
  const Bytes hidden = box.subspan(sizeof(Digest), box.size() - 2 * sizeof(Digest));
  std::vector<std::byte> plain(hidden.begin(), hidden.end());
  Digest stream = sha1_of({secret, box.first(sizeof(Digest))});
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i > 0 && i % stream.size() == 0) stream = sha1_of({secret, stream});
    plain[i] ^= stream[i % stream.size()];
  }
  const bool right = std::ranges::equal(sha1_of({secret, plain}), box.last(sizeof(Digest)));
  const auto* der = reinterpret_cast<const unsigned char*>(plain.data());
  KeyPtr key;
  if (right) {
    const Pkcs8Ptr pkcs8(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &der, static_cast<long>(plain.size())));
    if (pkcs8) key.reset(EVP_PKCS82PKEY(pkcs8.get()));
  }
  OPENSSL_cleanse(plain.data(), plain.size());
  if (!right) return fail(TlsErrc::kStore, place + ": wrong password, check ssl.key.password");
  if (!key) {
    return fail(TlsErrc::kStore, place + " can't be used: " + take_openssl_error("unknown kind"));
  }
  return key;
}

}  // namespace ottla::net::tls
