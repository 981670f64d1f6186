#include "net/tls/key_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/tls/test_certificates.h"

namespace ottla::net::tls {
namespace {

using testing::Identity;
using testing::issue;
using testing::TestDirectory;

// One CA, an intermediate and a broker, stored in every form by Java's and OpenSSL's tools.
class KeyStore : public ::testing::Test {
 protected:
  struct Stores {
    Stores()
        : ca(issue({.name = "root", .alternative_names = "", .is_ca = true})),
          middle(issue({.name = "middle", .alternative_names = "", .is_ca = true}, &ca)),
          broker(issue({.name = "broker"}, &middle)) {
      directory.write("ca.pem", ca.certificate_pem());
      directory.write("key.pem", broker.key_pem());
      directory.write("chain.pem", broker.certificate_pem() + middle.certificate_pem());
      directory.write("all.pem", broker.key_pem("key secret") + broker.certificate_pem() +
                                     middle.certificate_pem());
      directory.shell(
          "openssl pkcs12 -export -inkey key.pem -in chain.pem -certfile ca.pem -name broker "
          "-passout pass:secret -out own.p12");
      directory.shell(
          "openssl pkcs12 -export -legacy -inkey key.pem -in chain.pem -passout pass:secret "
          "-out legacy.p12");
    }

    // Made when a test asks: each costs the start of a Java machine.
    void add_own_jks() const {
      if (std::filesystem::exists(directory.file("own.jks"))) return;
      directory.shell(
          "keytool -importkeystore -noprompt -srckeystore own.p12 -srcstoretype PKCS12 "
          "-srcstorepass secret -destkeystore own.jks -deststoretype JKS -deststorepass secret "
          "-srcalias broker -destalias broker -destkeypass key-secret -srckeypass secret");
    }
    void add_trust(const std::string& type) const {
      if (std::filesystem::exists(directory.file("trust." + type))) return;
      directory.shell(
          "keytool -importcert -noprompt -file ca.pem -alias root -storepass secret -storetype " +
          type + " -keystore trust." + type);
    }
    TestDirectory directory;
    Identity ca;
    Identity middle;
    Identity broker;
  };

  static void SetUpTestSuite() { stores_ = new Stores; }
  static void TearDownTestSuite() {
    delete stores_;
    stores_ = nullptr;
  }

  static TlsSettings own(const std::string& file, StoreType type) {
    TlsSettings settings;
    settings.keystore_location = stores_->directory.file(file);
    settings.keystore_type = type;
    return settings;
  }
  static TlsSettings trust(const std::string& file, StoreType type) {
    TlsSettings settings;
    settings.truststore_location = stores_->directory.file(file);
    settings.truststore_type = type;
    return settings;
  }

  static void expect_own(const TlsSettings& settings, std::size_t chain_size) {
    const auto loaded = load_own(settings);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    ASSERT_TRUE(loaded->has_value());
    EXPECT_EQ(subject_of((*loaded)->leaf.get()), "CN=broker");
    EXPECT_EQ(EVP_PKEY_eq((*loaded)->key.get(), stores_->broker.key.get()), 1);
    ASSERT_EQ((*loaded)->chain.size(), chain_size);
    EXPECT_EQ(subject_of((*loaded)->chain.front().get()), "CN=middle");
  }
  static void expect_trust(const TlsSettings& settings) {
    const auto loaded = load_trust(settings);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    ASSERT_EQ((*loaded)->size(), 1U);
    EXPECT_EQ(subject_of((*loaded)->front().get()), "CN=root");
  }
  template <class T>
  static void expect_failure(const Result<T>& loaded, const std::string& part) {
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().context.find(part), std::string::npos) << loaded.error().context;
  }

