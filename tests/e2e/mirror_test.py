"""What a flow copies, under which names, and what it leaves alone, between real clusters.
About 40 s."""

import threading
import unittest

import readers
from ottla_lab import shared, wait_until
from ottla_process import Ottla, flow_file

IDENTITY = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"


class MirrorCase(unittest.TestCase):
    def setUp(self):
        self.a = shared.cluster("A")
        self.b = shared.cluster("B")
        self.prefix = shared.unique("mirror")

    def lines(self, **more) -> dict[str, str]:
        clients = {"A": self.a.client(), "B": self.b.client()}
        return flow_file(clients, **{"topics": f"{self.prefix}.*"} | more)

    def topic(self, name: str, partitions: int = 1, cluster=None, count: int = 0, **configs) -> str:
        topic = f"{self.prefix}-{name}"
        cluster = cluster or self.a
        cluster.create_topic(topic, partitions, configs=configs)
        if count:
            cluster.produce(topic, count, headers=1)
        return topic

    def copied(self, ottla: Ottla, topic: str, copy: str, flow="A->B", dense=True) -> None:
        """The copy is complete, in order, and nothing else stands in it; dense: not even a control
        batch, which a takeover may write."""
        source, target = (self.a, self.b) if flow == "A->B" else (self.b, self.a)
        expected = readers.java_digests(source, [topic])
        ottla.wait_copied(readers.counts(expected), flow)
        wanted = readers.content(expected, lambda _: copy)
        actual = readers.java_digests_of_all(target, {key: n for key, (n, _) in wanted.items()})
        self.assertEqual(wanted, readers.content(actual), (topic, copy))
        if not dense:
            return
        ends = {p: n for p, n in target.list_offsets(copy).items() if n}
        self.assertEqual({p: d["count"] for p, d in expected[topic].items()}, ends, copy)


class NamesTest(MirrorCase):
    def test_the_default_policy_puts_the_alias_in_front(self):
        topic = self.topic("orders", 2, count=50)
        with Ottla(self.lines()) as ottla:
            self.copied(ottla, topic, f"A.{topic}")

    def test_a_separator_of_ones_own_is_used(self):
        topic = self.topic("orders", count=50)
        with Ottla(self.lines(replication__policy__separator="__")) as ottla:
            self.copied(ottla, topic, f"A__{topic}")

    def test_the_identity_policy_keeps_the_name(self):
        topic = self.topic("orders", 2, count=50)
        with Ottla(self.lines(replication__policy__class=IDENTITY)) as ottla:
            self.copied(ottla, topic, topic)

    def test_two_ways_do_not_loop(self):
        first, second = self.topic("both", 2, count=50), self.topic("only-b", 1, self.b, count=30)
        self.topic("both", 2, self.b, count=20)
        lines = self.lines(topics=f"(.*[.])?{self.prefix}.*") | {"B->A.enabled": "true"}
        with Ottla(lines) as ottla:
            self.copied(ottla, first, f"A.{first}")
            self.copied(ottla, first, f"B.{first}", "B->A")
            self.copied(ottla, second, f"B.{second}", "B->A")
            # Whatever would loop has been seen once a later topic has come across, twice.
            for i in range(2):
                late, back = self.topic(f"late-{i}", count=5), self.topic(f"back-{i}", 1, self.b)
                self.b.produce(back, 5)
                self.copied(ottla, late, f"A.{late}")
                self.copied(ottla, back, f"B.{back}", "B->A")
            self.copied(ottla, first, f"A.{first}")
            self.copied(ottla, first, f"B.{first}", "B->A")
            on_a = {t for t in self.a.list_topics() if self.prefix in t}
            on_b = {t for t in self.b.list_topics() if self.prefix in t}
            self.assertEqual([], [t for t in on_a | on_b if t.count(".") > 1])
            for here, there, alias in ((on_a, on_b, "B"), (on_b, on_a, "A")):
                copies = {f"{alias}.{topic}" for topic in there if "." not in topic}
                self.assertEqual(copies, {topic for topic in here if "." in topic})
            self.assertEqual(0, ottla.terminate())


