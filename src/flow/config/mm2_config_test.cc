#include "flow/config/mm2_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/config/fake_config_files.h"

namespace ottla::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kTwoClusters =
    "clusters = A, B\n"
    "A.bootstrap.servers = a1:9092, a2:9092\n"
    "B.bootstrap.servers = b1:9092\n"
    "A->B.enabled = true\n";

ConfigOutcome parse(std::string_view more, std::string_view base = kTwoClusters,
                    std::vector<std::string> targets = {}) {
  FakeConfigFiles files;
  return Mm2Config::parse(std::string(base) + std::string(more),
                          {.target_clusters = std::move(targets)}, files);
}

FlowSettings flow(std::string_view more) {
  const ConfigOutcome out = parse(more);
  if (!out.ok()) {
    ADD_FAILURE() << out.errors("f");
    return {};
  }
  return *out.config->find_flow("A", "B");
}

std::vector<std::string> flow_names(const ConfigOutcome& out) {
  std::vector<std::string> names;
  if (!out.ok()) return {out.errors("f")};
  for (const FlowSettings& f : out.config->flows()) {
    names.push_back(f.to_string() + (f.enabled ? "" : " heartbeats"));
  }
  return names;
}

// "line key: text" of all findings of a kind.
std::string findings(const ConfigOutcome& out, FindingKind kind) {
  std::string text;
  for (const ConfigFinding& f : out.findings) {
    if (f.kind == kind) text += fmt::format("{} {}: {}\n", f.line, f.key, f.text);
  }
  return text;
}

TEST(ClusterPairs, GetAFlowWhenEnabledOrForHeartbeats) {
  EXPECT_THAT(flow_names(parse("")), ElementsAre("A->B", "B->A heartbeats"));
}

TEST(ClusterPairs, LoseTheHeartbeatFlowWhenSwitchedOff) {
  EXPECT_THAT(flow_names(parse("emit.heartbeats.enabled=false")), ElementsAre("A->B"));
  EXPECT_THAT(flow_names(parse("B->A.emit.heartbeats.enabled=false")), ElementsAre("A->B"));
  EXPECT_THAT(flow_names(parse("emit.heartbeats.enabled=false\nB->A.emit.heartbeats.enabled=true")),
              ElementsAre("A->B", "B->A heartbeats"));
}

TEST(ClusterPairs, CountEveryOrderedPair) {
  const std::string base =
      "clusters=a,b,c\na.bootstrap.servers=h:1\nb.bootstrap.servers=h:2\nc.bootstrap.servers=h:3\n"
      "emit.heartbeats.enabled=false\n";
  EXPECT_THAT(flow_names(parse("a->b.enabled=true\nb->c.enabled=TRUE\nc->a.enabled=false", base)),
              ElementsAre("a->b", "b->c"));
  EXPECT_EQ(flow_names(parse("emit.heartbeats.enabled=true", base)).size(), 6U);
}

TEST(ClusterPairs, InheritEnabledFromTopLevelOnlyWhereTheyExist) {
  const std::string base =
      "clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nenabled=true\n";
  EXPECT_THAT(flow_names(parse("", base)), ElementsAre("A->B", "B->A"));
  EXPECT_THAT(flow_names(parse("A->B.enabled=false", base)),
              ElementsAre("A->B heartbeats", "B->A"));
  EXPECT_FALSE(parse("emit.heartbeats.enabled=false", base).ok());
}

TEST(ClusterPairs, KeepToTheTargetsOfTheCommandLine) {
  EXPECT_THAT(flow_names(parse("", kTwoClusters, {"B"})), ElementsAre("A->B"));
  EXPECT_THAT(flow_names(parse("", kTwoClusters, {"A"})), ElementsAre("B->A heartbeats"));
  EXPECT_THAT(parse("", kTwoClusters, {"C"}).errors("f"), HasSubstr("'C' is not one of: A, B"));
}

TEST(ClusterPairs, MustNotBeEmpty) {
  EXPECT_THAT(parse("emit.heartbeats.enabled=false",
                    "clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\n")
                  .errors("f"),
              HasSubstr("no flow is selected"));
}

