#pragma once
// For tests only: makes certificates, key stores and a directory to keep them in.

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/tls/openssl_handles.h"

namespace ottla::net::testing {

struct Identity {
  tls::KeyPtr key;
  tls::X509Ptr certificate;

  [[nodiscard]] std::string certificate_pem() const {
    const tls::BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    return text_of(out.get());
  }
  // PKCS8, encrypted when a password is given.
  [[nodiscard]] std::string key_pem(const std::string& password = "") const {
    const tls::BioPtr out(BIO_new(BIO_s_mem()));
    const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
    PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), cipher, password.c_str(),
                                  static_cast<int>(password.size()), nullptr, nullptr);
    return text_of(out.get());
  }

 private:
  static std::string text_of(BIO* out) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    return {text, static_cast<std::size_t>(size)};
  }
};

struct IssueOptions {
  std::string name = "broker";
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1";
  bool is_ca = false;
  long valid_from_s = -3600;  // relative to now
  long valid_until_s = 86400;
};

inline void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself.
inline Identity issue(const IssueOptions& options, const Identity* issuer = nullptr) {
  static long serial = 1000;
  Identity made{tls::KeyPtr(EVP_EC_gen("P-256")), tls::X509Ptr(X509_new())};
  X509* certificate = made.certificate.get();
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.valid_until_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  X509_set_pubkey(certificate, made.key.get());
  add_extension(certificate, signer, NID_basic_constraints,
                options.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
  if (!options.alternative_names.empty()) {
    add_extension(certificate, signer, NID_subject_alt_name, options.alternative_names);
  }
  X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

// A directory that goes with the object.
class TestDirectory {
 public:
  TestDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ottla-tls-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
    return file(name);
  }
  // Runs a shell command inside the directory.
  void shell(const std::string& command) const {
    const std::string line =
        "cd '" + path_.string() + "' && { " + command + "; } >log 2>&1 </dev/null";
    if (std::system(line.c_str()) == 0) return;
    std::ifstream log(file("log"));
    ADD_FAILURE() << command << '\n' << std::string(std::istreambuf_iterator<char>(log), {});
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ottla::net::testing
