"""Losses that no mirror can prevent: each is found, stands in the ledger, and the policy decides.

Takes about two minutes."""

import contextlib
import json
import unittest

from chaos_support import (
    Mirror,
    expect_exact_copy,
    progress,
)
from ottla_lab import shared, wait_until

LEDGER = "ottla-loss-ledger-internal"


class LossCase(unittest.TestCase):
    def setUp(self):
        self.topic = shared.unique("loss")
        self.copy = "A." + self.topic

    def mirror(self, *extra: str) -> Mirror:
        return Mirror(self.source.bootstrap(), self.target.bootstrap(), self.topic, extra)

    def wait_copied(self, records: int, mirror: Mirror) -> None:
        """Until the copy has that many offsets."""
        try:
            wait_until(
                lambda: progress(self.target, self.copy) >= records, 60, f"{records} copied", 0.1
            )
        except TimeoutError as error:
            self.fail(f"{error}; there: {progress(self.target, self.copy)}\n{mirror.said()}")

    def values(self, cluster, topic: str) -> list[bytes]:
        records = cluster.records(topic, isolation="read_uncommitted")
        return [(one.value or b"").split(b"|")[0] for one in records]

    def expect_entry(self, kind: str, policy: str, mirror: Mirror, **fields) -> dict:
        """The newest entry about the topic: in Ottla's topic on the target and at the REST server;
        and the flow says that it loses data."""

        def found():
            for record in reversed(self.target.records(LEDGER)):
                entry = json.loads(record.value) | {"key": record.key.decode()}
                text = entry["key"] + record.value.decode()
                if self.topic in text and kind in text and policy in text:
                    return entry
            return None

        entry = wait_until(found, 60, f"an entry {kind}, {policy} in the ledger", 0.2)
        for name, value in fields.items():
            self.assertEqual(value, entry[name], entry)
        self.assertTrue(mirror.ledger(self.topic), "REST shows no entry")
        wait_until(lambda: mirror.flow()["health"] == "LOSING_DATA", 30, "LOSING_DATA")
        return entry