TEST(Mm2Config, HasMirrorMakersDefaults) {
  const FlowSettings f = flow("");
  EXPECT_EQ(f.replication_factor, 2);
  EXPECT_EQ(f.internal_replicas.offset_syncs, 3);
  EXPECT_EQ(f.offset_lag_max, 100);
  EXPECT_TRUE(f.emit_offset_syncs);
  EXPECT_EQ(f.offset_syncs_location, SyncsLocation::kSource);
  EXPECT_EQ(f.offset_syncs_topic(), "mm2-offset-syncs.B.internal");
  EXPECT_EQ(f.offset_storage_topic, "mm2-offsets.A.internal");
  EXPECT_EQ(f.offset_storage_partitions, 25);
  EXPECT_FALSE(f.sync_group_offsets.enabled);
  EXPECT_TRUE(f.emit_checkpoints.enabled);
  EXPECT_EQ(f.sync_topic_configs.interval, seconds(600));
  EXPECT_EQ(f.emit_heartbeats.interval, seconds(1));
  EXPECT_TRUE(f.topics_exclude.matches("mm2-offsets.A.internal").value());
  EXPECT_FALSE(f.topics_exclude.matches("app.internal").value());
  EXPECT_TRUE(f.groups_exclude.matches("connect-x").value());
  EXPECT_TRUE(f.config_sync_rule.exclude.matches("min.insync.replicas").value());
  EXPECT_FALSE(f.config_sync_rule.defaults_from_source);
  EXPECT_EQ(f.policy.kind, PolicyKind::kDefault);
}

TEST(Mm2Config, IsBetterThanMirrorMakerWhereItsOwnDefaultsAre) {
  const FlowSettings f = flow("");
  EXPECT_TRUE(f.clients.source_reader.reader.read_committed);
  EXPECT_EQ(f.refresh_topics.interval, milliseconds(5000));
  EXPECT_EQ(f.emit_checkpoints.interval, milliseconds(1000));
  EXPECT_EQ(f.map_flush, milliseconds(1000));
  EXPECT_EQ(f.progress_group, "mirror-source-connector");
  EXPECT_EQ(f.clients.target_writer.writer.compression, std::nullopt);
}

TEST(Mm2Config, TakesTheShorterOfTwoIntervals) {
  EXPECT_EQ(flow("refresh.topics.interval.seconds=2").refresh_topics.interval, seconds(2));
  EXPECT_EQ(flow("ottla.refresh.topics.ms=900").refresh_topics.interval, milliseconds(900));
}

TEST(Mm2Config, ReadsAFlowsSettings) {
  const FlowSettings f = flow(
      "A->B.topics = orders.*, payments\nA->B.topics.exclude=orders-test\nreplication.factor=-1\n"
      "replication.policy.class=org.apache.kafka.connect.mirror.IdentityReplicationPolicy\n"
      "A->B.use.defaults.from=source\noffset-syncs.topic.location=target\n"
      "sync.group.offsets.enabled = true\nsync.topic.acls.enabled=false\n"
      "A.consumer.isolation.level=read_uncommitted\nA->B.consumer.auto.offset.reset=latest\n"
      "B.producer.compression.type=zstd\nB.producer.compression.zstd.level=5\n"
      "offset.storage.min.insync.replicas=2\n"
      "B.producer.max.request.size=2000000\n");
  EXPECT_THAT(f.topics.elements(), ElementsAre("orders.*", "payments"));
  EXPECT_EQ(f.replication_factor, -1);
  EXPECT_EQ(f.policy.kind, PolicyKind::kIdentity);
  EXPECT_EQ(f.policy.source_alias, "A");
  EXPECT_TRUE(f.config_sync_rule.defaults_from_source);
  EXPECT_EQ(f.offset_syncs_topic(), "mm2-offset-syncs.A.internal");
  EXPECT_EQ(f.offset_syncs_cluster(), "B");
  EXPECT_TRUE(f.sync_group_offsets.enabled);
  EXPECT_FALSE(f.sync_topic_acls.enabled);
  EXPECT_FALSE(f.clients.source_reader.reader.read_committed);
  EXPECT_EQ(f.clients.source_reader.reader.auto_offset_reset, ReaderSettings::Reset::kLatest);
  EXPECT_EQ(f.clients.target_writer.writer.compression, WriterSettings::Compression::kZstd);
  EXPECT_EQ(f.clients.target_writer.writer.compression_level, 5);
  EXPECT_EQ(f.clients.target_writer.writer.request_bytes_max, 2000000);
  EXPECT_EQ(f.offset_storage_configs.at("min.insync.replicas"), "2");
  EXPECT_EQ(f.topic_rules().policy.kind, PolicyKind::kIdentity);
}

