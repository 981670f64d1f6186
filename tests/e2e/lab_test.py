"""The lab itself: what the other tests lean on."""

import os
import socket
import subprocess
import sys
import threading
import time
import unittest

from ottla_lab import (
    AgentError,
    MirrorMaker2,
    WanLink,
    mirror_maker,
    oauth,
    paths,
    probe,
    record,
    shared,
    tool,
    wait_until,
)


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.cluster = shared.cluster("A")
        self.topic = shared.unique("lab")

    def test_what_is_produced_is_consumed(self):
        self.cluster.create_topic(self.topic, 3)
        self.cluster.produce(
            self.topic, 100, codec="zstd", headers=2, null_key_every=5, timestamp=1_700_000_000_000
        )
        records = self.cluster.records(self.topic)
        self.assertEqual(100, len(records))
        self.assertEqual([34, 33, 33], [sum(r.partition == p for r in records) for p in range(3)])
        self.assertEqual(20, sum(r.key is None for r in records))
        self.assertEqual(("h0", b"v0.0"), records[0].headers[0])

    def test_equal_series_have_equal_digests_and_others_do_not(self):
        topics = [shared.unique("lab") for _ in range(3)]
        for topic, count in zip(topics, (50, 50, 51)):
            self.cluster.create_topic(topic)
            self.cluster.produce(topic, count, timestamp=1_700_000_000_000)
        digests = [self.cluster.digest(topic)[0]["content"] for topic in topics]
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_aborted_transactions_take_offsets_but_are_not_read(self):
        self.cluster.create_topic(self.topic)
        produced = self.cluster.produce(
            self.topic, 100, transactional_id=self.topic, transaction_records=10, abort_every=5
        )
        self.assertEqual(20, produced["aborted"])
        self.assertEqual(80, self.cluster.digest(self.topic)[0]["count"])
        self.assertEqual(110, self.cluster.list_offsets(self.topic)[0])

    def test_given_records_arrive_as_given(self):
        self.cluster.create_topic(self.topic)
        placed = self.cluster.produce_records(
            self.topic,
            [
                record(b"\x00\xff", key=b"k", timestamp=1_700_000_000_000, headers=[("h", None)]),
                record(None, key=b"k", timestamp=1_700_000_000_001),
            ],
        )
        self.assertEqual([[0, 0], [0, 1]], placed)
        first, second = self.cluster.records(self.topic)
        self.assertEqual(
            (b"\x00\xff", b"k", [("h", None)]), (first.value, first.key, first.headers)
        )
        self.assertIsNone(second.value)

    def test_groups_configs_and_deleted_records_are_seen(self):
        self.cluster.create_topic(self.topic, 1, configs={"cleanup.policy": "compact,delete"})
        self.cluster.produce(self.topic, 20)
        self.cluster.alter_configs(self.topic, set={"retention.ms": "3600000"})
        self.assertEqual(
            {"cleanup.policy": "compact,delete", "retention.ms": "3600000"},
            self.cluster.describe_configs(self.topic),
        )
        group = shared.unique("group")
        self.cluster.consume_group(group, [self.topic], count=20)
        self.assertEqual({self.topic: {0: 20}}, self.cluster.group_offsets(group))
        self.cluster.commit_offsets(group, {self.topic: {0: 7}})
        self.assertEqual({self.topic: {0: 7}}, self.cluster.group_offsets(group))
        self.cluster.delete_records(self.topic, {0: 5})
        self.assertEqual({0: 5}, self.cluster.list_offsets(self.topic, "earliest"))

    def test_tools_run_by_their_shell_names(self):
        self.cluster.create_topic(self.topic)
        listed = tool("kafka-topics", "--bootstrap-server", self.cluster.bootstrap(), "--list")
        self.assertIn(self.topic, listed.stdout.split())

    def test_records_survive_kill9_and_restart(self):
        self.cluster.create_topic(self.topic)
        self.cluster.produce(self.topic, 10)
        self.cluster.kill9(1)
        with self.assertRaises(OSError):
            probe.live_brokers("127.0.0.1", self.cluster.port(1), timeout_s=1)
        self.cluster.start(1)
        self.assertEqual({0: 10}, self.cluster.list_offsets(self.topic))


class ParentTest(unittest.TestCase):
    def test_brokers_end_with_a_killed_parent(self):
        code = (
            "import ottla_lab, time; c = ottla_lab.Cluster('orphan'); c.start(wait=False); "
            "print(c.jvm(1).pid, c.data_dir, flush=True); time.sleep(60)"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(paths.LAB)},
        )
        pid, folder = parent.stdout.readline().split()
        parent.kill()
        parent.wait()
        parent.stdout.close()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "the orphan broker is gone")
        subprocess.run(["rm", "-rf", folder], check=True)


class MirrorMakerTest(unittest.TestCase):
    def test_it_copies_and_stops(self):
        source, target = shared.cluster("A"), shared.cluster("B")
        topic = shared.unique("lab")
        source.create_topic(topic, 2)
        source.produce(topic, 100)
        properties = mirror_maker.properties_for(
            {"A": source, "B": target}, ["A->B"], **{"A->B__topics": topic}
        )
        with MirrorMaker2(properties) as mirror:
            wait_until(
                lambda: sum(target.list_offsets(f"A.{topic}").values()) == 100, 60, "all copied"
            )
            self.assertGreater(mirror.cpu_seconds(), 0)
            self.assertGreater(mirror.peak_rss_bytes(), 50 << 20)
            mirror.stop()
            self.assertFalse(mirror.jvm.running())


class SecurityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = shared.cluster(
            "secure",
            authorizer=True,
            listeners=(
                "SSL",
                "MTLS",
                "SSL_EXPIRED",
                "SSL_UNKNOWN_CA",
                "SASL_PLAINTEXT",
                "SASL_SSL",
            ),
        )
        cls.tokens = oauth.TokenServer()
        cls.topic = shared.unique("lab")
        cls.cluster.create_topic(cls.topic)
        for user in ("alice", "client"):
            cls.cluster.create_acl(
                principal=f"User:{user}", resource_name=cls.topic, operation="ALL"
            )

    @classmethod
    def tearDownClass(cls):
        cls.tokens.stop()

    def produce(self, listener: str, **how):
        client = self.cluster.client(listener, **how)
        client |= {
            "max.block.ms": "10000",
            "delivery.timeout.ms": "10000",
            "request.timeout.ms": "5000",
        }
        return self.cluster.produce(
            self.topic, 1, bootstrap=client.pop("bootstrap.servers"), client=client
        )["committed"]

    def test_each_sasl_mechanism_is_accepted(self):
        for listener in ("SASL_PLAINTEXT", "SASL_SSL"):
            for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"):
                with self.subTest(listener=listener, mechanism=mechanism):
                    self.assertEqual(
                        {0: 1},
                        self.produce(listener, mechanism=mechanism, token_url=self.tokens.url),
                    )
        self.assertGreater(self.tokens.issued, 0)

    def test_wrong_passwords_and_missing_rights_are_refused(self):
        with self.assertRaisesRegex(AgentError, "SaslAuthenticationException"):
            self.produce("SASL_SSL", password="wrong")
        with self.assertRaisesRegex(AgentError, "TopicAuthorizationException"):
            self.produce("SASL_SSL", user="bob")

    def test_certificates_decide(self):
        self.assertEqual({0: 1}, self.produce("SSL"))
        self.assertEqual({0: 1}, self.produce("MTLS"))
        with self.assertRaisesRegex(AgentError, "SslAuthenticationException"):
            self.produce("MTLS", certificate="stranger")
        for listener in ("SSL_EXPIRED", "SSL_UNKNOWN_CA"):
            with self.assertRaisesRegex(AgentError, "SslAuthenticationException"):
                self.produce(listener)


class BrokersTest(unittest.TestCase):
    def test_three_brokers_go_on_without_one(self):
        cluster = shared.cluster("three", brokers=3, racks=["r1", "r2", "r3"])
        topic = shared.unique("lab")
        cluster.create_topic(topic, 3, configs={"min.insync.replicas": "2"})
        self.assertEqual(
            {"r1", "r2", "r3"},
            {node["rack"] for node in cluster.describe_cluster()["nodes"].values()},
        )
        cluster.kill9(2)
        cluster.wait_leaders(topic, without=2)
        self.assertEqual({0: 10, 1: 10, 2: 10}, cluster.produce(topic, 30)["committed"])
        cluster.start(2)


class _Echo:
    """Sends back what it gets."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection):
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass
        connection.close()

    def stop(self):
        self._server.close()


class WanLinkTest(unittest.TestCase):
    def setUp(self):
        self.echo = _Echo()
        self.link = WanLink([self.echo.address])
        self.addCleanup(self.link.stop)
        self.addCleanup(self.echo.stop)
        host, _, port = self.link.addresses[0].partition(":")
        self.connection = socket.create_connection((host, int(port)), 10)
        self.addCleanup(self.connection.close)

    def round_trip_ms(self) -> float:
        started = time.monotonic()
        self.connection.sendall(b"x")
        self.assertEqual(b"x", self.connection.recv(1))
        return (time.monotonic() - started) * 1000

    def test_a_round_trip_takes_at_least_the_rtt(self):
        self.link.set(rtt_ms=30)
        for _ in range(3):
            self.assertGreaterEqual(self.round_trip_ms(), 30)

    def test_a_cut_link_is_silent_and_delivers_after_its_repair(self):
        self.round_trip_ms()
        self.link.cut()
        self.connection.sendall(b"y")
        self.connection.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            self.connection.recv(1)
        self.link.restore()
        self.connection.settimeout(10)
        self.assertEqual(b"y", self.connection.recv(1))

    def test_cut_connections_are_reset_and_new_ones_work(self):
        self.round_trip_ms()
        self.assertEqual(1, self.link.cut_connections())
        with self.assertRaises(ConnectionResetError):
            self.connection.recv(1)
        self.connection = socket.create_connection(self.connection_address(), 10)
        self.round_trip_ms()

    def connection_address(self):
        host, _, port = self.link.addresses[0].partition(":")
        return host, int(port)

    def test_bandwidth_and_window_limit_the_rate(self):
        for limits in ({"bandwidth": 20_000_000}, {"rtt_ms": 20, "window_bytes": 400_000}):
            with self.subTest(limits=limits):
                self.link.set(**({"bandwidth": 0, "rtt_ms": 0, "window_bytes": 0} | limits))
                started = time.monotonic()
                sender = threading.Thread(target=self.connection.sendall, args=(bytes(8_000_000),))
                sender.start()
                left = 8_000_000
                while left:
                    left -= len(self.connection.recv(min(left, 1 << 20)))
                sender.join()
                self.assertGreaterEqual(time.monotonic() - started, 0.35)  # 0.4 s at 20 MB/s

    def test_clients_that_bootstrap_through_the_link_stay_on_it(self):
        cluster = shared.cluster("wan", listeners=("WAN",))
        topic = shared.unique("lab")
        cluster.create_topic(topic)
        with WanLink(cluster.routes(), rtt_ms=10) as link:
            cluster.produce(topic, 100, size=10_000, bootstrap=cluster.bootstrap("WAN"))
            self.assertGreater(link.stats()["bytes_to_target"], 1_000_000)
        self.assertEqual({0: 100}, cluster.list_offsets(topic))


if __name__ == "__main__":
    unittest.main()
