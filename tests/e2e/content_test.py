"""What is copied equals what was written, record for record, as two independent readers see it.
About 90 s; the bulk of 300 MB (OTTLA_E2E_LARGE=1: 2 GB) about 20 s of them."""

import concurrent.futures
import os
import time
import unittest

import content_mix
import readers
from ottla_lab import shared
from ottla_process import Ottla, flow_file

LARGE = bool(os.environ.get("OTTLA_E2E_LARGE"))
SERIES = 155
BULK_BYTES = 2_000_000_000 if LARGE else 300_000_000
BULK_RECORD_BYTES = 1000
BULK_PARTITIONS = 4


class ContentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = shared.cluster("A")
        cls.target = shared.cluster("B")
        cls.source.alter_configs("", type="broker", set={"log.cleaner.backoff.ms": "100"})

    def assert_same(self, expected: dict, actual: dict):
        """Says the first differences, not all of a large dictionary."""
        different = [
            (key, expected.get(key), actual.get(key))
            for key in sorted(expected.keys() | actual.keys())
            if expected.get(key) != actual.get(key)
        ]
        self.assertEqual([], different[:5], f"{len(different)} partitions differ")

    def assert_copied(self, ottla: Ottla, topics: list[str], renamed) -> None:
        """The copy is complete, equal for both readers, and its logs are dense."""
        java = readers.java_digests(self.source, topics)
        ottla.wait_copied(readers.counts(java))
        copies = [renamed(topic) for topic in topics]
        expected = readers.content(java, renamed)
        copied = readers.java_digests_of_all(
            self.target, {key: n for key, (n, _) in expected.items()}
        )
        self.assert_same(expected, readers.content(copied))
        for topic in copies:
            for partition, digest in copied.get(topic, {}).items():
                self.assertEqual(
                    (0, digest["count"] - 1), (digest["first"], digest["last"]), (topic, partition)
                )
        self.assert_same(
            expected, readers.content(readers.rdkafka_digests(self.source, topics), renamed)
        )
        self.assert_same(expected, readers.content(readers.rdkafka_digests(self.target, copies)))

    def test_topics_of_every_kind_are_copied_record_for_record(self):
        prefix = shared.unique("mix")
        named = content_mix.names(prefix, content_mix.mix(SERIES))

        def fill(pair):
            topic, kind = pair
            if kind.target_configs is not None:
                self.target.create_topic(
                    f"A.{topic}", kind.partitions, configs=kind.target_configs
                )
            kind.fill(self.source, topic)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(fill, named))
        # The target keeps its own max.message.bytes.
        lines = flow_file(
            {"A": self.source.client(), "B": self.target.client()},
            topics=f"{prefix}.*",
            sync__topic__configs__enabled="false",
        )
        with Ottla(lines) as ottla:
            topics = [topic for topic, _ in named]
            self.assert_copied(ottla, topics, lambda topic: f"A.{topic}")
            self.assertEqual("OK", ottla.flow()["health"], ottla.flow()["reasons"])
            listed = set(self.target.list_topics())
            for topic, kind in named:
                self.assertIn(f"A.{topic}", listed)
                made = self.target.describe_topic(f"A.{topic}")["partitions"]
                self.assertEqual(kind.partitions, len(made), topic)
            self.assertEqual(0, ottla.terminate())

    def test_bulk_is_copied_record_for_record(self):
        topic = shared.unique("bulk")
        self.source.create_topic(topic, BULK_PARTITIONS)
        each = BULK_BYTES // BULK_RECORD_BYTES // BULK_PARTITIONS

        def fill(partition):
            self.source.produce(
                topic,
                each,
                partition=partition,
                size=BULK_RECORD_BYTES,
                batch_size=100_000,
                codec=("none", "lz4", "zstd", "none")[partition],
                timeout_s=1200,
            )

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(fill, range(BULK_PARTITIONS)))
        lines = flow_file(
            {"A": self.source.client(), "B": self.target.client()}, topics=topic
        )
        started = time.monotonic()
        with Ottla(lines) as ottla:
            ottla.wait_copied({(topic, p): each for p in range(BULK_PARTITIONS)}, timeout_s=600)
            seconds = time.monotonic() - started
            print(f"        {BULK_BYTES / 1e6:.0f} MB copied in {seconds:.1f} s", flush=True)
            expected = readers.content(
                readers.java_digests(self.source, [topic], 600), lambda t: f"A.{t}"
            )
            copied = readers.content(readers.java_digests(self.target, [f"A.{topic}"], 600))
            self.assert_same(expected, copied)
            copied = readers.content(readers.rdkafka_digests(self.target, [f"A.{topic}"], 600))
            self.assert_same(expected, copied)
            self.assertEqual(0, ottla.terminate())
        for cluster, name in ((self.source, topic), (self.target, f"A.{topic}")):
            cluster.delete_topic(name)


if __name__ == "__main__":
    unittest.main()