TEST(Mm2Config, IgnoresUseDefaultsFromAtTopLevelAndSaysSo) {
  const auto out = parse("use.defaults.from=source\n");
  EXPECT_FALSE(out.config->find_flow("A", "B")->config_sync_rule.defaults_from_source);
  EXPECT_THAT(findings(out, FindingKind::kMisplaced),
              HasSubstr("5 use.defaults.from: has no effect here; write <source>-><target>."));
}

TEST(Mm2Config, ReadsSecurityForEveryClient) {
  const FlowSettings f = flow(
      "A.security.protocol=SASL_SSL\nA.sasl.mechanism=SCRAM-SHA-512\n"
      "A.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
      "username=\"u\" password=\"p\";\n"
      "A.ssl.truststore.location=/t.p12\nA.ssl.truststore.type=PKCS12\n"
      "A.ssl.truststore.password=tp\nA.ssl.endpoint.identification.algorithm=\n"
      "A.ssl.keystore.type=PEM\nA.ssl.keystore.key=KEY\nA.ssl.keystore.certificate.chain=CHAIN\n");
  for (const ClientSettings* c :
       {&f.clients.source_reader, &f.clients.source_admin, &f.clients.offset_syncs_writer}) {
    EXPECT_EQ(c->security_protocol, SecurityProtocol::kSaslSsl);
    EXPECT_EQ(c->sasl.mechanism, SaslMechanism::kScramSha512);
    EXPECT_EQ(c->sasl.username, "u");
    EXPECT_EQ(c->sasl.password.reveal(), "p");
    EXPECT_EQ(c->tls.trust.type, StoreType::kPkcs12);
    EXPECT_EQ(c->tls.trust.password.reveal(), "tp");
    EXPECT_FALSE(c->tls.verify_hostname);
    EXPECT_TRUE(c->tls.key.is_given());
    EXPECT_THAT(c->bootstrap_servers, ElementsAre(HostPort{"a1", 9092}, HostPort{"a2", 9092}));
  }
  EXPECT_EQ(f.clients.target_writer.security_protocol, SecurityProtocol::kPlaintext);
  EXPECT_THAT(f.clients.target_writer.bootstrap_servers, ElementsAre(HostPort{"b1", 9092}));
}

TEST(Mm2Config, AcceptsSecurityProtocolInAnyCase) {
  EXPECT_EQ(flow("security.protocol=ssl").clients.source_reader.security_protocol,
            SecurityProtocol::kSsl);
  EXPECT_THAT(parse("security.protocol=abc").errors("f"), HasSubstr("'abc' is not one of"));
  EXPECT_THAT(parse("A.security.protocol=abc").errors("f"), HasSubstr("f:5: A.security.protocol"));
}

TEST(Mm2Config, ReadsOAuth) {
  const std::string base = "A.security.protocol=SASL_PLAINTEXT\nA.sasl.mechanism=OAUTHBEARER\n";
  const std::string module =
      "A.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule "
      "required ";
  const auto unsecured =
      flow(base + module +
           "unsecuredLoginStringClaim_sub=\"me\" unsecuredLoginLifetimeSeconds=\"60\";")
          .clients.source_reader.sasl.oauth;
  EXPECT_TRUE(unsecured.is_unsecured());
  EXPECT_EQ(unsecured.unsecured_subject, "me");
  EXPECT_EQ(unsecured.unsecured_lifetime, seconds(60));
  const auto secured = flow(base + module + "clientId=\"id\" clientSecret=\"cs\" scope=\"s\";\n" +
                            "A.sasl.oauthbearer.token.endpoint.url=https://idp/token\n")
                           .clients.source_reader.sasl.oauth;
  EXPECT_EQ(secured.token_endpoint_url, "https://idp/token");
  EXPECT_EQ(secured.client_id, "id");
  EXPECT_EQ(secured.client_secret.reveal(), "cs");
  EXPECT_EQ(secured.scope, "s");
  EXPECT_THAT(parse(base + module + ";").errors("f"), HasSubstr("token.endpoint.url"));
}

