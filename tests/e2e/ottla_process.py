"""`ottla run` as a process of a test: writes its file, starts it, asks it by REST, ends it."""

import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from ottla_lab import paths, ports, wait_until

START_TIMEOUT_S = 60
COPY_TIMEOUT_S = 120


def client_lines(alias: str, settings: dict[str, str]) -> dict[str, str]:
    """Settings of a client (Cluster.client()) as those of a cluster in the file."""
    return {f"{alias}.{key}": value for key, value in settings.items()}


def flow_file(clusters: dict[str, dict[str, str]], flows=("A->B",), **more) -> dict[str, str]:
    """The file's keys: clients per alias, enabled flows, and a few settings that suit a lab of
    single brokers. Keyword arguments override; '__' stands for '.'."""
    lines = {"clusters": ", ".join(clusters), "replication.factor": "1"}
    for alias, client in clusters.items():
        lines |= client_lines(alias, client)
    lines |= {f"{flow}.enabled": "true" for flow in flows}
    lines |= {
        "emit.checkpoints.enabled": "false",
        "emit.heartbeats.enabled": "false",
        "emit.offset-syncs.enabled": "false",
        "offset.storage.partitions": "1",
        "ottla.refresh.topics.ms": "200",
        "ottla.progress.group": "none",
    }
    return lines | {key.replace("__", "."): value for key, value in more.items()}


class Ottla:
    """Not started until start(); start() again after it ended: the same file, another process.
    The log of all runs is one text. Ends with the test process; OTTLA_LAB_KEEP=1 keeps its files.
    """

    def __init__(self, lines: dict[str, str], log_level: str = "info"):
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="ottla-e2e-", dir=paths.temporary_parent())
        )
        self.file = self.folder / "mm2.properties"
        self._log_path = self.folder / "ottla.log"
        self._log_level = log_level
        self._port = ports.reserve_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.write({"ottla.rest.listen": f"127.0.0.1:{self._port}"} | lines)
        self._process: subprocess.Popen | None = None
        atexit.register(self.close)

    def __enter__(self):
        return self if self.running() else self.start()

    def __exit__(self, *_):
        self.close()

    def write(self, lines: dict[str, str]) -> None:
        self.file.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))

    def start(self, wait: bool = True):
        """wait: until its REST listener answers."""
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [str(paths.ottla()), "run", str(self.file), "--log-level", self._log_level],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"TERM": "dumb"},
            )
        if wait:
            wait_until(self._answers, START_TIMEOUT_S, f"ottla answers; {self._log_path}")
        return self

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"ottla ended with {self._process.returncode}:\n{self.log()}")
        return bool(self.status())

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self, timeout_s: float = 60) -> int:
        """Waits until it has ended."""
        return self._process.wait(timeout_s)

    def terminate(self, timeout_s: float = 60, how: int = signal.SIGTERM) -> int:
        """SIGTERM, then the exit code."""
        self._process.send_signal(how)
        return self.exit_code(timeout_s)

    def kill9(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self.running():
            self.kill9()
        if self._port:
            ports.release_port(self._port)
            self._port = 0
        if not os.environ.get("OTTLA_LAB_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def log(self) -> str:
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    # What it says about itself

    def get(self, path: str):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def status(self) -> dict:
        return self.get("/ottla/v1/status")

    def flow(self, name: str = "A->B") -> dict:
        return next(flow for flow in self.status()["flows"] if flow["flow"] == name)

    def partitions(self, flow: str = "A->B") -> dict[tuple[str, int], dict]:
        return {(p["topic"], p["partition"]): p for p in self.flow(flow)["partitions"]}

    def topic_note(self, topic: str, flow: str = "A->B") -> dict:
        """What the status says about a topic of the source; empty: it does not know it."""
        return next((t for t in self.flow(flow)["topics"] if t["topic"] == topic), {})

    def words(self, flow: str = "A->B") -> str:
        """All that status and log say in words."""
        status = self.flow(flow)
        parts = status["reasons"] + [p["reason"] for p in status["partitions"]]
        parts += [cluster["detail"] for cluster in status["clusters"]]
        return "\n".join(parts + [self.log()])

    def wait_words(self, pattern: str, timeout_s: float = 40, flow: str = "A->B") -> str:
        """Until status or log match the pattern (case-insensitive); returns what matched."""

        def said():
            found = re.search(pattern, self.words(flow), re.IGNORECASE)
            return found and found.group(0)

        try:
            return wait_until(said, timeout_s, f"words like {pattern!r}", poll_s=0.1)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.words(flow)[-6000:]}") from error

    def wait_copied(
        self, counts: dict[tuple[str, int], int], flow: str = "A->B", timeout_s=COPY_TIMEOUT_S
    ) -> None:
        """Until each (topic, partition) of the source has so many records on the target, as the
        status tells by the end of the target's log. (After a takeover a control batch may be among
        them: exact is only what readers.py says.)"""

        def missing() -> dict:
            found = self.partitions(flow)
            ends = {key: found.get(key, {}).get("downstream_end") or 0 for key in counts}
            return {key: (ends[key], n) for key, n in counts.items() if ends[key] < n}

        try:
            wait_until(lambda: not missing(), timeout_s, "all copied", poll_s=0.1)
        except TimeoutError as error:
            left = dict(list(missing().items())[:10])
            raise AssertionError(
                f"{error}; (has, should have): {left}\n{self.words(flow)[-6000:]}"
            ) from error