  static Stores* stores_;
};
KeyStore::Stores* KeyStore::stores_ = nullptr;

TEST_F(KeyStore, NothingSetGivesNothing) {
  EXPECT_FALSE(load_own({})->has_value());
  EXPECT_FALSE(load_trust({})->has_value());
}

TEST_F(KeyStore, ReadsPkcs12WithItsWholeChain) {
  auto settings = own("own.p12", StoreType::kPkcs12);
  settings.keystore_password = "secret";
  expect_own(settings, 2);
}

TEST_F(KeyStore, ReadsPkcs12WithOldCiphers) {
  auto settings = own("legacy.p12", StoreType::kPkcs12);
  settings.keystore_password = "secret";
  expect_own(settings, 1);
}

TEST_F(KeyStore, ReadsPkcs12UnderTypeJksAsJavaDoes) {
  auto settings = own("own.p12", StoreType::kJks);
  settings.keystore_password = "secret";
  expect_own(settings, 2);
}

TEST_F(KeyStore, ReadsJksWithAKeyPasswordOfItsOwn) {
  stores_->add_own_jks();
  auto settings = own("own.jks", StoreType::kJks);
  settings.keystore_password = "secret";
  settings.key_password = "key-secret";
  expect_own(settings, 2);
}

TEST_F(KeyStore, ReadsOnePemFileWithAnEncryptedKey) {
  auto settings = own("all.pem", StoreType::kPem);
  settings.key_password = "key secret";
  expect_own(settings, 1);
}

TEST_F(KeyStore, ReadsInlinePemOnOneLine) {
  TlsSettings settings;
  std::string chain = stores_->broker.certificate_pem() + stores_->middle.certificate_pem();
  std::string key = stores_->broker.key_pem();
  std::erase(chain, '\n');
  std::ranges::replace(key, '\n', ' ');
  settings.keystore_certificate_chain_pem = chain;
  settings.keystore_key_pem = key;
  expect_own(settings, 1);
}

TEST_F(KeyStore, ReadsTrustInEveryForm) {
  stores_->add_trust("JKS");
  stores_->add_trust("PKCS12");
  expect_trust(trust("trust.JKS", StoreType::kJks));
  auto with_password = trust("trust.JKS", StoreType::kJks);
  with_password.truststore_password = "secret";
  expect_trust(with_password);
  auto pkcs12 = trust("trust.PKCS12", StoreType::kPkcs12);
  pkcs12.truststore_password = "secret";
  expect_trust(pkcs12);
  expect_trust(trust("ca.pem", StoreType::kPem));
  TlsSettings inline_pem;
  inline_pem.truststore_certificates_pem = stores_->ca.certificate_pem();
  expect_trust(inline_pem);
}

TEST_F(KeyStore, WrongPasswordsAreSaidToBeWrong) {
  stores_->add_own_jks();
  stores_->add_trust("PKCS12");
  auto jks = own("own.jks", StoreType::kJks);
  jks.keystore_password = "wrong";
  expect_failure(load_own(jks), "own.jks: wrong store password");
  jks.keystore_password = "secret";
  expect_failure(load_own(jks), "wrong password, check ssl.key.password");
  auto pkcs12 = own("own.p12", StoreType::kPkcs12);
  pkcs12.keystore_password = "wrong";
  expect_failure(load_own(pkcs12), "own.p12: wrong store password");
  auto pem = own("all.pem", StoreType::kPem);
  pem.key_password = "wrong";
  expect_failure(load_own(pem), "check ssl.key.password");
  auto trusted = trust("trust.PKCS12", StoreType::kPkcs12);
  trusted.truststore_password = "wrong";
  expect_failure(load_trust(trusted), "trust.PKCS12: wrong store password");
}

TEST_F(KeyStore, MissingPasswordsAreNamed) {
  stores_->add_own_jks();
  expect_failure(load_own(own("all.pem", StoreType::kPem)), "set ssl.key.password");
  expect_failure(load_own(own("own.jks", StoreType::kJks)), "set ssl.keystore.password");
  expect_failure(load_own(own("own.p12", StoreType::kPkcs12)), "needs its password");
}

TEST_F(KeyStore, OtherFilesAreNamedForWhatTheyAre) {
  stores_->add_trust("JKS");
  stores_->add_trust("JCEKS");
  expect_failure(load_trust(trust("absent", StoreType::kJks)), "absent: can't open the file");
  expect_failure(load_trust(trust("ca.pem", StoreType::kJks)), "set ssl.truststore.type=PEM");
  expect_failure(load_trust(trust("trust.JCEKS", StoreType::kJks)), "JCEKS is not supported");
  stores_->directory.write("text", "hello");
  expect_failure(load_trust(trust("text", StoreType::kJks)), "neither a JKS nor a PKCS12");
  expect_failure(load_trust(trust("text", StoreType::kPem)), "BEGIN CERTIFICATE");
  auto no_key = own("trust.JKS", StoreType::kJks);
  no_key.keystore_password = "secret";
  expect_failure(load_own(no_key), "holds no private key entry");
}

TEST_F(KeyStore, AKeyOfAnotherCertificateIsRefused) {
  TlsSettings settings;
  settings.keystore_certificate_chain_pem = stores_->ca.certificate_pem();
  settings.keystore_key_pem = stores_->broker.key_pem();
  expect_failure(load_own(settings), "does not belong to the certificate CN=root");
  settings.keystore_key_pem.reset();
  expect_failure(load_own(settings), "one is missing");
}

TEST_F(KeyStore, EveryCutOfAJksStoreIsAnError) {
  stores_->add_own_jks();
  std::ifstream file(stores_->directory.file("own.jks"), std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    stores_->directory.write("cut.jks", whole.substr(0, size));
    EXPECT_FALSE(load_own(own("cut.jks", StoreType::kJks))) << size;
  }
}

}  // namespace
}  // namespace ottla::net::tls