TEST(Mm2Config, RefusesBrokenSecurityWithoutPrintingIt) {
  const auto out = parse(
      "A.security.protocol=SASL_SSL\nA.sasl.mechanism=PLAIN\n"
      "A.sasl.jaas.config=PlainLoginModule required username=\"u\" password=\"hush;\n"
      "B.security.protocol=SASL_SSL\n"
      "B.ssl.truststore.type=PEM\nB.ssl.truststore.password=hush\n");
  const std::string errors = out.errors("f");
  EXPECT_THAT(errors, HasSubstr("f:7: A.sasl.jaas.config"));
  EXPECT_THAT(errors, HasSubstr("GSSAPI"));
  EXPECT_THAT(errors, HasSubstr("PEM trust store has no password"));
  EXPECT_THAT(errors, Not(HasSubstr("hush")));
}

TEST(Mm2Config, CollectsAllErrors) {
  const std::string errors =
      parse(
          "A->B.topics = [a\ntasks.max=x\nreplication.factor=0\nreplication.policy.separator=/\n"
          "refresh.topics.interval.seconds=soon\ntopic.filter.class=com.example.Filter\n"
          "offset-syncs.topic.location=moon\nottla.rest.listen=8083\nottla.cores=-1\n")
          .errors("f");
  EXPECT_THAT(errors, HasSubstr("f:5: A->B.topics: regular expression '[a'"));
  EXPECT_THAT(errors, Not(HasSubstr("tasks.max")));  // ignored, so its value does not matter
  EXPECT_THAT(errors, HasSubstr("f:7: replication.factor: 0 replicas"));
  EXPECT_THAT(errors, HasSubstr("f:8: replication.policy.separator"));
  EXPECT_THAT(errors, HasSubstr("f:9: refresh.topics.interval.seconds: 'soon'"));
  EXPECT_THAT(errors, HasSubstr("f:10: topic.filter.class: 'com.example.Filter'"));
  EXPECT_THAT(errors, HasSubstr("f:11: offset-syncs.topic.location: 'moon'"));
  EXPECT_THAT(errors, HasSubstr("f:12: ottla.rest.listen"));
  EXPECT_THAT(errors, HasSubstr("f:13: ottla.cores: -1 is below 0"));
}

TEST(Mm2Config, SaysWhenClustersOrBootstrapServersAreMissing) {
  EXPECT_THAT(parse("", "").errors("f"), HasSubstr("clusters is missing"));
  EXPECT_THAT(
      parse("", "clusters=A,B\nA->B.enabled=true\nA.bootstrap.servers=a\n").errors("f"),
      testing::AllOf(HasSubstr("'a' is not host:port"), HasSubstr("bootstrap.servers is missing")));
  EXPECT_THAT(parse("", "clusters=A,A\n").errors("f"), HasSubstr("listed twice"));
}

TEST(Mm2Config, ReportsUnknownKeysWithTheirLikelyMeaning) {
  const auto out = parse(
      "A->B.topcis=x\nrefresh.topic.interval.seconds=5\nA.bootstrap.server=x\n"
      "B->C.enabled=true\nwest.bootstrap.servers=x:1\nottla.colesce=true\nqqqqqqqqqqqqqq=1\n"
      "B.producer.compresion.type=zstd\n");
  const std::string text = findings(out, FindingKind::kUnknown);
  EXPECT_THAT(text, HasSubstr("5 A->B.topcis: unknown key; did you mean A->B.topics?"));
  EXPECT_THAT(text, HasSubstr("did you mean refresh.topics.interval.seconds?"));
  EXPECT_THAT(text, HasSubstr("did you mean A.bootstrap.servers?"));
  EXPECT_THAT(text, HasSubstr("'B->C' is not a pair"));
  EXPECT_THAT(text, HasSubstr("no cluster is called 'west'"));
  EXPECT_THAT(text, HasSubstr("did you mean ottla.coalesce?"));
  EXPECT_THAT(text, HasSubstr("nothing reads it"));
  EXPECT_THAT(text, HasSubstr("did you mean B.producer.compression.type?"));
  EXPECT_TRUE(out.ok());
}

