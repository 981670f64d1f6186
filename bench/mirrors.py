"""What bench/kafka.py compares: mirrors as processes with one shape, each copying one topic from a
source under an alias of its own, so that several can take turns between the same two clusters."""

import json
import pathlib
import shutil
import tempfile
import urllib.request

from ottla_lab import MirrorMaker2, paths, ports, processes
from ottla_lab.mirror_maker import properties_for

# What an operator sets after reading the tuning guides: large batches and fetches, some linger, one
# task per partition.
_TUNED = {
    "tasks.max": "4",
    "B.producer.batch.size": "1048576",
    "B.producer.linger.ms": "50",
    "B.producer.buffer.memory": "134217728",
    "B.producer.max.request.size": "8388608",
    "B.producer.compression.type": "none",
    "B.producer.receive.buffer.bytes": "1048576",
    "B.producer.send.buffer.bytes": "1048576",
    "{alias}.consumer.fetch.max.bytes": "52428800",
    "{alias}.consumer.max.partition.fetch.bytes": "8388608",
    "{alias}.consumer.fetch.min.bytes": "1",
    "{alias}.consumer.max.poll.records": "5000",
    "{alias}.consumer.receive.buffer.bytes": "1048576",
}


class Mm2:
    """MirrorMaker 2 as it comes, with the heap that its start script gives it."""

    name = "MM2"
    settings: dict[str, str] = {}

    def __init__(self, alias: str, source, target, topic: str):
        settings = {name.format(alias=alias): value for name, value in self.settings.items()}
        self._mm2 = MirrorMaker2(
            properties_for(
                {alias: source, "B": target},
                [f"{alias}->B"],
                **{f"{alias}->B.topics": topic},
                **settings,
            ),
            heap_mb=2048,
            full_jit=True,
            log_level="warn",
        )

    def start(self) -> None:
        self._mm2.start(wait=False)

    def running(self) -> bool:
        return self._mm2.jvm.running()

    def output(self) -> str:
        return self._mm2.jvm.last_output() + self._mm2.log()

    def cpu_seconds(self) -> float:
        return self._mm2.cpu_seconds()

    def peak_rss_bytes(self) -> int:
        return self._mm2.peak_rss_bytes()

    def stop(self) -> None:
        self._mm2.kill9()
        self._mm2.remove()


class TunedMm2(Mm2):
    name = "MM2 tuned"
    settings = _TUNED


class Ottla:
    """`ottla run` with its defaults."""

    name = "ottla"

    def __init__(self, alias: str, source, target, topic: str):
        self._rest = ports.reserve_port()
        self._folder = pathlib.Path(
            tempfile.mkdtemp(prefix="ottla-bench-", dir=paths.temporary_parent())
        )
        self._file = self._folder / "mm2.properties"
        settings = {
            "clusters": f"{alias},B",
            f"{alias}.bootstrap.servers": source.bootstrap(),
            "B.bootstrap.servers": target.bootstrap(),
            f"{alias}->B.enabled": "true",
            f"{alias}->B.topics": topic,
            f"B->{alias}.enabled": "false",
            "replication.factor": "1",
            "ottla.rest.listen": f"127.0.0.1:{self._rest}",
        }
        self._file.write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        self._process: processes.Native | None = None

    def start(self) -> None:
        self._process = processes.Native(
            [str(paths.ottla()), "run", str(self._file)], self._folder / "ottla.log"
        )

    def running(self) -> bool:
        return self._process.running()

    def output(self) -> str:
        return self._process.last_output()

    def status(self) -> dict:
        url = f"http://127.0.0.1:{self._rest}/ottla/v1/status"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)

    def cpu_seconds(self) -> float:
        return self._process.cpu_seconds()

    def peak_rss_bytes(self) -> int:
        return self._process.peak_rss_bytes()

    def stop(self) -> None:
        self._process.stop()
        ports.release_port(self._rest)
        shutil.rmtree(self._folder, ignore_errors=True)


MIRRORS = {"mm2": Mm2, "tuned": TunedMm2, "ottla": Ottla}
