"""Every way to reach a cluster that Kafka's brokers offer, and what is said when one fails.
About 90 s, with the start of two clusters."""

import re
import time
import unittest

import readers
from ottla_lab import Cluster, certificates, listeners, oauth, shared, wait_until
from ottla_process import Ottla, flow_file
from relay import Relay

REAUTHENTICATION_MS = 6000
LISTENERS = ["SSL", "MTLS", "SSL_EXPIRED", "SSL_UNKNOWN_CA", "SASL_PLAINTEXT", "SASL_SSL"]


def pem_text(path) -> str:
    """A file's text as the value of a property."""
    return path.read_text().replace("\n", "\\n")


def key_store(form: str) -> dict[str, str]:
    certs = certificates.ensure()
    return {
        "security.protocol": "SSL",
        "ssl.truststore.type": {"p12": "PKCS12", "jks": "JKS"}[form],
        "ssl.truststore.location": str(certs.folder / f"truststore.{form}"),
        "ssl.truststore.password": certificates.PASSWORD,
        "ssl.keystore.type": {"p12": "PKCS12", "jks": "JKS"}[form],
        "ssl.keystore.location": str(certs.keystore("client", form)),
        "ssl.keystore.password": certificates.PASSWORD,
        "ssl.key.password": certificates.PASSWORD,
    }


class SecurityCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = {
            "listeners": LISTENERS,
            "authorizer": True,
            "config": {"connections.max.reauth.ms": str(REAUTHENTICATION_MS)},
        }
        cls.source = shared.cluster("secure-source", **options)
        cls.target = shared.cluster("secure-target", **options)
        cls.tokens = oauth.TokenServer()
        cls.addClassCleanup(cls.tokens.stop)
        for cluster in (cls.source, cls.target):
            for kind, name in (("TOPIC", "*"), ("GROUP", "*"), ("CLUSTER", "kafka-cluster")):
                cls.allow(cluster, "client", "ALL", kind, name)

    @classmethod
    def allow(cls, cluster, user, operation, kind="TOPIC", name="*", pattern="LITERAL") -> None:
        cluster.create_acl(
            principal=f"User:{user}",
            operation=operation,
            resource_type=kind,
            resource_name=name,
            pattern_type=pattern,
        )