TEST(Mm2Config, ReportsKeysThatStandInTheWrongPlace) {
  const std::string text = findings(parse("A.topics=x\nA.fetch.max.bytes=1\n"
                                          "consumer.fetch.max.bytes=1\nA->B.bootstrap.servers=x:1\n"
                                          "A->B.offset.storage.partitions=1\n"),
                                    FindingKind::kMisplaced);
  EXPECT_THAT(text, HasSubstr("A.topics: has no effect here"));
  EXPECT_THAT(text, HasSubstr("<alias>.consumer.fetch.max.bytes="));
  EXPECT_THAT(text, HasSubstr("no effect at top level; write <alias>.consumer.fetch.max.bytes"));
  EXPECT_THAT(text, HasSubstr("A->B.bootstrap.servers"));
  EXPECT_THAT(text, HasSubstr("A->B.offset.storage.partitions"));
}

TEST(Mm2Config, ReportsIgnoredKeysWithTheReason) {
  const std::string text =
      findings(parse("tasks.max=10\nB.producer.acks=1\nB.exactly.once.source.support=enabled\n"
                     "topics.blacklist=x\nconfig.storage.replication.factor=1\n"),
               FindingKind::kIgnored);
  EXPECT_THAT(text, HasSubstr("5 tasks.max: every partition"));
  EXPECT_THAT(text, HasSubstr("B.producer.acks: exactly once"));
  EXPECT_THAT(text, HasSubstr("topics.blacklist: removed in Kafka 4.0"));
  EXPECT_THAT(text, HasSubstr("config.storage.replication.factor"));
  EXPECT_THAT(text, Not(HasSubstr("exactly.once.source.support")));
}

TEST(Mm2Config, ReportsContradictions) {
  EXPECT_THAT(findings(parse("emit.offset-syncs.enabled=false\n"
                             "offset-syncs.topic.replication.factor=1\n"),
                       FindingKind::kContradiction),
              HasSubstr("no effect with emit.offset-syncs.enabled=false"));
  EXPECT_THAT(findings(parse("A.consumer.fetch.max.bytes=1\nA->B.consumer.fetch.max.bytes=2\n"),
                       FindingKind::kContradiction),
              HasSubstr("A.consumer.fetch.max.bytes (line 5) counts"));
  EXPECT_THAT(findings(parse("B->A.enabled=true\nA->B.offset-syncs.topic.location=target\n"),
                       FindingKind::kContradiction),
              HasSubstr("share the topic mm2-offset-syncs.A.internal on B"));
  EXPECT_THAT(
      findings(parse("B->A.enabled=true\nreplication.policy.class=IdentityReplicationPolicy"),
               FindingKind::kContradiction),
      HasSubstr("in circles"));
  EXPECT_THAT(
      parse("A->B.exactly.once.support=required\nA.consumer.isolation.level=read_uncommitted")
          .errors("f"),
      HasSubstr("contradicts A.consumer.isolation.level"));
}

TEST(Mm2Config, TellsThatAnAliasHidesTheSeparator) {
  const auto out = parse("",
                         "clusters=us.east,B\nus.east.bootstrap.servers=a:1\n"
                         "B.bootstrap.servers=b:1\nus.east->B.enabled=true\n");
  ASSERT_TRUE(out.ok()) << out.errors("f");
  EXPECT_THAT(findings(out, FindingKind::kContradiction), HasSubstr("contains the separator"));
  EXPECT_EQ(findings(out, FindingKind::kUnknown), "");
  EXPECT_NE(out.config->find_flow("us.east", "B"), nullptr);
}

TEST(Mm2Config, AcceptsOddAliases) {
  const auto out = parse("",
                         "clusters=data \"x\"/%,B\ndata\\ \"x\"/%.bootstrap.servers=a:1\n"
                         "B.bootstrap.servers=b:1\ndata\\ \"x\"/%->B.enabled=true\n");
  ASSERT_TRUE(out.ok()) << out.errors("f");
  EXPECT_NE(out.config->find_flow("data \"x\"/%", "B"), nullptr);
  EXPECT_THAT(findings(out, FindingKind::kContradiction), HasSubstr("Kafka would refuse"));
}

TEST(Mm2Config, ReportsDuplicates) {
  EXPECT_THAT(findings(parse("topics=a\ntopics=b\n"), FindingKind::kDuplicate),
              HasSubstr("6 topics: also given in line 5"));
}

