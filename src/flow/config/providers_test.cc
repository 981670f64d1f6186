#include "flow/config/providers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/config/fake_config_files.h"

namespace ottla::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ProvidersTest : public testing::Test {
 protected:
  ProvidersTest() : providers(files) {
    files.files["/etc/secrets.properties"] = "password=s3cret\nkey:with=1";
    files.files["/run/secrets/token"] = "abc\n";
    files.environment["HOME_DC"] = "east";
    providers.add("file", {.kind = ProviderKind::kFile});
    providers.add("dir", {.kind = ProviderKind::kDirectory});
    providers.add("env", {.kind = ProviderKind::kEnvironment});
  }
  std::string resolve(std::string_view value) {
    auto out = providers.resolve(value);
    return out ? out->text : "error: " + out.error().to_string();
  }
  FakeConfigFiles files;
  Providers providers;
};

TEST_F(ProvidersTest, ReadsAKeyOfAPropertiesFile) {
  EXPECT_EQ(resolve("x ${file:/etc/secrets.properties:password} y"), "x s3cret y");
}

TEST_F(ProvidersTest, ReadsAFileOfADirectoryWhole) {
  EXPECT_EQ(resolve("${dir:/run/secrets:token}"), "abc\n");
}

TEST_F(ProvidersTest, ReadsTheEnvironment) {
  EXPECT_EQ(resolve("${env:HOME_DC}-${env:HOME_DC}"), "east-east");
}

TEST_F(ProvidersTest, TellsWhenAValueCameFromAProvider) {
  EXPECT_TRUE(providers.resolve("${env:HOME_DC}")->from_provider);
  EXPECT_FALSE(providers.resolve("plain")->from_provider);
}

TEST_F(ProvidersTest, LeavesUnknownProvidersAndOtherTextAlone) {
  EXPECT_EQ(resolve("${vault:a:b} ${x} $y ${"), "${vault:a:b} ${x} $y ${");
  EXPECT_THAT(providers.resolve("${vault:a:b}")->unknown_providers, ElementsAre("vault"));
}

TEST_F(ProvidersTest, DoesNotSearchWhatAReferenceYields) {
  files.environment["X"] = "${env:HOME_DC}";
  EXPECT_EQ(resolve("${env:X}"), "${env:HOME_DC}");
}

TEST_F(ProvidersTest, SaysWhatIsMissing) {
  EXPECT_THAT(resolve("${env:NOPE}"), HasSubstr("environment variable 'NOPE' is not set"));
  EXPECT_THAT(resolve("${file:/nope:x}"), HasSubstr("no file '/nope'"));
  EXPECT_THAT(resolve("${file:/etc/secrets.properties:nope}"), HasSubstr("has no key 'nope'"));
  EXPECT_THAT(resolve("${file:password}"), HasSubstr("the path is missing"));
  EXPECT_THAT(resolve("${env:path:HOME}"), HasSubstr("no path"));
}

TEST_F(ProvidersTest, KeepsToAllowedPathsThroughSymbolicLinks) {
  providers.add("file", {.kind = ProviderKind::kFile, .allowed_paths = {"/etc", "/opt/conf/"}});
  EXPECT_EQ(resolve("${file:/etc/secrets.properties:password}"), "s3cret");
  files.files["/etcetera/x"] = "a=1";
  EXPECT_THAT(resolve("${file:/etcetera/x:a}"), HasSubstr("outside allowed.paths"));
  files.files["/etc/link"] = "a=1";
  files.links["/etc/link"] = "/home/x";
  EXPECT_THAT(resolve("${file:/etc/link:a}"), HasSubstr("outside allowed.paths"));
}

TEST_F(ProvidersTest, NeverLeavesItsDirectory) {
  EXPECT_THAT(resolve("${dir:/run/secrets:../x}"), HasSubstr("not the name of a file"));
  EXPECT_THAT(resolve("${dir:/run/secrets:..}"), HasSubstr("not the name of a file"));
}

TEST_F(ProvidersTest, KeepsToTheAllowlistOfVariables) {
  providers.add("env", {.kind = ProviderKind::kEnvironment,
                        .allowlist_pattern = {JavaRegex::compile("OTTLA_.*").value()}});
  files.environment["OTTLA_X"] = "1";
  EXPECT_EQ(resolve("${env:OTTLA_X}"), "1");
  EXPECT_THAT(resolve("${env:HOME_DC}"), HasSubstr("does not match"));
}

TEST(ProviderKind, KnowsKafkasClasses) {
  EXPECT_EQ(provider_kind("org.apache.kafka.common.config.provider.FileConfigProvider").value(),
            ProviderKind::kFile);
  EXPECT_EQ(provider_kind("EnvVarConfigProvider").value(), ProviderKind::kEnvironment);
  EXPECT_EQ(provider_kind("DirectoryConfigProvider").value(), ProviderKind::kDirectory);
  EXPECT_FALSE(provider_kind("com.example.VaultProvider"));
}

}  // namespace
}  // namespace ottla::flow
