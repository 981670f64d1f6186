#!/usr/bin/env python3
"""Fails on an #include in src/ that goes against the arrows of the design:

cli -> {switchover, origins, stretch, fleet, observe} -> flow -> kafka/client -> kafka/session
    -> kafka/{protocol, records} -> kafka/wire -> base;  kafka/client -> net -> base

An arrow also reaches what lies behind it. kafka/fake (a cluster in process) may use everything
below kafka/client, and is there for tests and benches only.
"""

import pathlib
import re
import sys

DIRECT = {
    "base": (),
    "net": ("base",),
    "kafka/wire": ("base",),
    "kafka/records": ("kafka/wire",),
    "kafka/protocol": ("kafka/wire",),
    "kafka/session": ("kafka/protocol", "kafka/records"),
    "kafka/client": ("kafka/session", "net"),
    "kafka/fake": ("kafka/session", "net"),
    "flow": ("kafka/client",),
    "switchover": ("flow",),
    "origins": ("flow",),
    "stretch": ("flow",),
    "fleet": ("flow",),
    "observe": ("flow", "net"),
    "cli": ("switchover", "origins", "stretch", "fleet", "observe"),
}
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
_FOR_TESTS = re.compile(r"(_test|_bench|_fuzz|testing)\.(cc|h)$")


def reachable(folder: str) -> set[str]:
    found, left = {folder}, [folder]
    while left:
        for below in DIRECT[left.pop()]:
            if below not in found:
                found.add(below)
                left.append(below)
    return found


def folder_of(path: str) -> str | None:
    """The folder of the table that a path below src/ is in; the longest name wins."""
    parts = pathlib.PurePosixPath(path).parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in DIRECT:
            return name
    return None


def check(source: pathlib.Path) -> list[str]:
    errors = []
    allowed = {folder: reachable(folder) for folder in DIRECT}
    for file in sorted(source.rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        name = file.relative_to(source).as_posix()
        own = folder_of(name)
        if own is None:
            errors.append(
                f"src/{name}: the folder has no place among the arrows; add it to {__file__}"
            )
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = _INCLUDE.match(line)
            target = folder_of(match.group(1)) if match else None
            if target is None or target in allowed[own]:
                continue
            if target == "kafka/fake" and _FOR_TESTS.search(name):
                continue
            errors.append(
                f'src/{name}:{number}: {own} may not include "{match.group(1)}" ({target})'
            )
    return errors


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    source = root if len(sys.argv) > 1 else root.parents[2] / "src"
    errors = check(source)
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
