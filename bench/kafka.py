#!/usr/bin/env python3
"""Ottla, MirrorMaker 2 and Kafka's own follower replication beside each other, in turn, in one run,
between real brokers on this machine: rate, CPU per GB, memory, time to the first record, added
latency; against the targets of the design."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))
# pylint: disable=wrong-import-position
from ottla_lab import Cluster, paths
from ottla_lab.agent import AgentError
from ottla_lab.waiting import wait_until

import kafka_report
from mirrors import MIRRORS, Ottla

RECORD_BYTES = 1000
PARTITIONS = 4
# name -> (batch.size, linger.ms) of the producer at the source.
CASES = {"16 kB": ("16384", "100"), "128 kB": ("131072", "200")}
WARM_UP_RECORDS = 100_000
FOLLOWER = "follower"


@contextlib.contextmanager
def data_in_memory(bytes_needed: int):
    """Data on a tmpfs where it fits: the disk of a test machine is not what is measured."""
    shm = pathlib.Path("/dev/shm")
    chosen = "OTTLA_LAB_TMP" in os.environ
    if chosen or not shm.is_dir() or shutil.disk_usage(shm).free < 2 * bytes_needed:
        yield
        return
    with tempfile.TemporaryDirectory(
        prefix="ottla-bench-", dir=shm, ignore_cleanup_errors=True
    ) as folder:
        os.environ["OTTLA_LAB_TMP"] = folder
        yield


def start_cluster(name: str, brokers: int = 1) -> Cluster:
    return Cluster(
        name,
        brokers=brokers,
        controllers=1,
        full_jit=True,
        heap_mb=1024,
        log_level="warn",
        config={"log.retention.ms": "-1", "offsets.topic.replication.factor": "1"},
    ).start()


def topic_of(case: str) -> str:
    return "bench-" + case.replace(" ", "")


def produce(cluster: Cluster, topic: str, case: str, count: int) -> None:
    batch_size, linger_ms = CASES[case]
    cluster.produce(
        topic,
        count,
        size=RECORD_BYTES,
        batch_size=batch_size,
        linger_ms=linger_ms,
        timeout_s=1800,
    )


def log_bytes(cluster: Cluster, topic: str) -> int:
    """Size of the topic's log segments at the first broker."""
    data = cluster.data_dir / "broker-1" / "data"
    return sum(one.stat().st_size for one in data.glob(f"{topic}-*/*.log"))


def copied(cluster: Cluster, topic: str) -> int:
    """Records in the topic; 0 as long as there is no such topic."""
    try:
        return sum(cluster.list_offsets(topic).values())
    except AgentError:
        return 0


class Between:
    """What a run has used between begin() and end()."""

    def __init__(self, mirror, source, target):
        self._counted = {"mirror": mirror, "source": source, "target": target}
        self._cpu: dict[str, float] = {}
        self._begun = 0.0

    def begin(self) -> None:
        self._cpu = {name: one.cpu_seconds() for name, one in self._counted.items()}
        self._begun = time.monotonic()

    def end(self, moved_bytes: float) -> dict:
        seconds = time.monotonic() - self._begun
        used = {
            f"{name}_cpu_s_per_gb": (one.cpu_seconds() - self._cpu[name]) / (moved_bytes / 1e9)
            for name, one in self._counted.items()
        }
        return {"mb_per_s": moved_bytes / 1e6 / seconds, **used}