class WaysInTest(SecurityCase):
    def ways(self, cluster: Cluster) -> list[dict[str, str]]:
        """Client settings: one for each listener, mechanism and form of key material."""
        certs = certificates.ensure()

        def sasl(listener: str, mechanism: str, **how) -> dict[str, str]:
            return cluster.client(listener, mechanism=mechanism, user="admin", **how)

        def tls(listener: str, **settings) -> dict[str, str]:
            named = {key.replace("__", "."): value for key, value in settings.items()}
            return {"bootstrap.servers": cluster.bootstrap(listener)} | named

        token_file = certs.folder / "admin.token"
        token_file.write_text(oauth.token("admin") + "\n")
        from_file = sasl("SASL_SSL", "OAUTHBEARER", token_url=token_file.as_uri())
        pem = {
            "security__protocol": "SSL",
            "ssl__truststore__type": "PEM",
            "ssl__truststore__certificates": pem_text(certs.ca),
            "ssl__keystore__type": "PEM",
            "ssl__keystore__certificate__chain": pem_text(certs.certificate("client")),
            "ssl__keystore__key": pem_text(certs.key("client", encrypted=True)),
            "ssl__key__password": certificates.PASSWORD,
        }
        ways = [
            cluster.client("PLAINTEXT"),
            cluster.client("SSL"),
            cluster.client("MTLS"),
            tls("MTLS") | key_store("p12"),
            tls("MTLS") | key_store("jks"),
            tls("MTLS", **pem),
            *(sasl("SASL_PLAINTEXT", mechanism) for mechanism in listeners.MECHANISMS),
            *(sasl("SASL_SSL", mechanism) for mechanism in listeners.MECHANISMS[:3]),
            sasl("SASL_SSL", "OAUTHBEARER", token_url=self.tokens.url),
            from_file,
        ]
        return ways

    def test_all_listeners_mechanisms_and_stores_work_and_logins_are_renewed_unnoticed(self):
        topic = shared.unique("ways")
        self.source.create_topic(topic, 2)
        self.source.produce(topic, 20, headers=1)
        sources, targets = self.ways(self.source), self.ways(self.target)
        clusters, flows = {}, {}
        for i, source in enumerate(sources):
            # Each kind at both ends, with another at the other end.
            clusters |= {f"S{i}": source, f"T{i}": targets[(i + 5) % len(targets)]}
            flows[f"S{i}->T{i}"] = f"S{i}.{topic}"
        with Ottla(flow_file(clusters, flows, topics=topic)) as ottla:
            for flow in flows:
                ottla.wait_copied({(topic, p): 10 for p in range(2)}, flow)
            begun, started, produced = len(ottla.log()), time.monotonic(), 20
            # Traffic over two renewals of each login, at least.
            while time.monotonic() - started < 2 * REAUTHENTICATION_MS / 1000:
                self.source.produce(topic, 20, first=produced, headers=1)
                produced += 20
                for flow in flows:
                    ottla.wait_copied({(topic, p): produced // 2 for p in range(2)}, flow)
            expected = readers.java_digests(self.source, [topic])
            for flow, copy in flows.items():
                self.assertEqual("OK", ottla.flow(flow)["health"], ottla.flow(flow)["reasons"])
                actual = readers.java_digests(self.target, [copy])
                self.assertEqual(
                    readers.content(expected, lambda _, to=copy: to), readers.content(actual), flow
                )
            # No connection was lost, nothing had to be repeated.
            trouble = [
                line
                for line in ottla.log()[begun:].splitlines()
                if ".properties" not in line
                and re.search("warn|error|settling|connected again", line)
            ]
            self.assertEqual("", "\n".join(trouble))
            self.assertNotIn("secret", ottla.log())
            self.assertEqual(0, ottla.terminate())


class RefusedTest(SecurityCase):
    """Each case: what is wrong on one side, and words that must be said. All run side by side; at
    the end each must have been quiet."""

    def setUp(self):
        self.topic = shared.unique("refused")
        self.source.create_topic(self.topic)
        self.source.produce(self.topic, 10)
        self.relays: list[Relay] = []
        self.addCleanup(lambda: [relay.close() for relay in self.relays])

    def relayed(self, listener, host="127.0.0.1", cluster=None, **how) -> dict[str, str]:
        """A client of the source, or another cluster, through a relay that counts connections."""
        cluster = cluster or self.source
        relay = Relay(cluster.port(1, listener))
        self.relays.append(relay)
        settings = cluster.client(listener, **how)
        return settings | {"bootstrap.servers": f"{host}:{relay.port}"}

    def test_logins_and_certificates_that_fail_are_explained_and_not_stormed(self):
        certs = certificates.ensure()
        wrong = {"user": "alice", "password": "wrong-pass-word"}
        stranger = {
            "ssl.keystore.location": str(certs.keystore("stranger")),
            "ssl.keystore.password": certificates.PASSWORD,
        }
        at_target = "target: wrong SCRAM password"
        cases = {
            at_target: (
                self.relayed(
                    "SASL_PLAINTEXT", cluster=self.target, mechanism="SCRAM-SHA-256", **wrong
                ),
                "B 127.0.0.1:[0-9]+: login refused.*SCRAM-SHA-256.*sasl.jaas.config",
            ),
            "wrong PLAIN password": (
                self.relayed("SASL_PLAINTEXT", mechanism="PLAIN", **wrong),
                "login refused.*PLAIN.*sasl.jaas.config",
            ),
            "wrong SCRAM password": (
                self.relayed("SASL_SSL", mechanism="SCRAM-SHA-512", **wrong),
                "login refused.*SCRAM-SHA-512.*sasl.jaas.config",
            ),
            "wrong client secret": (
                self.relayed("SASL_SSL", mechanism="OAUTHBEARER", token_url=self.tokens.url)
                | {"sasl.jaas.config": _oauth_login("alice", "not-the-secret")},
                "(401|invalid_client)",
            ),
            "expired token": (
                self.relayed("SASL_SSL", mechanism="OAUTHBEARER", token_url=self.expired_token()),
                "login refused.*OAUTHBEARER|token.*expired",
            ),
            "no SASL at a SASL listener": (
                self.relayed("SASL_PLAINTEXT") | {"security.protocol": "PLAINTEXT"},
                "security.protocol",
            ),
            "no TLS at a TLS listener": (
                self.relayed("SSL") | {"security.protocol": "PLAINTEXT"},
                "security.protocol",
            ),
            "TLS at a plain listener": (
                self.relayed("PLAINTEXT")
                | {"security.protocol": "SSL", "ssl.truststore.location": str(certs.truststore)}
                | {"ssl.truststore.type": "PKCS12", "ssl.truststore.password": "changeit"},
                "security.protocol",
            ),
            "expired certificate": (self.relayed("SSL_EXPIRED"), "valid from.*until.*renew"),
            "unknown CA": (self.relayed("SSL_UNKNOWN_CA"), "ssl.truststore"),
            "another host": (
                # The same address by a name that the certificate does not hold.
                self.relayed("SSL", host="127.1"),
                "ssl.endpoint.identification.algorithm",
            ),
            "no client certificate": (
                {k: v for k, v in self.relayed("MTLS").items() if "key" not in k},
                "client certificate.*ssl.keystore.location",
            ),
            "strange client certificate": (
                self.relayed("MTLS") | stranger,
                "client certificate|ssl.keystore.location",
            ),
        }
        ottlas = {}
        for name, (client, _) in cases.items():
            clients = {"A": client, "B": self.target.client()}
            if name == at_target:
                clients = {"A": self.source.client(), "B": client}
            lines = flow_file(clients, topics=self.topic)
            ottlas[name] = Ottla(lines).start()
            self.addCleanup(ottlas[name].close)
        for name, (_, words) in cases.items():
            with self.subTest(name):
                ottlas[name].wait_words(words)
                self.assertNotEqual("OK", ottlas[name].flow()["health"])
                self.assertNotIn("wrong-pass-word", ottlas[name].log())
                self.assertNotIn("not-the-secret", ottlas[name].log())
        self.assert_quiet(ottlas)
        for name, ottla in ottlas.items():
            with self.subTest(name):
                self.assertEqual(0, ottla.terminate())

    def expired_token(self) -> str:
        path = certificates.ensure().folder / "expired.token"
        path.write_text(oauth.token("alice", lifetime_s=-3600))
        return path.as_uri()

    def assert_quiet(self, ottlas: dict[str, Ottla], denied: list[str] = (), window_s=5) -> None:
        """Over a window, new connections, log lines and denials of these users stay few."""

        def measure() -> dict[str, int]:
            seen = {f"connections {i}": relay.accepted for i, relay in enumerate(self.relays)}
            seen |= {f"log lines, {name}": o.log().count("\n") for name, o in ottlas.items()}
            for cluster in (self.source, self.target):
                said = cluster.log(1, lines=1_000_000).splitlines() if denied else []
                for user in denied:
                    seen[f"denials on {cluster.name}, {user}"] = sum(
                        f"User:{user} " in line and "denied" in line.lower() for line in said
                    )
            return seen

        begin, before = time.monotonic(), measure()
        wait_until(lambda: time.monotonic() - begin > window_s, window_s + 30, "the window")
        after = measure()
        noisy = {what: n - before[what] for what, n in after.items() if n - before[what] > 12}
        self.assertEqual({}, noisy, "\n".join(o.log()[-1000:] for o in ottlas.values()))
        for user in denied:
            counts = [n for what, n in after.items() if what.endswith(f", {user}")]
            self.assertGreater(sum(counts), 0, f"denials of {user} are not seen in {after}")

    def test_missing_permissions_are_named_and_not_stormed(self):
        copy = f"A.{self.topic}"
        users = {right: shared.unique(right.lower()) for right in ("READ", "WRITE", "CREATE")}
        for cluster in (self.source, self.target):
            for user in users.values():
                cluster.create_scram_user(user, "pass-word")
        for right, user in users.items():
            for operation in ("READ", "DESCRIBE", "DESCRIBE_CONFIGS"):
                if right != operation:
                    self.allow(self.source, user, operation)
            for operation in ("DESCRIBE", "DESCRIBE_CONFIGS", "READ", "ALTER"):
                self.allow(self.target, user, operation)
            if right != "CREATE":
                self.allow(self.target, user, "CREATE", "CLUSTER", "kafka-cluster")
            self.allow(self.target, user, "WRITE", name="ottla-", pattern="PREFIXED")
            if right != "WRITE":
                self.allow(self.target, user, "WRITE", name=copy)
        words = {
            "READ": f"reading {self.topic}-0, which needs READ",
            "WRITE": f"writing {copy}, which needs WRITE",
            "CREATE": f"{copy}: not created on B: .*needs CREATE",
        }
        # Ottla's own topics must be there, CREATE first: the others make the topic.
        clients = {"A": self.source.client(), "B": self.target.client()}
        with Ottla(flow_file(clients, topics="none")) as ottla:
            wait_until(lambda: ottla.flow()["health"] == "OK", 40, "a flow that works")
        ottlas = {}
        for right in ("CREATE", "WRITE", "READ"):
            how = {"mechanism": "SCRAM-SHA-256", "user": users[right], "password": "pass-word"}
            clients = {
                "A": self.source.client("SASL_SSL", **how),
                "B": self.target.client("SASL_SSL", **how),
            }
            ottlas[right] = Ottla(flow_file(clients, topics=self.topic)).start()
            self.addCleanup(ottlas[right].close)
            ottlas[right].wait_words(words[right])
            self.assertEqual("DEGRADED", ottlas[right].flow()["health"])
            if right == "CREATE":
                self.assertEqual(0, ottlas.pop(right).terminate())
        self.assert_quiet(ottlas, [users[right] for right in ottlas])
        # Granted, it goes on by itself.
        self.allow(self.source, users["READ"], "READ")
        ottlas["READ"].wait_copied({(self.topic, 0): 10})
        for ottla in ottlas.values():
            self.assertEqual(0, ottla.terminate())


def _oauth_login(user: str, secret: str) -> str:
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    return f'{module} required clientId="{user}" clientSecret="{secret}";'


if __name__ == "__main__":
    unittest.main()
