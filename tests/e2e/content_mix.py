"""Topics of every kind that a copy could get wrong, and the records in them."""

import dataclasses
import itertools
import random

from ottla_lab import record, wait_until

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
OLD = 981_173_106_000  # February 2001
_BASE = 1_700_000_000_000
_FOREVER = {"retention.ms": "-1"}
# With more in flight, a broker that is still making the partition can refuse the first batch and
# take the second: the Java producer then never gets out of its wrong sequence number.
_ONE_BY_ONE = {"client": {"max.in.flight.requests.per.connection": "1"}, "timeout_s": 300}


@dataclasses.dataclass
class Kind:
    """One topic: produce holds the fields of the agent's "produce", records those of
    "produce_records"; each entry is one call."""

    name: str
    partitions: int = 1
    configs: dict = dataclasses.field(default_factory=dict)
    produce: list[dict] = dataclasses.field(default_factory=list)
    records: list[tuple[dict, list[dict]]] = dataclasses.field(default_factory=list)
    target_configs: dict | None = None  # made on the target beforehand, with these
    compacted: bool = False

    def fill(self, cluster, topic: str) -> None:
        cluster.create_topic(topic, self.partitions, configs=_FOREVER | self.configs)
        for fields in self.produce:
            if fields.get("transactional"):
                fields = {k: v for k, v in fields.items() if k != "transactional"}
                fields["transactional_id"] = topic
            cluster.produce(topic, **_ONE_BY_ONE, **fields)
        for how, records in self.records:
            cluster.produce_records(topic, records, **_ONE_BY_ONE, **how)
        if self.compacted:
            _wait_compacted(cluster, topic, self.produce[0]["count"])


def _wait_compacted(cluster, topic: str, produced: int) -> None:
    def fewer():
        return sum(p["count"] for p in cluster.digest(topic).values()) < produced * 9 // 10

    wait_until(fewer, 120, f"{topic} compacted", poll_s=0.25)
    # No further: what is compared must stand still, on both sides (settings are copied).
    cluster.alter_configs(topic, set={"min.compaction.lag.ms": str(10**15)})


def _series(number: int, codec: str) -> Kind:
    """Series that differ in size, headers, nulls, batch sizes and partitions."""
    chance = random.Random(number)
    fields = {
        "count": chance.choice([1, 7, 60, 200]),
        "codec": codec,
        "size": chance.choice([1, 20, 100, 700]),
        "headers": chance.choice([0, 0, 1, 3]),
        "null_key_every": chance.choice([0, 1, 3]),
        "null_value_every": chance.choice([0, 5]),
        "batch_size": chance.choice([1, 2000, 16384, 200_000]),
        "linger_ms": 2,
        "random": chance.random() < 0.5,
        "timestamp": chance.choice([0, _BASE, OLD]),
        "timestamp_step": chance.choice([-3, 0, 1, 1000]),
    }
    return Kind(f"series-{codec}", chance.choice([1, 2, 5]), produce=[fields])


def _compacted(codec: str) -> Kind:
    configs = {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.01",
        "segment.ms": "60000",
    }
    fields = {"count": 400, "codec": codec, "keys": 30, "batch_size": 3000, "null_value_every": 7}
    times = {"timestamp": _BASE, "timestamp_step": 2000}  # a segment every thirty records
    return Kind(f"compacted-{codec}", 1, configs, [fields | times], compacted=True)


def _transactional(codec: str, leave_open: bool) -> Kind:
    fields = {
        "count": 120,
        "codec": codec,
        "transactional": True,
        "transaction_records": 10,
        "abort_every": 3,
        "leave_open": leave_open,
        "headers": 1,
    }
    name = "open" if leave_open else "transactional"
    return Kind(f"{name}-{codec}", 2, produce=[fields])


def _sizes(codec: str) -> Kind:
    chance = random.Random(codec)
    sizes = [1, 0, 10, 900_000, 1, 100_000, 3]
    records = [
        record(chance.randbytes(size), key=b"k", timestamp=_BASE + i)
        for i, size in enumerate(sizes)
    ]
    return Kind(f"sizes-{codec}", records=[({"codec": codec, "batch_size": 950_000}, records)])


def _oddities(codec: str) -> Kind:
    odd = [
        record(None, key=None, timestamp=_BASE),
        record(b"", key=b"", timestamp=_BASE + 5),
        record(b"v", key=None, timestamp=_BASE - 5, headers=[("h", None), ("h", b""), ("h", b"x")]),
        record(None, key=b"\x00\xff", timestamp=OLD, headers=[("", b"empty name"), ("h", b"\x00")]),
        record(b"v", timestamp=0, headers=[(f"h{i % 3}", bytes([i])) for i in range(40)]),
        record(b"\xf0\x9f\x92\xbe" * 50, key=b"k" * 5000, timestamp=_BASE, headers=[("é", b"")]),
    ]
    rounds = [({"codec": codec}, odd), ({"codec": codec}, odd[::-1])]
    return Kind(f"odd-{codec}", 2, records=rounds)


def _append_time(codec: str) -> Kind:
    fields = {"count": 50, "codec": codec, "batch_size": 2000, "timestamp": OLD, "headers": 1}
    configs = {"message.timestamp.type": "LogAppendTime"}
    return Kind(f"append-time-{codec}", 2, configs, produce=[fields])


def _split(codec: str) -> Kind:
    """Batches of 400 kB for a target that takes 20 kB."""
    fields = {"count": 900, "codec": codec, "size": 1000, "batch_size": 400_000, "linger_ms": 100}
    return Kind(
        f"split-{codec}",
        produce=[fields | {"random": True, "headers": 1}],
        target_configs={"max.message.bytes": "20000"},
    )


def _mixed_codecs() -> Kind:
    rounds = [
        {"count": 15, "codec": codec, "prefix": f"{codec}-", "batch_size": 300} for codec in CODECS
    ]
    return Kind("codecs-mixed", 2, produce=rounds * 2)


def mix(series: int) -> list[Kind]:
    """About series + 45 kinds; the same each time."""
    kinds = [_series(i, CODECS[i % len(CODECS)]) for i in range(series)]
    for codec in CODECS:
        kinds += [_compacted(codec), _sizes(codec), _oddities(codec), _append_time(codec)]
        kinds += [_split(codec), _transactional(codec, leave_open=False)]
    kinds += [_transactional(codec, leave_open=True) for codec in ("none", "zstd")]
    kinds += [Kind("empty", partitions) for partitions in (1, 2, 7)]
    kinds += [Kind("empty-compacted", 2, {"cleanup.policy": "compact"}), _mixed_codecs()]
    return kinds


def names(prefix: str, kinds: list[Kind]) -> list[tuple[str, Kind]]:
    numbers = itertools.count()
    return [(f"{prefix}-{next(numbers):03}-{kind.name}", kind) for kind in kinds]
