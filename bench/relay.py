#!/usr/bin/env python3
"""What Ottla itself costs: a real `ottla run` between a source that always has more and a target
that takes everything (fake_pair), against a program that only moves the same bytes (byte_relay).
CPU seconds per GB and their ratio; both in turn, so that a noisy machine hits both."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))
# pylint: disable=wrong-import-position
from ottla_lab import paths, ports, processes
from ottla_lab.waiting import wait_until

# (name, bytes of a batch before compression, codec, target in CPU seconds per GB or None)
CASES = [
    ("16 kB batches", 16 << 10, "none", 1.6),
    ("128 kB batches", 128 << 10, "none", 0.66),
    ("1 MB batches", 1_000_000, "none", 0.66),
    ("16 kB batches, zstd", 16 << 10, "zstd", None),
    ("128 kB batches, zstd", 128 << 10, "zstd", None),
    ("1 MB batches, zstd", 1_000_000, "zstd", None),
]
GB = 1e9


class FakePair:
    """The fake source and target, and the raw ends, in one process."""

    def __init__(self, programs: pathlib.Path, batch_bytes: int, codec: str, partitions: int):
        self._process = subprocess.Popen(
            [
                programs / "fake_pair",
                f"--batch-bytes={batch_bytes}",
                f"--codec={codec}",
                f"--partitions={partitions}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=processes.die_with_parent,
        )
        self.addresses = json.loads(self._process.stdout.readline())

    def counters(self) -> dict:
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


def run_byte_relay(programs: pathlib.Path, pair: FakePair, seconds: float) -> dict:
    answer = subprocess.run(
        [
            programs / "byte_relay",
            str(pair.addresses["raw_source"]),
            str(pair.addresses["raw_sink"]),
            str(seconds),
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    moved = json.loads(answer.stdout)
    return {
        "cpu_s_per_gb": moved["cpu_seconds"] / (moved["bytes"] / GB),
        "mb_per_s": moved["bytes"] / 1e6 / moved["seconds"],
    }


class Ottla:
    """`ottla run` between the two fake clusters."""

    def __init__(self, program: pathlib.Path, pair: FakePair, folder: pathlib.Path, cores: int):
        self._rest = ports.reserve_port()
        file = folder / "mm2.properties"
        settings = {
            "clusters": "A,B",
            "A.bootstrap.servers": pair.addresses["source"],
            "B.bootstrap.servers": pair.addresses["target"],
            "A->B.enabled": "true",
            "A->B.topics": "load",
            "B->A.enabled": "false",
            "replication.factor": "1",
            # The fake clusters have no groups, ACLs or heartbeats worth copying.
            "emit.heartbeats.enabled": "false",
            "emit.checkpoints.enabled": "false",
            "sync.topic.acls.enabled": "false",
            "sync.topic.configs.enabled": "false",
            "ottla.progress.group": "none",
            "ottla.cores": str(cores),
            "ottla.rest.listen": f"127.0.0.1:{self._rest}",
        }
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.process = processes.Native([str(program), "run", str(file)], folder / "ottla.log")

    def copies(self, pair: FakePair) -> bool:
        if not self.process.running():
            raise RuntimeError("ottla ended:\n" + self.process.last_output())
        return pair.counters()["produced_records"] > 0

    def stop(self) -> None:
        self.process.kill9()
        ports.release_port(self._rest)


def run_ottla(program: pathlib.Path, pair: FakePair, seconds: float, cores: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="ottla-bench-") as folder:
        ottla = Ottla(program, pair, pathlib.Path(folder), cores)
        try:
            wait_until(lambda: ottla.copies(pair), 60, "the first copied record")
            before, cpu, begun = pair.counters(), ottla.process.cpu_seconds(), time.monotonic()
            time.sleep(seconds)
            after = pair.counters()
            cpu = ottla.process.cpu_seconds() - cpu
            moved = after["produced_bytes"] - before["produced_bytes"]
            if moved == 0:
                raise RuntimeError("ottla copied nothing:\n" + ottla.process.last_output())
            return {
                "cpu_s_per_gb": cpu / (moved / GB),
                "mb_per_s": moved / 1e6 / (time.monotonic() - begun),
                "read_per_written": (after["fetched_bytes"] - before["fetched_bytes"]) / moved,
                "peak_rss_mb": ottla.process.peak_rss_bytes() / 1e6,
            }
        finally:
            ottla.stop()


def run_case(options, case) -> dict:
    name, batch_bytes, codec, target = case
    rounds = []
    for _ in range(options.rounds):
        # A new pair each time: Ottla finds its earlier positions at a target, which holds no data.
        pair = FakePair(options.programs, batch_bytes, codec, options.partitions)
        try:
            relay = run_byte_relay(options.programs, pair, options.seconds)
            ottla = run_ottla(options.ottla, pair, options.seconds, options.cores)
            rounds.append({"relay": relay, "ottla": ottla})
        finally:
            pair.close()

    def median(who: str, what: str) -> float:
        return statistics.median(one[who][what] for one in rounds)

    cpu, floor = median("ottla", "cpu_s_per_gb"), median("relay", "cpu_s_per_gb")
    return {
        "case": name,
        "ottla_cpu_s_per_gb": cpu,
        "relay_cpu_s_per_gb": floor,
        "ratio": statistics.median(
            one["ottla"]["cpu_s_per_gb"] / one["relay"]["cpu_s_per_gb"] for one in rounds
        ),
        "ottla_mb_per_s": median("ottla", "mb_per_s"),
        "relay_mb_per_s": median("relay", "mb_per_s"),
        "peak_rss_mb": max(one["ottla"]["peak_rss_mb"] for one in rounds),
        "target_cpu_s_per_gb": target,
        # The targets were set where the byte relay costs 0.44: scaled to what it costs here.
        "target_ratio": None if target is None else target / 0.44,
        "rounds": rounds,
    }


def print_table(results: list[dict]) -> None:
    print(
        f"{'case':24} {'ottla':>7} {'relay':>7} {'ratio':>6} {'target':>15}  {'':4}"
        f" {'ottla':>7} {'relay':>7} {'RSS':>6}"
    )
    print(f"{'':24} {'CPU-s per GB':>15} {'':6} {'CPU-s  (ratio)':>15}  {'':4} {'MB/s':>15} {'MB':>6}")
    for one in results:
        target = one["target_cpu_s_per_gb"]
        aim = "" if target is None else f"{target:.2f}  ({one['target_ratio']:.1f})"
        verdict = "" if target is None else verdict_of(one)
        print(
            f"{one['case']:24} {one['ottla_cpu_s_per_gb']:7.2f} {one['relay_cpu_s_per_gb']:7.2f}"
            f" {one['ratio']:6.2f} {aim:>15}  {verdict:4} {one['ottla_mb_per_s']:7.0f}"
            f" {one['relay_mb_per_s']:7.0f} {one['peak_rss_mb']:6.0f}"
        )


def verdict_of(one: dict) -> str:
    """By the ratio: it holds on a slower or busier machine too."""
    return "pass" if one["ratio"] <= one["target_ratio"] else "MISS"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="per run and program (5)")
    parser.add_argument("--rounds", type=int, default=3, help="runs per case; the median (3)")
    parser.add_argument("--partitions", type=int, default=4, help="of the topic (4)")
    parser.add_argument("--cores", type=int, default=1, help="ottla.cores (1)")
    parser.add_argument("--case", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--ottla", type=pathlib.Path, default=paths.ottla(), help="the program")
    parser.add_argument("--smoke", action="store_true", help="one short round, no figures kept")
    parser.add_argument(
        "--json",
        type=pathlib.Path,
        default=paths.ROOT / "build" / "bench" / "relay.json",
        help="where the figures go",
    )
    options = parser.parse_args()
    # fake_pair and byte_relay are built beside the program.
    options.programs = options.ottla.parent
    if options.smoke:
        options.seconds, options.rounds = 0.5, 1
    return options


def main() -> int:
    options = parse()
    results = []
    for case in CASES:
        if options.case and options.case not in case[0]:
            continue
        results.append(run_case(options, case))
    print_table(results)
    if not options.smoke:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "cases": results}, indent=1))
        print(f"figures: {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
