"""What chaos_test and loss_test share: an `ottla run` process that may be killed, load that goes on
meanwhile, and the comparison of both logs by Kafka's own consumer."""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
import threading
import time
import urllib.request

from ottla_lab import paths, ports, wait_until
from ottla_lab.processes import Native

LARGE = os.environ.get("OTTLA_E2E_LARGE") == "1"
CAUGHT_UP_S = 120


class Mirror:
    """An `ottla run` process for A->B. extra: further lines of its file. It may be killed and
    started as often as one likes; stop() at the end."""

    def __init__(self, source: str, target: str, topics: str, extra=(), rest: bool = True):
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="ottla-e2e-mirror-", dir=paths.temporary_parent())
        )
        self.port = ports.reserve_port() if rest else None
        self.file = self.folder / "mm2.properties"
        self._lines = [
            "clusters = A, B",
            f"A.bootstrap.servers = {source}",
            f"B.bootstrap.servers = {target}",
            "A->B.enabled = true",
            f"A->B.topics = {topics}",
            "replication.factor = -1",
            "ottla.refresh.topics.ms = 1000",
            "ottla.rest.listen = " + (f"127.0.0.1:{self.port}" if rest else "none"),
        ]
        self.configure(*extra)
        self.process: Native | None = None
        self.starts = 0

    def configure(self, *extra: str) -> None:
        """From the next start on."""
        self.file.write_text("\n".join([*self._lines, *extra]) + "\n")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        if kind is not None:
            print(f"the mirror said ({self.folder}):\n{self.said()}", flush=True)
        elif not os.environ.get("OTTLA_LAB_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> "Mirror":
        command = [str(paths.ottla()), "run", str(self.file)]
        self.process = Native(command, self.folder / "output.log")
        self.starts += 1
        return self

    def kill9(self) -> None:
        assert self.process.running(), f"ottla ended by itself:\n{self.said()}"
        self.process.kill9()

    def stop(self) -> int:
        if self.process is None:
            return 0
        status = self.process.stop(60)
        self.process = None
        if self.port:
            ports.release_port(self.port)
        return status

    def restart(self) -> None:
        """An orderly stop and a start, as after a change of the file."""
        self.process.stop(60)
        self.start()

    def said(self, lines: int = 60) -> str:
        text = (self.folder / "output.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def request(self, method: str, path: str):
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(
            urllib.request.Request(url, method=method), timeout=10
        ) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def flow(self) -> dict:
        return self.request("GET", "/ottla/v1/status")["flows"][0]

    def partitions(self, topic: str) -> list[dict]:
        return [one for one in self.flow()["partitions"] if one["topic"] == topic]

    def ledger(self, topic: str) -> list[str]:
        """The entries about a topic, newest first, in words."""
        flows = self.request("GET", "/ottla/v1/ledger")["flows"]
        return [line for flow in flows for line in flow["newest"] if topic in line]

    def wait_running(self) -> None:
        wait_until(lambda: self.flow()["clusters"], 60, "the status of ottla")

    def wait_quarantined(self, topic: str, word: str) -> str:
        """Until a partition of the topic stands still for a reason that contains the word."""

        def reason():
            return [
                one["reason"]
                for one in self.partitions(topic)
                if one["state"] == "quarantined" and word in one["reason"]
            ]

        return wait_until(reason, 60, f"{topic} to stand still: {word}")[0]

    def pause(self) -> None:
        self.request("PUT", "/connectors/mirror-source-connector/pause")
        wait_until(lambda: self.flow()["paused"], 30, "the pause")

    def resume(self) -> None:
        self.request("PUT", "/connectors/mirror-source-connector/resume")


class Load:
    """Numbered records to every partition of a topic, again and again, until stop(). how: fields of
    the agent's `produce`. Ends with the first failure, which stop() raises."""

    def __init__(self, cluster, topic: str, chunk: int = 120, pause_s: float = 0.1, **how):
        self.count = 0
        self._cluster, self._topic, self._chunk, self._pause_s = cluster, topic, chunk, pause_s
        self._how = how
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._pause_s):
                self._cluster.produce(self._topic, self._chunk, first=self.count, **self._how)
                self.count += self._chunk
        except Exception as error:  # pylint: disable=broad-except
            self._failure = error

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._ended.set()
        self._thread.join(180)
        if self._failure and kind is None:
            raise self._failure


def contents(cluster, topic: str, isolation: str) -> dict[int, tuple[int, str]]:
    """Per partition: number of records and a digest of all of them in order."""
    digest = cluster.digest(topic, isolation=isolation, timeout_ms=110_000)
    return {p: (one["count"], one["content"]) for p, one in digest.items()}


def difference(source, target, topic: str, copy: str) -> str:
    """In words, where the copy is no longer the original."""
    mine = source.records(topic, isolation="read_committed")
    its = target.records(copy, isolation="read_uncommitted")
    lines = []
    for partition in sorted({one.partition for one in mine}):
        want = [(r.value or b"").split(b"|")[0] for r in mine if r.partition == partition]
        have = [(r.value or b"").split(b"|")[0] for r in its if r.partition == partition]
        if want == have:
            continue
        at = next(
            (i for i, (a, b) in enumerate(zip(want, have)) if a != b), min(len(want), len(have))
        )
        twice = len(have) - len(set(have))
        lost = len(set(want) - set(have))
        lines.append(
            f"partition {partition}: {len(want)} records, copied {len(have)}, lost {lost}, "
            f"twice {twice}; from record {at} on: {want[at:at + 5]} became {have[at:at + 5]}"
        )
    return "\n".join(lines) or "no difference in the values"


def expect_exact_copy(test, source, target, topic: str, copy: str, mirror=None) -> int:
    """Nothing lost, nothing twice, nothing out of order: what a committed reader gets of the topic
    is what an uncommitted reader gets of the copy, once it has caught up. The number of records."""
    want = contents(source, topic, "read_committed")
    total = sum(count for count, _ in want.values())

    def caught_up():
        have = contents(target, copy, "read_uncommitted")
        return sum(count for count, _ in have.values()) >= total and have

    try:
        have = wait_until(caught_up, CAUGHT_UP_S, f"{copy} to have {total} records", poll_s=0.3)
    except TimeoutError as error:
        said = mirror.said() if mirror else ""
        test.fail(f"{error}\n{difference(source, target, topic, copy)}\n{said}")
    if have != want:
        test.fail(difference(source, target, topic, copy))
    return total


def progress(target, copy: str) -> int:
    return sum(target.list_offsets(copy).values())


def wait_for_first(target, copy: str, mirror=None) -> None:
    """Until the copy exists and holds something."""
    try:
        wait_until(lambda: progress(target, copy) > 0, CAUGHT_UP_S, f"{copy} begins", 0.1)
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{mirror.said() if mirror else ''}") from error


def wait_for_progress(target, copy: str, mirror=None, records: int = 1) -> None:
    """Until the copy has grown."""
    before = progress(target, copy)
    try:
        wait_until(
            lambda: progress(target, copy) >= before + records, CAUGHT_UP_S, f"{copy} grows", 0.1
        )
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{mirror.said() if mirror else ''}") from error


def kill_at_random(mirror: Mirror, chance, times: int, target, copy: str) -> None:
    """kill -9 and a restart, at moments from before the first connection to full work."""
    for i in range(times):
        # The moment is the point, not a condition.
        threading.Event().wait(chance.uniform(0.0, 1.5))
        mirror.kill9()
        mirror.start()
        if i % 5 == 4:
            wait_for_progress(target, copy, mirror)


@contextlib.contextmanager
def timed(what: str):
    begun = time.monotonic()
    yield
    print(f"        {what}: {time.monotonic() - begun:.1f} s", flush=True)