TEST(Mm2Config, ResolvesProvidersAndSaysWhenOneCannot) {
  FakeConfigFiles files;
  files.files["/s.properties"] = "pw=hush";
  const std::string text = std::string(kTwoClusters) +
                           "config.providers=file,env\n"
                           "config.providers.file.class="
                           "org.apache.kafka.common.config.provider.FileConfigProvider\n"
                           "config.providers.env.class="
                           "org.apache.kafka.common.config.provider.EnvVarConfigProvider\n"
                           "security.protocol=SSL\nssl.key.password=${file:/s.properties:pw}\n";
  const auto out = Mm2Config::parse(text, {}, files);
  ASSERT_TRUE(out.ok()) << out.errors("f");
  EXPECT_EQ(out.config->flows()[0].clients.source_reader.tls.key.key_password.reveal(), "hush");
  EXPECT_EQ(out.config->flows()[0].clients.target_writer.tls.key.key_password.reveal(), "hush");
  const auto broken = Mm2Config::parse(text + "topics=${env:TOPICS}\n", {}, files);
  EXPECT_THAT(broken.errors("f"), HasSubstr("topics: ${env:TOPICS}: the environment variable"));
  const auto unknown = Mm2Config::parse(text + "topics=${vault:a}\n", {}, files);
  EXPECT_THAT(findings(unknown, FindingKind::kHint), HasSubstr("'vault' is not in"));
}

TEST(Mm2Config, SetsAllLossActionsAtOnceOrOneByOne) {
  EXPECT_EQ(flow("").loss.on_retention, LossAction::kContinue);
  EXPECT_EQ(flow("").loss.on_truncation, LossAction::kStop);
  const auto loss = flow("ottla.loss.policy=continue\nA->B.ottla.on.too.large=stop\n").loss;
  EXPECT_EQ(loss.on_truncation, LossAction::kContinue);
  EXPECT_EQ(loss.on_too_large, LossAction::kStop);
}

TEST(Mm2Config, NamesProgressGroupsApart) {
  const std::string base =
      "clusters=a,b,c\na.bootstrap.servers=h:1\nb.bootstrap.servers=h:2\nc.bootstrap.servers=h:3\n"
      "a->b.enabled=true\na->c.enabled=true\nb->c.enabled=true\n";
  const auto out = parse("", base);
  EXPECT_EQ(out.config->find_flow("a", "b")->progress_group, "mirror-source-connector");
  EXPECT_EQ(out.config->find_flow("a", "c")->progress_group, "mirror-source-connector.c");
  EXPECT_EQ(out.config->find_flow("b", "c")->progress_group, "mirror-source-connector");
  EXPECT_EQ(parse("ottla.progress.group=none", base).config->find_flow("a", "b")->progress_group,
            "");
}

TEST(Mm2Config, ReadsTheProcessSettings) {
  EXPECT_EQ(parse("").config->process().rest_listen, (HostPort{"127.0.0.1", 8083}));
  const auto out = parse("ottla.rest.listen=none\nottla.cores=4\nottla.memory.bytes=100000000\n");
  EXPECT_EQ(out.config->process().rest_listen, std::nullopt);
  EXPECT_EQ(out.config->process().cores, 4);
  EXPECT_EQ(out.config->process().memory_bytes, 100000000U);
}

TEST(Mm2Config, LoadsAFileAndNamesItInErrors) {
  FakeConfigFiles files;
  files.files["/mm2.properties"] = std::string(kTwoClusters);
  EXPECT_TRUE(Mm2Config::load("/mm2.properties", {}, files));
  files.files["/mm2.properties"] += "ottla.cores=x\n";
  const auto out = Mm2Config::load("/mm2.properties", {}, files);
  ASSERT_FALSE(out);
  EXPECT_THAT(out.error().context, HasSubstr("/mm2.properties:5: ottla.cores"));
  EXPECT_FALSE(Mm2Config::load("/none", {}, files));
}

TEST(HostPort, IsParsed) {
  EXPECT_EQ(parse_host_port("h:1"), (HostPort{"h", 1}));
  EXPECT_EQ(parse_host_port(" [::1]:9092 "), (HostPort{"::1", 9092}));
  EXPECT_EQ(parse_host_port("SSL://h:1"), (HostPort{"h", 1}));
  EXPECT_EQ(parse_host_port("::1:9092"), std::nullopt);
  EXPECT_EQ(parse_host_port("h:0"), std::nullopt);
  EXPECT_EQ(parse_host_port("h:70000"), std::nullopt);
  EXPECT_EQ(parse_host_port("h"), std::nullopt);
  EXPECT_EQ((HostPort{"::1", 1}).to_string(), "[::1]:1");
}

}  // namespace
}  // namespace ottla::flow
