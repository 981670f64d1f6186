#!/usr/bin/env python3
"""A tour in under a minute: two real Kafka clusters, one mm2.properties, one `ottla run`.

Mirrors topics of every kind from `primary` to `secondary`, kills the mirror in the middle of a load
and starts it again, and lets Kafka's own Java consumer compare both sides. Ends with 0 if everything
is equal, else with 1."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from ottla_lab import AgentError, Cluster, paths, ports, wait_until
from ottla_lab.processes import Native

LOAD_PARTS, LOAD_PART_RECORDS = 8, 5000
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
# What a tutorial for MirrorMaker 2 writes, and a port for the status.
MM2_PROPERTIES = """\
clusters = primary, secondary
primary.bootstrap.servers = {primary}
secondary.bootstrap.servers = {secondary}

primary->secondary.enabled = true
primary->secondary.topics = .*
secondary->primary.enabled = false

replication.factor = 1
ottla.rest.listen = 127.0.0.1:{rest}
"""




def title(text: str) -> None:
    print(f"\n== {text}", flush=True)


def show(text: str, lines: int = 14) -> None:
    shown = text.rstrip().splitlines()
    for line in shown[:lines]:
        print(f"   {line}")
    if len(shown) > lines:
        print(f"   ... and {len(shown) - lines} more lines")
    sys.stdout.flush()


class Mirror:
    """`ottla run`, which can be killed and started again."""

    def __init__(self, folder: pathlib.Path, rest: int):
        self.properties = folder / "mm2.properties"
        self.log = folder / "ottla.log"
        self._rest = rest
        self._process: Native | None = None

    def start(self) -> None:
        command = [str(paths.ottla()), "run", str(self.properties)]
        self._process = Native(command, self.log)

    def kill9(self) -> None:
        self._process.process.kill()
        self._process.process.wait()

    def stop(self) -> int:
        self._process.process.terminate()
        return self._process.process.wait(timeout=20)

    def status(self) -> dict:
        url = f"http://127.0.0.1:{self._rest}/ottla/v1/status"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def ask(self, *arguments: str) -> str:
        """Output of another command of ottla."""
        done = subprocess.run(
            [str(paths.ottla()), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def ask_status(self) -> str:
        return self.ask("status", "--url", f"http://127.0.0.1:{self._rest}")


def produce_everything(primary: Cluster) -> None:
    primary.create_topic("orders", 6)
    for codec in CODECS:
        primary.produce("orders", 4000, codec=codec, headers=1, prefix=codec)
    primary.create_topic("payments", 3)
    primary.produce(
        "payments",
        3000,
        codec="lz4",
        transactional_id="payments",
        transaction_records=100,
        abort_every=5,
    )
    primary.create_topic(
        "customers", 2, configs={"cleanup.policy": "compact", "segment.bytes": "1048576"}
    )
    primary.produce("customers", 4000, keys=200, codec="zstd", null_value_every=50)
    print("   orders     6 partitions, 20,000 records, a fifth each of " + ", ".join(CODECS))
    print("   payments   3 partitions,  3,000 records in transactions, a fifth of them aborted")
    print("   customers  2 partitions,  4,000 records, compacted, with tombstones")


def counts(cluster: Cluster, topic: str) -> int:
    return sum(one["count"] for one in cluster.digest(topic).values())


def wait_copied(primary: Cluster, secondary: Cluster, topic: str) -> None:
    """Until the mirror holds as many records as the source, or more, as read by Java."""
    wanted = counts(primary, topic)
    wait_until(
        lambda: counts(secondary, f"primary.{topic}") >= wanted,
        timeout_s=120,
        what=f"{topic} on the other side",
        poll_s=0.3,
    )


def compare(primary: Cluster, secondary: Cluster, topic: str) -> bool:
    """Count, order, keys, values, headers, timestamps of each partition."""

    def content(cluster: Cluster, name: str) -> dict:
        digest = cluster.digest(name)
        return {p: (d["count"], d["content"]) for p, d in digest.items() if d["count"]}

    here, there = content(primary, topic), content(secondary, f"primary.{topic}")
    equal = here == there
    records = sum(count for count, _ in here.values())
    found = sum(count for count, _ in there.values())
    words = "equal" if equal else f"DIFFERENT: {found:,} records on the other side"
    print(f"   {topic:14} {len(here)} partitions, {records:6,} records: {words}", flush=True)
    return equal


class Load(threading.Thread):
    """Produces to a topic in the background; finish() raises what went wrong."""

    def __init__(self, cluster: Cluster, topic: str):
        super().__init__(daemon=True)
        self._cluster = cluster
        self._topic = topic
        self._error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            for i in range(LOAD_PARTS):
                self._cluster.produce(
                    self._topic, LOAD_PART_RECORDS, codec="lz4", prefix=str(i), timeout_s=300
                )
        except Exception as error:  # pylint: disable=broad-except
            self._error = error

    def finish(self) -> None:
        self.join()
        if self._error:
            raise self._error


def end(cluster: Cluster, topic: str) -> int:
    return sum(cluster.list_offsets(topic).values())


def killed_under_load(primary: Cluster, secondary: Cluster, mirror: Mirror) -> float:
    """kill -9 while records flow, start again; seconds until they flow again."""
    topic, there = "payments-live", "primary.payments-live"
    primary.create_topic(topic, 4)
    load = Load(primary, topic)
    wait_until(lambda: end(secondary, there) > 0, 120, "records under load", poll_s=0.05)
    mirror.kill9()
    before = end(secondary, there)
    started = time.monotonic()
    mirror.start()
    wait_until(
        lambda: end(secondary, there) > before or end(primary, topic) == before,
        timeout_s=120,
        what="records after the restart",
        poll_s=0.05,
    )
    flowing = time.monotonic() - started
    load.finish()
    wait_copied(primary, secondary, topic)
    return flowing


def tour(primary: Cluster, secondary: Cluster, folder: pathlib.Path) -> bool:
    rest = ports.reserve_port()
    mirror = Mirror(folder, rest)
    mirror.properties.write_text(
        MM2_PROPERTIES.format(
            primary=primary.bootstrap(), secondary=secondary.bootstrap(), rest=rest
        )
    )
    title("mm2.properties, as for MirrorMaker 2")
    show(mirror.properties.read_text())
    title("records on primary, written by Kafka's Java producer")
    produce_everything(primary)

    title("ottla plan mm2.properties")
    show(mirror.ask("plan", str(mirror.properties)), lines=16)

    title("ottla run mm2.properties")
    started = time.monotonic()
    mirror.start()
    wait_until(lambda: end(secondary, "primary.orders") > 0, 120, "the first record")
    first = time.monotonic() - started
    for topic in ("orders", "payments", "customers"):
        wait_copied(primary, secondary, topic)
    print(f"   first record on secondary after {first:.1f} s")
    title("ottla status")
    show(mirror.ask_status())

    title("kill -9 in the middle of a load of "
        f"{LOAD_PARTS * LOAD_PART_RECORDS:,} records, and a new start")
    flowing = killed_under_load(primary, secondary, mirror)
    print(f"   records flow again after {flowing:.1f} s")

    title("both sides, compared record by record by Kafka's Java consumer")
    topics = ("orders", "payments", "customers", "payments-live")
    equal = [compare(primary, secondary, topic) for topic in topics]
    code = mirror.stop()
    print(f"   SIGTERM: ottla ends with {code}")
    return all(equal) and code == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep data and logs, and say where")
    options = parser.parse_args()
    if not paths.ottla().exists():
        print(f"demo: {paths.ottla()} is not built; ./dev demo builds it", file=sys.stderr)
        return 1
    if options.keep:
        os.environ["OTTLA_LAB_KEEP"] = "1"
    started = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ottla-demo-", dir=paths.temporary_parent()))
    primary, secondary = Cluster("primary"), Cluster("secondary")
    try:
        title("two Kafka clusters")
        for cluster in (primary, secondary):
            cluster.start(wait=False)
        for cluster in (primary, secondary):
            cluster.wait_ready()
            print(f"   {cluster.name:10} {cluster.bootstrap()}", flush=True)
        done = tour(primary, secondary, folder)
    except (TimeoutError, AgentError) as error:
        print(f"demo: {error}", file=sys.stderr)
        done = False
    finally:
        primary.stop()
        secondary.stop()
    if options.keep or not done:
        print(f"   logs: {folder}, {primary.data_dir}, {secondary.data_dir}")
    words = "everything arrived once, in order, unchanged" if done else "FAILED"
    print(f"\n{words} ({time.monotonic() - started:.0f} s)")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
