#include "kafka/session/sasl/scram_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>

#include "base/assert.h"
#include "kafka/session/sasl/base64.h"

namespace ottla::kafka::session {
namespace {

const EVP_MD* digest_of(ScramHash hash) {
  return hash == ScramHash::kSha256 ? EVP_sha256() : EVP_sha512();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string scram_hmac(ScramHash hash, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  OTTLA_ASSERT(HMAC(digest_of(hash), key.data(), static_cast<int>(key.size()), bytes_of(message),
                    message.size(), out.data(), &size) != nullptr);
  return {out.begin(), out.begin() + size};
}

std::string scram_digest(ScramHash hash, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  OTTLA_ASSERT(
      EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, digest_of(hash), nullptr) == 1);
  return {out.begin(), out.begin() + size};
}

std::string scram_salted_password(ScramHash hash, std::string_view password, std::string_view salt,
                                  int iterations) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest_of(hash))), '\0');
  OTTLA_ASSERT(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                                 static_cast<int>(salt.size()), iterations, digest_of(hash),
                                 static_cast<int>(out.size()),
                                 reinterpret_cast<unsigned char*>(out.data())) == 1);
  return out;
}

std::string xor_of(std::string a, std::string_view b) {
  OTTLA_ASSERT(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_nonce() {
  std::array<unsigned char, 18> bytes{};
  OTTLA_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace ottla::kafka::session