class OneBrokerTest(LossCase):
    def setUp(self):
        super().setUp()
        self.source = shared.cluster("A")
        self.target = shared.cluster("B")

    @contextlib.contextmanager
    def overtaken(self, *extra: str):
        """A paused mirror that had copied 100 records, of 300; the source keeps the last 100."""
        self.source.create_topic(self.topic)
        with self.mirror(*extra) as mirror:
            self.source.produce(self.topic, 100)
            self.wait_copied(100, mirror)
            mirror.pause()
            self.source.produce(self.topic, 200, first=100)
            self.source.delete_records(self.topic, {0: 200})
            yield mirror

    def test_retention_that_overtakes_a_paused_flow_is_named_and_the_copy_goes_on(self):
        with self.overtaken() as mirror:
            mirror.resume()
            self.expect_entry("retention-overtook", "continue", mirror)
            self.wait_copied(200, mirror)
            want = [b"%d" % i for i in (*range(100), *range(200, 300))]
            self.assertEqual(want, self.values(self.target, self.copy))

    def test_retention_that_overtakes_a_flow_stops_it_if_so_decided(self):
        with self.overtaken("ottla.on.retention = stop") as mirror:
            mirror.resume()
            self.expect_entry("retention-overtook", "stop", mirror)
            mirror.wait_quarantined(self.topic, "retention")
            self.assertEqual(100, progress(self.target, self.copy))
            mirror.configure("ottla.on.retention = continue")
            mirror.restart()
            self.wait_copied(200, mirror)

    def test_retention_while_the_process_is_down_is_named(self):
        with self.overtaken() as mirror:
            mirror.restart()
            self.expect_entry("retention-overtook", "continue", mirror)
            self.wait_copied(200, mirror)

    @contextlib.contextmanager
    def copied(self, *extra: str):
        """A mirror that has copied 50 records."""
        self.source.create_topic(self.topic)
        with self.mirror(*extra) as mirror:
            self.source.produce(self.topic, 50)
            self.wait_copied(50, mirror)
            yield mirror

    def recreate_source(self) -> None:
        self.source.delete_topic(self.topic)
        self.source.create_topic(self.topic)
        self.source.produce(self.topic, 20, prefix="new")

    def test_a_topic_created_again_on_the_source_stops_its_copy(self):
        with self.copied() as mirror:
            self.recreate_source()
            self.expect_entry("upstream-recreated", "stop", mirror)
            mirror.wait_quarantined(self.topic, "created again")
            self.assertEqual(50, progress(self.target, self.copy))
            mirror.configure("ottla.on.recreate = continue")
            mirror.restart()
            self.wait_copied(70, mirror)
            want = [b"%d" % i for i in range(50)] + [b"new%d" % i for i in range(20)]
            self.assertEqual(want, self.values(self.target, self.copy))

    def test_a_topic_created_again_on_the_source_goes_on_if_so_decided(self):
        with self.copied("ottla.on.recreate = continue") as mirror:
            self.source.delete_topic(self.topic)
            wait_until(
                lambda: "deleted on the source" in mirror.partitions(self.topic)[0]["reason"],
                30,
                "the deletion to be seen",
            )
            self.source.create_topic(self.topic)
            self.source.produce(self.topic, 20, prefix="new")
            self.expect_entry("upstream-recreated", "continue", mirror)
            self.wait_copied(70, mirror)
            self.assertEqual(b"new0", self.values(self.target, self.copy)[50])

    def test_a_topic_deleted_on_the_target_is_not_filled_in_silence(self):
        with self.copied() as mirror:
            self.target.delete_topic(self.copy)
            self.expect_entry("target-recreated", "stop", mirror)
            mirror.wait_quarantined(self.topic, "created again")

    def test_a_topic_deleted_on_the_target_is_copied_again_if_so_decided(self):
        with self.copied("ottla.on.recreate = continue") as mirror:
            self.target.delete_topic(self.copy)
            self.source.produce(self.topic, 10, first=50)
            self.expect_entry("target-recreated", "continue", mirror)
            expect_exact_copy(self, self.source, self.target, self.topic, self.copy, mirror)

    def write_into_the_copy(self) -> None:
        self.target.produce(self.copy, 5, prefix="foreign")
        self.source.produce(self.topic, 50, first=50)

    def test_writes_of_others_into_the_copy_are_named(self):
        with self.copied() as mirror:
            self.write_into_the_copy()
            self.expect_entry("foreign-writes", "continue", mirror)
            self.wait_copied(105, mirror)
            ours = [v for v in self.values(self.target, self.copy) if not v.startswith(b"f")]
            self.assertEqual([b"%d" % i for i in range(100)], ours)

    def test_writes_of_others_into_the_copy_stop_it_if_so_decided(self):
        with self.copied("ottla.on.foreign.write = stop") as mirror:
            self.write_into_the_copy()
            self.expect_entry("foreign-writes", "stop", mirror)
            mirror.wait_quarantined(self.topic, "mirrored topic")
            mirror.configure("ottla.on.foreign.write = continue")
            mirror.restart()
            self.wait_copied(105, mirror)
            ours = [v for v in self.values(self.target, self.copy) if not v.startswith(b"f")]
            self.assertEqual([b"%d" % i for i in range(100)], ours)

    @contextlib.contextmanager
    def with_a_large_record(self, *extra: str):
        """Ten records, the fourth of which is larger than the target takes."""
        self.source.create_topic(self.topic)
        self.target.create_topic(self.copy, 1, configs={"max.message.bytes": "20000"})
        self.source.produce(self.topic, 4)
        self.source.produce(self.topic, 1, first=4, size=60000, random=True)
        self.source.produce(self.topic, 5, first=5)
        with self.mirror("sync.topic.configs.enabled = false", *extra) as mirror:
            yield mirror

    def test_a_record_too_large_for_the_target_stops_the_partition(self):
        with self.with_a_large_record() as mirror:
            reason = mirror.wait_quarantined(self.topic, "max.message.bytes")
            self.assertIn("offset 4", reason)
            self.assertEqual(4, progress(self.target, self.copy))
            self.target.alter_configs(self.copy, set={"max.message.bytes": "200000"})
            mirror.restart()
            expect_exact_copy(self, self.source, self.target, self.topic, self.copy, mirror)

    def test_a_record_too_large_for_the_target_is_left_out_if_so_decided(self):
        with self.with_a_large_record("ottla.on.too.large = continue") as mirror:
            self.expect_entry("record-too-large", "continue", mirror)
            self.wait_copied(9, mirror)
            want = [b"%d" % i for i in range(10) if i != 4]
            self.assertEqual(want, self.values(self.target, self.copy))