class Bench:
    """The two clusters of the mirrors, filled."""

    def __init__(self, options):
        self._options = options
        self._aliases = 0
        self.source = start_cluster("source")
        self.target = start_cluster("target")

    def stop(self) -> None:
        self.source.stop()
        self.target.stop()

    def fill(self, case: str) -> None:
        topic = topic_of(case)
        self.source.create_topic(topic, PARTITIONS)
        produce(self.source, topic, case, self._options.records)

    def warm_up(self) -> None:
        """Both brokers have compiled their code before the first one is measured."""
        self.source.create_topic("warm", PARTITIONS)
        produce(self.source, "warm", "16 kB", WARM_UP_RECORDS)
        self._copy(Ottla, "warm", WARM_UP_RECORDS)

    @contextlib.contextmanager
    def mirror(self, kind, topic: str):
        """Starts one under a new alias; yields it and the topic's name at the target. The copy is
        deleted afterwards."""
        self._aliases += 1
        alias = f"S{self._aliases}"
        one = kind(alias, self.source, self.target, topic)
        one.start()
        try:
            yield one, f"{alias}.{topic}"
        finally:
            one.stop()
            if copied(self.target, f"{alias}.{topic}"):
                self.target.delete_topic(f"{alias}.{topic}")

    def _await(self, mirror, condition, what: str, timeout_s: float = 600, poll_s: float = 0.005):
        def ended_or_true():
            return not mirror.running() or condition()

        try:
            wait_until(ended_or_true, timeout_s, what, poll_s)
        except TimeoutError as error:
            raise RuntimeError(f"{error}; the mirror says:\n{mirror.output()}") from error
        if not mirror.running():
            raise RuntimeError(f"waiting for {what}, the mirror ended:\n{mirror.output()}")

    def copy(self, kind, case: str) -> dict:
        """A whole topic: start to first record, then rate and cost until the last."""
        return self._copy(kind, topic_of(case), self._options.records)

    def _copy(self, kind, topic: str, count: int) -> dict:
        per_record = log_bytes(self.source, topic) / count
        begun = time.monotonic()
        with self.mirror(kind, topic) as (mirror, remote):
            self._await(mirror, lambda: copied(self.target, remote) > 0, "the first record")
            first_s = time.monotonic() - begun
            between = Between(mirror, self.source, self.target)
            between.begin()
            before = copied(self.target, remote)
            # Not often: asking is work for the target too.
            self._await(
                mirror, lambda: copied(self.target, remote) >= count, "all records", 1800, poll_s=0.1
            )
            result = between.end((count - before) * per_record)
            written = log_bytes(self.target, remote)
            return {
                "first_record_s": first_s,
                **result,
                "whole_cpu_s_per_gb": mirror.cpu_seconds() / (count * per_record / 1e9),
                "peak_rss_mb": mirror.peak_rss_bytes() / 1e6,
                "size_at_target": written / (count * per_record),
            }

    def latency(self, kind) -> dict:
        topic = f"latency-{kind.name}".replace(" ", "-")
        self.source.create_topic(topic, 1)
        self.source.produce(topic, 1)
        with self.mirror(kind, topic) as (mirror, remote):
            self._await(mirror, lambda: copied(self.target, remote) > 0, "the first record")
            answer = subprocess.run(
                [
                    paths.ottla().parent / "latency_probe",
                    f"--source={self.source.bootstrap()}",
                    f"--target={self.target.bootstrap()}",
                    f"--topic={topic}",
                    f"--target-topic={remote}",
                    f"--count={self._options.latency_records}",
                ],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            return json.loads(answer.stdout)

    def idle_partitions(self, count: int) -> dict:
        """Ottla's memory with so many partitions that have nothing to do."""
        self.source.create_topic("idle", count)
        with self.mirror(Ottla, "idle") as (mirror, _):

            def all_idle():
                flows = mirror.status()["flows"]
                # Not the heartbeats, which are always copied.
                partitions = [p for f in flows for p in f["partitions"] if p["topic"] == "idle"]
                return len(partitions) == count and all(p["state"] == "idle" for p in partitions)

            begun = time.monotonic()
            self._await(mirror, all_idle, f"{count} idle partitions", 300, poll_s=0.5)
            seconds = time.monotonic() - begun
            cpu = mirror.cpu_seconds()
            time.sleep(10)  # the steady state is what is measured
            return {
                "partitions": count,
                "seconds_until_idle": seconds,
                "cpu_percent": 10 * (mirror.cpu_seconds() - cpu),
                "peak_rss_mb": mirror.peak_rss_bytes() / 1e6,
            }


def follow(case: str, options) -> dict:
    """Kafka's own replication: a second broker becomes a replica of a topic that is full."""
    topic = topic_of(case)
    cluster = start_cluster("replicated", brokers=2)
    try:
        partitions = range(PARTITIONS)
        cluster.create_topic(topic, assignment={str(p): [1] for p in partitions})
        produce(cluster, topic, case, options.records)
        size = log_bytes(cluster, topic)
        follower, leader = cluster.jvm(2), cluster.jvm(1)
        between = Between(follower, leader, follower)
        between.begin()
        with contextlib.suppress(AgentError):  # that it is not done in 30 s
            cluster.reassign(topic, assignment={str(p): [1, 2] for p in partitions})
        wait_until(
            lambda: all(
                len(p["isr"]) == 2 for p in cluster.describe_topic(topic)["partitions"]
            ),
            1800,
            "the follower in sync",
        )
        result = between.end(size)
        del result["mirror_cpu_s_per_gb"]
        return result
    finally:
        cluster.stop()


def say(text: str) -> None:
    print(f"-- {text}", file=sys.stderr, flush=True)


def run(options, results: dict) -> None:
    """Adds to `results` one figure after another: what there is counts if a later one fails."""
    kinds = [MIRRORS[name] for name in options.peers if name in MIRRORS]
    bench = Bench(options)
    try:
        for case in options.cases:
            say(f"filling the source: {case}")
            bench.fill(case)
        if not options.smoke:
            say("warming up")
            bench.warm_up()
        for case in options.cases:
            figures = results["copy"].setdefault(case, {})
            for kind in kinds:
                say(f"{case}: {kind.name}")
                figures[kind.name] = bench.copy(kind, case)
                say(str(figures[kind.name]))
        for kind in kinds if options.latency_records else ():
            say(f"latency: {kind.name}")
            results["latency"][kind.name] = bench.latency(kind)
        if options.idle_partitions:
            say(f"{options.idle_partitions} idle partitions")
            results["idle"] = bench.idle_partitions(options.idle_partitions)
    finally:
        bench.stop()
    for case in options.cases if FOLLOWER in options.peers else ():
        say(f"{case}: {FOLLOWER}")
        results["copy"].setdefault(case, {})[FOLLOWER] = follow(case, options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    everyone = [*MIRRORS, FOLLOWER]
    parser.add_argument("--size", type=float, default=1.0, help="GB per case (1)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--peers", nargs="+", choices=everyone, default=everyone)
    parser.add_argument("--latency-records", type=int, default=500, help="at 50/s; 0: none (500)")
    parser.add_argument("--idle-partitions", type=int, default=1000, help="0: none (1000)")
    parser.add_argument("--smoke", action="store_true", help="a few MB each: does it all run?")
    parser.add_argument(
        "--json",
        type=pathlib.Path,
        default=paths.ROOT / "build" / "bench" / "kafka.json",
        help="where the figures go",
    )
    options = parser.parse_args()
    if options.smoke:
        options.size, options.cases, options.latency_records = 0.01, ["16 kB"], 50
        options.peers = ["mm2", "ottla"]
        options.idle_partitions = 20
    options.records = int(options.size * 1e9 / RECORD_BYTES)
    return options


def main() -> int:
    options = parse()
    results: dict = {"copy": {}, "latency": {}}
    try:
        with data_in_memory(int((len(options.cases) + 2) * options.size * 1.1e9)):
            run(options, results)
    finally:
        print(kafka_report.text(results))
    if not options.smoke:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"size_gb": options.size, **results}, indent=1))
        print(f"figures: {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
