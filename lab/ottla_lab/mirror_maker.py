"""MirrorMaker 2 in its dedicated mode (connect-mirror-maker), as a peer to compare with."""

import os
import pathlib
import shutil
import tempfile

from . import jars, paths
from .processes import Jvm, jvm_command
from .waiting import wait_until


def properties_for(clusters: dict[str, object], flows: list[str], **settings) -> dict[str, str]:
    """Properties for clusters (alias -> Cluster or bootstrap addresses) and flows ("A->B"), with
    replication factor 1 and short intervals; settings override, with "__" for "." in names."""
    properties = {
        "clusters": ",".join(clusters),
        "replication.factor": "1",
        "checkpoints.topic.replication.factor": "1",
        "heartbeats.topic.replication.factor": "1",
        "offset-syncs.topic.replication.factor": "1",
        "offset.storage.replication.factor": "1",
        "status.storage.replication.factor": "1",
        "config.storage.replication.factor": "1",
        "refresh.topics.interval.seconds": "1",
        "refresh.groups.interval.seconds": "1",
        "sync.group.offsets.interval.seconds": "1",
        "emit.checkpoints.interval.seconds": "1",
        "offset.flush.interval.ms": "1000",
        "plugin.discovery": "service_load",
    }
    for alias, cluster in clusters.items():
        properties[f"{alias}.bootstrap.servers"] = (
            cluster if isinstance(cluster, str) else cluster.bootstrap()
        )
        # Searching every jar for plugins takes seconds a cluster; those of MM2 announce themselves.
        properties[f"{alias}.plugin.discovery"] = "service_load"
    for flow in flows:
        properties |= {f"{flow}.enabled": "true", f"{flow}.topics": ".*"}
    for source in clusters:  # flows that are not asked for run heartbeats all the same, unless told
        for target in clusters:
            if source != target and f"{source}->{target}" not in flows:
                properties |= {f"{source}->{target}.enabled": "false"}
    return properties | {name.replace("__", "."): str(value) for name, value in settings.items()}


class MirrorMaker2:
    """One dedicated-mode process. properties: a dict, or the path of a properties file. clusters:
    the aliases it should run in as targets (--clusters), for one node per datacenter."""

    def __init__(
        self,
        properties,
        clusters=(),
        heap_mb: int = 512,
        full_jit: bool = False,
        log_level: str = "info",
    ):
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="ottla-lab-mm2-", dir=paths.temporary_parent())
        )
        self.log_file = self.folder / "mm2.log"
        self._file = self.folder / "mm2.properties"
        if isinstance(properties, dict):
            self._file.write_text("".join(f"{k}={v}\n" for k, v in properties.items()))
        else:
            self._file = pathlib.Path(properties)
        self._arguments = ["--clusters", *clusters] if clusters else []
        self._jvm_options = {"heap_mb": heap_mb, "full_jit": full_jit, "log_level": log_level}
        self.jvm: Jvm | None = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill9()
        self.remove()

    def start(self, wait: bool = True, timeout_s: float = 90):
        """With wait: returns when its source connector copies (log line of its first task)."""
        jars.ensure_jars()
        seen = self._log_size()
        self.jvm = Jvm(
            [
                *jvm_command(log=self.log_file, **self._jvm_options),
                "ottla.lab.Launcher",
                "org.apache.kafka.connect.mirror.MirrorMaker",
                str(self._file),
                *self._arguments,
            ],
            self.folder / "output.log",
        )
        if wait:
            wait_until(lambda: self._started(seen), timeout_s, "a task of MirrorSourceConnector")
        return self

    def _log_size(self) -> int:
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    def _started(self, seen: int) -> bool:
        if not self.jvm.running():
            raise RuntimeError("MirrorMaker 2 ended:\n" + self.jvm.last_output() + self.log())
        with open(self.log_file, encoding="utf-8", errors="replace") as log:
            log.seek(seen)
            text = log.read()
        return "MirrorSourceTask" in text and "replicating" in text

    def log(self, lines: int = 60) -> str:
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    @property
    def pid(self) -> int:
        return self.jvm.pid

    def cpu_seconds(self) -> float:
        return self.jvm.cpu_seconds()

    def peak_rss_bytes(self) -> int:
        return self.jvm.peak_rss_bytes()

    def stop(self) -> None:
        self.jvm.stop()

    def kill9(self) -> None:
        if self.jvm and self.jvm.running():
            self.jvm.kill9()

    def remove(self) -> None:
        """Deletes its folder, unless OTTLA_LAB_KEEP is set."""
        if not os.environ.get("OTTLA_LAB_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
