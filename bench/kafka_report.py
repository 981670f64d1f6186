"""The table of bench/kafka.py: figures, ratios, and the targets of the design with pass or miss."""

# Absolute figures of the design were measured on an idle machine with 2 cores; on another one, or a
# busy one, read the ratios.
_CPU_TARGET = {"16 kB": 1.6, "128 kB": 0.66}
_COLUMNS = [
    ("mb_per_s", "MB/s", 7, 0),
    ("mirror_cpu_s_per_gb", "mirror", 8, 2),
    ("source_cpu_s_per_gb", "source", 8, 2),
    ("target_cpu_s_per_gb", "target", 8, 2),
    ("whole_cpu_s_per_gb", "whole", 8, 2),
    ("peak_rss_mb", "RSS MB", 8, 0),
    ("first_record_s", "first s", 8, 2),
    ("size_at_target", "size", 6, 2),
]


def _cell(value, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _copy_table(case: str, figures: dict) -> list[str]:
    lines = [
        f"{case} batches, records of 1 kB (CPU-s per GB from the first to the last record; whole: the"
        " mirror's, start included)",
        f"  {'':12}" + "".join(f"{title:>{width}}" for _, title, width, _ in _COLUMNS),
    ]
    for name, one in figures.items():
        cells = (_cell(one.get(key), width, digits) for key, _, width, digits in _COLUMNS)
        lines.append(f"  {name:12}" + "".join(cells))
    return lines


def _ratios(figures: dict) -> list[str]:
    ottla, lines = figures.get("ottla"), []
    for name, other in figures.items():
        if ottla is None or name == "ottla":
            continue
        parts = [f"rate {ottla['mb_per_s'] / other['mb_per_s']:.1f} x"]
        for who in ("mirror", "source", "target"):
            key = f"{who}_cpu_s_per_gb"
            if other.get(key) and ottla[key]:
                parts.append(f"CPU {who} 1/{other[key] / ottla[key]:.1f}")
        if other.get("peak_rss_mb"):
            parts.append(f"memory 1/{other['peak_rss_mb'] / ottla['peak_rss_mb']:.0f}")
        lines.append(f"  ottla against {name}: " + ", ".join(parts))
    return lines


def _latency_table(latency: dict) -> list[str]:
    lines = ["latency at 50 records/s, ms (added: target after source, record by record)"]
    lines.append(f"  {'':12}{'added p50':>10}{'p99':>8}{'source p50':>12}{'p99':>8}")
    for name, one in latency.items():
        added, source = one["added_ms"], one["source_ms"]
        lines.append(
            f"  {name:12}{added['p50']:10.2f}{added['p99']:8.2f}"
            f"{source['p50']:12.2f}{source['p99']:8.2f}"
        )
    return lines


def targets(results: dict) -> list[dict]:
    """What the design asks of Ottla: name, measured, limit, pass."""
    found = []

    def at_most(name: str, measured: float, limit: float) -> None:
        found.append({"name": name, "measured": measured, "limit": limit, "ok": measured <= limit})

    for case, figures in results["copy"].items():
        ottla = figures.get("ottla")
        if ottla is None:
            continue
        at_most(f"{case}: CPU-s per GB", ottla["mirror_cpu_s_per_gb"], _CPU_TARGET[case])
        at_most(f"{case}: source broker CPU-s per GB", ottla["source_cpu_s_per_gb"], 3)
        at_most(f"{case}: target broker CPU-s per GB", ottla["target_cpu_s_per_gb"], 6)
        at_most(f"{case}: start to first record, s", ottla["first_record_s"], 0.5)
        at_most(f"{case}: peak memory, MB", ottla["peak_rss_mb"], 128)
        if "follower" in figures:
            follower = figures["follower"]["mb_per_s"]
            at_most(f"{case}: follower's rate / ottla's", follower / ottla["mb_per_s"], 1)
    if "ottla" in results["latency"]:
        added = results["latency"]["ottla"]["added_ms"]
        at_most("added latency p50, ms", added["p50"], 2)
        at_most("added latency p99, ms", added["p99"], 5)
    if "idle" in results:
        idle = results["idle"]
        at_most(f"{idle['partitions']} idle partitions: peak memory, MB", idle["peak_rss_mb"], 64)
    return found


def text(results: dict) -> str:
    lines: list[str] = []
    for case, figures in results["copy"].items():
        lines += [*_copy_table(case, figures), *_ratios(figures), ""]
    if results["latency"]:
        lines += [*_latency_table(results["latency"]), ""]
    lines.append(f"{'targets':52}{'measured':>10}{'limit':>8}")
    for one in targets(results):
        verdict = "pass" if one["ok"] else "MISS"
        lines.append(f"  {one['name']:50}{one['measured']:10.2f}{one['limit']:8.2f}  {verdict}")
    return "\n".join(lines)
