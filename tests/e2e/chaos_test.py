"""Nothing lost, nothing twice, nothing out of order, whatever is killed and cut meanwhile.

Takes about two minutes; with OTTLA_E2E_LARGE=1 the mirror is killed 50 times, brokers and links 10
times, which takes about five."""

import os
import random
import threading
import time
import unittest

from chaos_support import (
    LARGE,
    Load,
    Mirror,
    expect_exact_copy,
    kill_at_random,
    timed,
    wait_for_first,
    wait_for_progress,
)
from ottla_lab import WanLink, shared, wait_until

KILLS = 50 if LARGE else 12
BROKER_KILLS = 10 if LARGE else 3
CUTS = 10 if LARGE else 4
SHORT = 16 if LARGE else 6
TEN_DAYS_MS = 10 * 24 * 3600 * 1000
SEED = int(os.environ.get("OTTLA_E2E_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
# A target that forgets producers after seconds, as any target does with records older than a day.
FORGETFUL = {
    "producer.id.expiration.ms": "5000",
    "producer.id.expiration.check.interval.ms": "1000",
}
# A cleaner that never rests.
BUSY_CLEANER = {"log.cleaner.backoff.ms": "200", "log.cleaner.min.cleanable.ratio": "0.01"}


class ChaosCase(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)
        print(f"        seed {SEED} (OTTLA_E2E_SEED)", flush=True)


class TrioTest(ChaosCase):
    """Two clusters of three brokers (one of them the controller), links between them."""

    def setUp(self):
        super().setUp()
        self.source = shared.cluster("trio-A", brokers=3, controllers=1, listeners=("WAN",))
        self.target = shared.cluster("trio-B", brokers=3, controllers=1, listeners=("WAN",))
        self.topic = shared.unique("chaos")
        self.copy = "A." + self.topic
        self.source.create_topic(self.topic, 4, replication=3)

    def mirror(self, far_source: bool = False, far_target: bool = False) -> Mirror:
        def listener(far: bool) -> str:
            return "WAN" if far else "PLAINTEXT"

        return Mirror(
            self.source.bootstrap(listener(far_source)),
            self.target.bootstrap(listener(far_target)),
            self.topic,
        )

    def exact(self, mirror: Mirror) -> None:
        total = expect_exact_copy(self, self.source, self.target, self.topic, self.copy, mirror)
        print(f"        {total} records, {mirror.starts} starts of ottla", flush=True)
        self.assertEqual([], mirror.ledger(self.topic))

    def test_killing_the_mirror_loses_nothing_and_doubles_nothing(self):
        # The way to the target is long, so that there is something in flight when it dies.
        with (
            WanLink(self.target.routes("WAN"), rtt_ms=30),
            self.mirror(far_target=True) as mirror,
            timed(f"{KILLS} kills"),
        ):
            with Load(self.source, self.topic):
                wait_for_first(self.target, self.copy, mirror)
                kill_at_random(mirror, self.chance, KILLS, self.target, self.copy)
            self.exact(mirror)

    def test_killing_brokers_of_either_side_loses_nothing_and_doubles_nothing(self):
        with self.mirror() as mirror, timed(f"{BROKER_KILLS} killed brokers"):
            with Load(self.source, self.topic):
                wait_for_first(self.target, self.copy, mirror)
                for i in range(BROKER_KILLS):
                    cluster = (self.target, self.source)[i % 2]
                    broker = self.chance.choice(cluster.ids)
                    print(f"        kill {cluster.name} {broker}", flush=True)
                    cluster.wait_in_sync(self.copy if i % 2 == 0 else self.topic, 60)
                    cluster.kill9(broker)
                    if self.chance.random() < 0.5:
                        mirror.kill9()
                        mirror.start()
                    cluster.start(broker)
                    wait_for_progress(self.target, self.copy, mirror)
            self.exact(mirror)

    def test_cutting_the_link_loses_nothing_and_doubles_nothing(self):
        with (
            WanLink(self.source.routes("WAN") + self.target.routes("WAN"), rtt_ms=10) as link,
            self.mirror(far_source=True, far_target=True) as mirror,
            timed(f"{CUTS} cuts"),
        ):
            with Load(self.source, self.topic):
                wait_for_first(self.target, self.copy, mirror)
                for i in range(CUTS):
                    if i % 2 == 0:
                        link.cut_connections()
                    else:
                        link.cut()
                        threading.Event().wait(self.chance.uniform(0.2, 3))
                        link.restore()
                    wait_for_progress(self.target, self.copy, mirror)
            self.exact(mirror)


class SingleTest(ChaosCase):
    """Two clusters of one broker: a busy cleaner at the source, a forgetful target."""

    def setUp(self):
        super().setUp()
        self.source = shared.cluster("single-A", config=BUSY_CLEANER)
        self.target = shared.cluster("single-B", config=FORGETFUL)
        self.topic = shared.unique("chaos")
        self.copy = "A." + self.topic

    def mirror(self, *extra: str, topics: str | None = None, rest: bool = True) -> Mirror:
        return Mirror(
            self.source.bootstrap(), self.target.bootstrap(), topics or self.topic, extra, rest
        )

    def exact(self, mirror: Mirror) -> None:
        total = expect_exact_copy(self, self.source, self.target, self.topic, self.copy, mirror)
        print(f"        {total} records, {mirror.starts} starts of ottla", flush=True)
        self.assertEqual([], mirror.ledger(self.topic))

    def test_old_records_are_exact_on_a_target_that_forgets_producers(self):
        self.source.create_topic(self.topic, 3, configs={"retention.ms": "-1"})
        old = int(time.time() * 1000) - TEN_DAYS_MS
        with self.mirror() as mirror, timed(f"{SHORT} kills, 2 of the target"):
            with Load(self.source, self.topic, timestamp=old):
                wait_for_first(self.target, self.copy, mirror)
                for _ in range(2):
                    kill_at_random(mirror, self.chance, SHORT // 2, self.target, self.copy)
                    self.target.kill9(1)
                    self.target.start(1)
                    wait_for_progress(self.target, self.copy, mirror)
            self.exact(mirror)

    def test_transactions_with_aborts_are_exact_over_kills_of_the_mirror_and_the_source(self):
        self.source.create_topic(self.topic, 3)
        how = {"transactional_id": self.topic, "transaction_records": 20, "abort_every": 3}
        with self.mirror() as mirror, timed(f"{SHORT} kills, 1 of the source"):
            with Load(self.source, self.topic, **how):
                wait_for_first(self.target, self.copy, mirror)
                kill_at_random(mirror, self.chance, SHORT, self.target, self.copy)
                self.source.kill9(1)
                self.source.start(1)
                wait_for_progress(self.target, self.copy, mirror)
                kill_at_random(mirror, self.chance, 2, self.target, self.copy)
            self.exact(mirror)

    def test_two_mirrors_of_one_file_write_nothing_twice(self):
        self.source.create_topic(self.topic, 4)
        # Both begin at once, and both own every partition.
        with self.mirror() as first, self.mirror(rest=False) as second, timed(f"{SHORT} kills"):
            with Load(self.source, self.topic):
                wait_for_first(self.target, self.copy, first)
                for _ in range(SHORT // 2):
                    kill_at_random(first, self.chance, 1, self.target, self.copy)
                    kill_at_random(second, self.chance, 1, self.target, self.copy)
                    # One hangs with batches on their way, the other goes on, and it wakes up again.
                    first.process.pause()
                    wait_for_progress(self.target, self.copy, second, records=200)
                    first.process.resume()
                wait_for_progress(self.target, self.copy, first)
            self.exact(first)

    def test_a_compacted_topic_under_a_busy_cleaner_is_a_valid_history(self):
        tidy = {
            "cleanup.policy": "compact",
            "segment.ms": "300",
            "min.cleanable.dirty.ratio": "0.01",
            "delete.retention.ms": "600000",
        }
        other = self.topic + "-both"  # compacted on the target, too
        self.source.create_topic(self.topic, 2, configs=tidy)
        self.source.create_topic(other, 2, configs=tidy)
        self.target.create_topic(self.copy, 2)
        load = {"keys": 41, "headers": 1, "null_value_every": 10, "chunk": 60}
        with (
            self.mirror("sync.topic.configs.enabled = false", topics=self.topic + ".*") as mirror,
            timed(f"{SHORT} kills"),
        ):
            with Load(self.source, self.topic, **load), Load(self.source, other, **load):
                wait_for_first(self.target, self.copy, mirror)
                wait_for_first(self.target, "A." + other, mirror)
                kill_at_random(mirror, self.chance, SHORT, self.target, self.copy)
            for topic in (self.topic, other):
                self.expect_history(topic, mirror, complete=topic == self.topic)
            self.assertEqual([], mirror.ledger(self.topic))

    def expect_history(self, topic: str, mirror: Mirror, complete: bool) -> None:
        """The copy's records ascend, so none is there twice or out of order; its final state is the
        source's; and where the target does not compact, all that the source has is there."""
        mine = self.source.records(topic)

        def caught_up():
            its = self.target.records("A." + topic, isolation="read_uncommitted")
            return {number(r) for r in mine[-1:]} <= {number(r) for r in its} and (
                state(its) == state(mine) and its
            )

        try:
            its = wait_until(caught_up, 60, f"the copy of {topic} to end like it", poll_s=0.5)
        except TimeoutError as error:
            its = self.target.records("A." + topic, isolation="read_uncommitted")
            self.fail(
                f"{error}: {sorted(set(state(mine).items()) ^ set(state(its).items()))[:6]}\n"
                + mirror.said()
            )
        print(f"        {len(mine)} records left at the source, {len(its)} copied", flush=True)
        for partition in (0, 1):
            numbers = [number(r) for r in its if r.partition == partition]
            falls = [(a, b) for a, b in zip(numbers, numbers[1:]) if b <= a]
            self.assertEqual([], falls[:5], f"twice or out of order in partition {partition}")
            self.assertTrue(all(n % 2 == partition for n in numbers))
        self.assertTrue(all(r.key == b"k%d" % (number(r) % 41) for r in its))
        if complete:
            self.assertEqual(set(), {number(r) for r in mine} - {number(r) for r in its})


def number(record) -> int:
    """Of a record of a Load with headers: tombstones have theirs nowhere else."""
    return int(record.headers[0][1].split(b".")[0].removeprefix(b"v"))


def state(records) -> dict:
    """What a reader of a compacted topic holds at the end."""
    held = {}
    for record in records:
        held[record.partition, record.key] = record.value
    return {key: value for key, value in held.items() if value is not None}


if __name__ == "__main__":
    unittest.main()
