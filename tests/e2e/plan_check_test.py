"""`ottla plan` and `ottla check` against real Kafka, with and without an authorizer. About 40 s."""

import json
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

from ottla_lab import Cluster, paths, shared


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ottla-plan-")
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "mm2.properties"

    def write(self, source: dict[str, str], target: dict[str, str], **more) -> None:
        """Client settings of both ends; '__' in further keys stands for '.'."""
        lines = {"clusters": "A, B", "A->B.enabled": "true", "replication.factor": "1"}
        lines |= {f"A.{key}": value for key, value in source.items()}
        lines |= {f"B.{key}": value for key, value in target.items()}
        lines |= {key.replace("__", "."): value for key, value in more.items()}
        self.file.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))

    def ottla(self, command: str, *options: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(paths.ottla()), command, str(self.file), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def plan(self, code: int = 0) -> dict:
        """The only flow of the plan; topics by name."""
        flow = next(f for f in json.loads(self.ottla("plan", "--json", code=code))["flows"])
        flow["topics"] = {topic["topic"]: topic for topic in flow["topics"]}
        return flow

    def check(self, code: int = 0) -> list[dict]:
        return json.loads(self.ottla("check", "--json", code=code))["items"]


class PlanTest(Commands):
    def setUp(self):
        super().setUp()
        self.source, self.target = shared.cluster("A"), shared.cluster("B")
        self.orders, self.grown, self.same = (shared.unique("plan") for _ in range(3))
        self.write(
            self.source.client(),
            self.target.client(),
            topics=",".join((self.orders, self.grown, self.same, "no-such-topic")),
            no__such__key="1",
        )

    def make_topics(self) -> None:
        self.source.create_topic(self.orders, 3, configs={"cleanup.policy": "compact"})
        self.source.create_topic(self.grown, 4, configs={"retention.ms": "3600000"})
        self.source.create_topic(self.same, 1)
        self.target.create_topic(f"A.{self.grown}", 2, configs={"retention.ms": "7200000"})
        self.target.create_topic(f"A.{self.same}", 1)

    def test_says_what_would_be_created_changed_and_left(self):
        self.make_topics()
        flow = self.plan()
        topics = flow["topics"]
        self.assertEqual("create", topics[self.orders]["action"])
        self.assertIn("re-encoded", topics[self.orders]["copy_path"])
        self.assertEqual("change", topics[self.grown]["action"])
        self.assertEqual("copy", topics[self.same]["action"])
        self.assertTrue(any("no-such-topic" in hint for hint in flow["hints"]), flow["hints"])
        self.assertEqual([], flow["missing_permissions"])
        text = self.ottla("plan")
        self.assertIn("no.such.key", text)
        self.assertIn(f"+ {self.orders} -> A.{self.orders}  create with 3 partitions", text)
        self.assertIn("grow from 2 to 4 partitions", text)
        self.assertIn("retention.ms=3600000", text)

    def test_changes_nothing(self):
        self.source.create_topic(self.orders)
        before = sorted(self.target.list_topics())
        self.ottla("plan")
        self.ottla("check")
        self.assertEqual(before, sorted(self.target.list_topics()))

    def test_a_topic_that_the_target_would_refuse_is_a_problem(self):
        self.source.create_topic(self.orders)
        self.write(
            self.source.client(),
            self.target.client(),
            topics=self.orders,
            replication__factor="3",
        )
        self.assertEqual("refused", self.plan(code=3)["topics"][self.orders]["action"])

    def test_a_cluster_that_is_not_there_is_said_in_seconds(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound, not listening: refused
            address = f"127.0.0.1:{nobody.getsockname()[1]}"
            self.write(self.source.client(), {"bootstrap.servers": address}, topics=self.orders)
            started = time.monotonic()
            errors = self.plan(code=1)["errors"]
            self.assertLess(time.monotonic() - started, 60)
            self.assertTrue(any(address in error for error in errors), errors)
            failed = [item for item in self.check(code=3) if item["verdict"] == "fail"]
            self.assertTrue(all(item["subject"] == "cluster B" for item in failed), failed)
            self.assertIn(address, failed[0]["text"] + failed[0]["advice"])

    def test_a_cluster_that_never_answers_is_said_in_seconds(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            self.write(self.source.client(), {"bootstrap.servers": address}, topics=self.orders)
            self.assertTrue(self.plan(code=1)["errors"])

    def test_check_passes_and_names_both_clusters(self):
        self.make_topics()
        items = self.check()
        subjects = {item["subject"] for item in items if item["verdict"] == "pass"}
        self.assertLessEqual({"cluster A", "cluster B", "flow A->B"}, subjects)
        reached = next(item["text"] for item in items if item["subject"] == "cluster A")
        self.assertIn(self.source.cluster_id, reached)
        self.assertIn("Kafka 4.", reached)


class PermissionsTest(Commands):
    """Alice runs the mirror; both ends are one cluster with an authorizer."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("acl", listeners=["SASL_PLAINTEXT"], authorizer=True).start()
        cls.addClassCleanup(cls.cluster.stop)
        for topic in ("orders", "A.orders", "secret"):
            cls.cluster.create_topic(topic)

    def setUp(self):
        super().setUp()
        alice = self.cluster.client("SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", user="alice")
        self.write(alice, alice, topics="orders,secret", sync__topic__configs__enabled="false")

    def grant(self, topic: str, *operations: str, pattern: str = "LITERAL") -> None:
        for operation in operations:
            acl = {
                "principal": "User:alice",
                "resource_name": topic,
                "pattern_type": pattern,
                "operation": operation,
            }
            self.cluster.create_acl(**acl)
            self.addCleanup(self.cluster.delete_acl, **acl)

    def missing(self, code: int = 3) -> set[str]:
        flow = self.plan(code=code)
        return {
            f"{p['cluster']} {p['operation']} {p['resource']}" for p in flow["missing_permissions"]
        }

    def test_topics_named_in_the_file_that_are_not_seen_are_missing_rights(self):
        found = self.missing()
        self.assertLessEqual({"A DESCRIBE topic orders", "A DESCRIBE topic secret"}, found)
        self.assertIn("B IDEMPOTENT_WRITE cluster", found)

    def test_each_right_that_the_flow_needs_is_named_until_it_is_granted(self):
        self.grant("orders", "DESCRIBE")
        self.grant("A.orders", "DESCRIBE")
        found = self.missing()
        self.assertLessEqual(
            {
                "A READ topic orders",
                "A DESCRIBE_CONFIGS topic orders",
                "B WRITE topic A.orders",
                "B CREATE topic ottla-offset-map-internal",
            },
            found,
        )
        failed = [item for item in self.check(code=3) if item["verdict"] == "fail"]
        self.assertTrue(any("READ is missing on A" in item["text"] for item in failed), failed)
        self.assertTrue(all(item["advice"] for item in failed))
        self.grant("orders", "READ", "DESCRIBE_CONFIGS")
        self.grant("secret", "READ", "DESCRIBE_CONFIGS")
        self.grant("A.", "ALL", pattern="PREFIXED")
        self.grant("ottla-", "ALL", pattern="PREFIXED")
        self.assertIn("A CREATE topic mm2-offset-syncs.B.internal", self.missing())
        self.grant("mm2-", "ALL", pattern="PREFIXED")
        self.grant("heartbeats", "ALL")
        self.assertEqual(set(), self.missing(code=0))
        self.assertIn("nothing is missing", self.ottla("check"))

    def test_a_wrong_password_is_said_and_not_shown(self):
        wrong = self.cluster.client(
            "SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", user="alice", password="no-such-secret"
        )
        self.write(wrong, wrong, topics="orders")
        text = self.ottla("check", code=3)
        self.assertIn("SCRAM-SHA-512 as alice", text)
        self.assertNotIn("no-such-secret", text)
