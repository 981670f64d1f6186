#include "net/tls/pem.h"

#include <openssl/pem.h>

#include <algorithm>
#include <optional>

#include "net/tls.h"

namespace ottla::net::tls {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kLineSize = 64;

struct Block {
  std::string_view label;  // "CERTIFICATE"
  std::string text;        // the whole block with lines as OpenSSL wants them
};

// Lines of 64 columns. A body with headers (the old "Proc-Type: 4,ENCRYPTED") is kept as it is.
std::string rewrapped(std::string_view label, std::string_view body) {
  std::string text = std::string(kBegin) + std::string(label) + std::string(kDashes);
  if (body.find(':') != std::string_view::npos) {
    text += body;
  } else {
    std::size_t column = 0;
    text += '\n';
    for (const char c : body) {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      text += c;
      if (++column % kLineSize == 0) text += '\n';
    }
    if (column % kLineSize != 0) text += '\n';
  }
  return text + std::string(kEnd) + std::string(label) + std::string(kDashes) + "\n";
}

// Takes the next block off the front of `text`.
std::optional<Block> next_block(std::string_view& text) {
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(begin + kBegin.size());
  const std::size_t label_end = rest.find(kDashes);
  if (label_end == std::string_view::npos) return std::nullopt;
  const std::string_view label = rest.substr(0, label_end);
  rest = rest.substr(label_end + kDashes.size());
  const std::size_t end = rest.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  Block block{label, rewrapped(label, rest.substr(0, end))};
  text = rest.substr(end + kEnd.size());
  return block;
}

bool is_certificate(std::string_view label) {
  return label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE";
}

// Never asks on the terminal, as OpenSSL does without a callback.
int give_password(char* buffer, int size, int, void* user) {
  const auto* password = static_cast<const std::string*>(user);
  if (password == nullptr || password->size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(*password, buffer);
  return static_cast<int>(password->size());
}

}  // namespace

Result<Certificates> certificates_from_pem(std::string_view text, const std::string& where) {
  Certificates certificates;
  while (const auto block = next_block(text)) {
    if (!is_certificate(block->label)) continue;
    const BioPtr bio = bio_over(as_bytes(block->text));
    X509Ptr certificate(PEM_read_bio_X509_AUX(bio.get(), nullptr, give_password, nullptr));
    if (!certificate) {
      return fail(TlsErrc::kStore,
                  where + ": certificate " + std::to_string(certificates.size() + 1) +
                      " can't be read: " + take_openssl_error("not a certificate"));
    }
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) {
    return fail(TlsErrc::kStore, where + ": has no \"-----BEGIN CERTIFICATE-----\" block");
  }
  return certificates;
}

Result<KeyPtr> key_from_pem(std::string_view text, const std::string* password,
                            const std::string& where) {
  while (const auto block = next_block(text)) {
    if (!block->label.ends_with("PRIVATE KEY")) continue;
    const bool encrypted = block->label == "ENCRYPTED PRIVATE KEY" ||
                           block->text.find("4,ENCRYPTED") != std::string::npos;
    if (encrypted && password == nullptr) {
      return fail(TlsErrc::kStore, where + ": the private key is encrypted, set ssl.key.password");
    }
    const BioPtr bio = bio_over(as_bytes(block->text));
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password,
                                       const_cast<std::string*>(password)));
    if (key) return key;
    const std::string reason = take_openssl_error("not a private key");
    return fail(TlsErrc::kStore,
                where +
                    (encrypted ? ": the private key can't be decrypted, check ssl.key.password: "
                               : ": the private key can't be read: ") +
                    reason);
  }
  return fail(TlsErrc::kStore, where + ": has no \"-----BEGIN PRIVATE KEY-----\" block");
}

}  // namespace ottla::net::tls