UNCLEAN = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}


class UncleanElectionTest(LossCase):
    """Brokers 2 and 3 hold the partition, the controller is broker 1."""

    def setUp(self):
        super().setUp()
        self.source = shared.cluster("trio-A", brokers=3, controllers=1, listeners=("WAN",))
        self.target = shared.cluster("trio-B", brokers=3, controllers=1, listeners=("WAN",))

    def create(self, cluster, topic: str) -> None:
        cluster.create_topic(topic, assignment={0: [2, 3]}, configs=UNCLEAN)

    def only_leader(self, cluster, topic: str) -> None:
        """The follower dies and leaves the in-sync replicas: what comes now, broker 2 alone has."""
        cluster.kill9(3)
        wait_until(
            lambda: cluster.run("describe_topic", topic=topic)["partitions"][0]["isr"] == [2],
            60,
            "the follower out of the in-sync replicas",
            0.1,
        )

    def elect_stale(self, cluster, topic: str) -> None:
        """The leader dies, and the stale follower becomes it."""
        cluster.kill9(2)
        cluster.start(3)

        def elected():
            leader = cluster.run("describe_topic", topic=topic)["partitions"][0]["leader"]
            if leader != 3:
                cluster.elect_leaders(topic, unclean=True)
            return leader == 3

        wait_until(elected, 60, "broker 3 to lead", 0.2)

    def test_an_upstream_log_that_lost_its_end_stops_the_copy(self):
        self.create(self.source, self.topic)
        with self.mirror() as mirror:
            self.source.produce(self.topic, 100)
            self.wait_copied(100, mirror)
            self.only_leader(self.source, self.topic)
            self.source.produce(self.topic, 50, first=100)
            self.wait_copied(150, mirror)
            self.elect_stale(self.source, self.topic)
            self.source.produce(self.topic, 30, prefix="new")
            self.expect_entry("upstream-truncated", "stop", mirror)
            mirror.wait_quarantined(self.topic, "was truncated")
            self.source.start(2)
            self.assertEqual(150, progress(self.target, self.copy))

    def test_an_upstream_log_that_lost_its_end_and_grew_again_is_found_after_a_restart(self):
        self.create(self.source, self.topic)
        with self.mirror("ottla.on.truncation = continue") as mirror:
            self.source.produce(self.topic, 100)
            self.wait_copied(100, mirror)
            self.only_leader(self.source, self.topic)
            self.source.produce(self.topic, 50, first=100)
            self.wait_copied(150, mirror)
            mirror.process.stop(60)
            self.elect_stale(self.source, self.topic)
            # Beyond the position: nothing but the leader's epoch tells that it is another log.
            self.source.produce(self.topic, 100, prefix="new")
            self.source.start(2)
            mirror.start()
            self.expect_entry("upstream-truncated", "continue", mirror)
            self.wait_copied(250, mirror)
            want = [b"%d" % i for i in range(150)] + [b"new%d" % i for i in range(100)]
            self.assertEqual(want, self.values(self.target, self.copy))

    def test_a_target_that_lost_its_end_is_filled_again(self):
        self.create(self.source, self.topic)
        self.create(self.target, self.copy)
        with self.mirror("sync.topic.configs.enabled = false") as mirror:
            self.source.produce(self.topic, 100)
            self.wait_copied(100, mirror)
            self.only_leader(self.target, self.copy)
            self.source.produce(self.topic, 50, first=100)
            self.wait_copied(150, mirror)
            self.elect_stale(self.target, self.copy)
            # Found although nothing is there to be copied.
            self.expect_entry("target-truncated", "continue", mirror)
            self.wait_copied(150, mirror)
            self.source.produce(self.topic, 10, first=150)
            self.target.start(2)
            expect_exact_copy(self, self.source, self.target, self.topic, self.copy, mirror)


if __name__ == "__main__":
    unittest.main()