class ChangesTest(MirrorCase):
    def test_partitions_and_topics_that_appear_are_copied_from_their_start(self):
        topic = self.topic("grows", 1, count=20)
        with Ottla(self.lines()) as ottla:
            self.copied(ottla, topic, f"A.{topic}")
            self.a.create_partitions(topic, 4)
            self.a.produce(topic, 40, prefix="grown-")
            new = self.topic("new", 3, count=30)
            self.copied(ottla, topic, f"A.{topic}")
            self.copied(ottla, new, f"A.{new}")
            self.assertEqual(4, len(self.b.describe_topic(f"A.{topic}")["partitions"]))
            self.assertEqual("OK", ottla.flow()["health"], ottla.flow()["reasons"])

    def test_what_is_excluded_or_internal_is_not_copied(self):
        left_out = [
            self.topic(name, count=5)
            for name in ("secret-1", "any.internal", "any-internal", "any.replica")
        ]
        wanted = self.topic("wanted", count=5)
        lines = self.lines(
            topics__exclude=f"{self.prefix}-secret.*, .*[\\\\-\\\\.]internal, .*\\\\.replica, __.*",
            topics=f"{self.prefix}.*, __consumer_offsets",
        )
        with Ottla(lines) as ottla:
            self.copied(ottla, wanted, f"A.{wanted}")
            late = self.topic("late", count=5)  # another round of discovery has passed with it
            self.copied(ottla, late, f"A.{late}")
            copies = {t for t in self.b.list_topics(internal=True) if self.prefix in t}
            self.assertEqual({f"A.{wanted}", f"A.{late}"}, copies)
            self.assertNotIn("A.__consumer_offsets", self.b.list_topics(internal=True))
            for topic in left_out:
                note = ottla.topic_note(topic)
                self.assertFalse(note["copied"], note)
                self.assertIn("exclude", note["reason"])

    def test_a_topic_that_nobody_could_write_to_is_refused_in_words(self):
        strict = self.topic("strict", count=5, **{"min.insync.replicas": "2"})
        fine = self.topic("fine", count=5)
        # Kafka's own default leaves min.insync.replicas out of what is copied.
        lines = self.lines(config__properties__exclude="unclean.leader.election.enable")
        with Ottla(lines) as ottla:
            self.copied(ottla, fine, f"A.{fine}")
            ottla.wait_words(f"A[.]{strict}: not created on B: .*min.insync.replicas")
            self.assertNotIn(f"A.{strict}", self.b.list_topics())
            self.assertEqual("DEGRADED", ottla.flow()["health"])

    def test_more_replicas_than_brokers_are_refused_in_words(self):
        topic = self.topic("wide", count=5)
        with Ottla(self.lines(replication__factor="3")) as ottla:
            ottla.wait_words(f"A[.]{topic}: not created on B: .*replication.factor")
            self.assertNotIn(f"A.{topic}", self.b.list_topics())
            self.assertEqual("DEGRADED", ottla.flow()["health"])


class RestartTest(MirrorCase):
    def test_restarts_under_load_write_nothing_twice(self):
        topics = [self.topic("busy", 3), self.topic("transactional", 2), self.topic("quiet", 2)]
        self.a.produce(topics[2], 10)
        done = threading.Event()
        rounds = []

        def produce():
            while not done.is_set():
                self.a.produce(topics[0], 400, first=400 * len(rounds), codec="lz4", size=300)
                self.a.produce(
                    topics[1],
                    40,
                    first=40 * len(rounds),
                    transactional_id=topics[1],
                    transaction_records=10,
                    abort_every=4,
                )
                rounds.append(1)

        load = threading.Thread(target=produce)
        load.start()
        ottla = Ottla(self.lines())
        try:
            for _ in range(4):
                ottla.start()
                wait_until(
                    lambda: sum(p["records"] for p in ottla.partitions().values()) > 200,
                    60,
                    "records flow",
                )
                self.assertEqual(0, ottla.terminate())
        finally:
            done.set()
            load.join()
        with ottla.start():
            for topic in topics:
                self.copied(ottla, topic, f"A.{topic}", dense=False)
            self.assertEqual("OK", ottla.flow()["health"], ottla.flow()["reasons"])
            self.assertEqual(0, ottla.terminate())


if __name__ == "__main__":
    unittest.main()
