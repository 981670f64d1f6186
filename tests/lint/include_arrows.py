#!/usr/bin/env python3
"""Fails on an #include in src/ that goes against the arrows of docs/architecture.md:

cli -> {fleet, observe} -> flow/{engine, groups, sync} -> flow/{copy, offsets, config, rules, status}
flow/{engine, groups, sync} -> kafka/client -> kafka/session -> kafka/{protocol, records} -> kafka/wire
    -> base;  kafka/client -> net -> base

An arrow also reaches what lies behind it. The folders of flow that hold values (VALUES) include no
Asio and no sockets. kafka/fake (a cluster in process) may use everything below kafka/client, and is
there for tests and benches only. Tests of a folder may use its testing headers and what TESTS_ONLY
names. Every .cc file that has a header includes it first: so the header compiles alone.
"""

import pathlib
import re
import sys

VALUES = ("flow/rules", "flow/status", "flow/config", "flow/offsets", "flow/copy")
DIRECT = {
    "base": (),
    "net": ("base",),
    "kafka/wire": ("base",),
    "kafka/records": ("kafka/wire",),
    "kafka/protocol": ("kafka/wire",),
    "kafka/session": ("kafka/protocol", "kafka/records"),
    "kafka/client": ("kafka/session", "net"),
    "kafka/fake": ("kafka/session", "net"),
    "flow/rules": ("base",),
    "flow/status": ("base",),
    "flow/config": ("flow/rules",),
    "flow/offsets": ("base",),
    "flow/copy": ("kafka/records", "flow/offsets", "flow/status"),
    # The actors of a flow, which know each other.
    "flow/groups": ("kafka/client", "flow/engine", *VALUES),
    "flow/sync": ("kafka/client", "flow/engine", *VALUES),
    "flow/engine": ("kafka/client", "flow/groups", "flow/sync", *VALUES),
    "switchover": ("flow/engine",),
    "origins": ("flow/engine",),
    "stretch": ("flow/engine",),
    "fleet": ("flow/engine",),
    "observe": ("flow/status", "flow/config", "net"),
    "cli": ("switchover", "origins", "stretch", "fleet", "observe"),
}
# Models that tests compare with.
TESTS_ONLY = {"kafka/fake": tuple(DIRECT)}
_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
_FOR_TESTS = re.compile(r"(_test|_bench|_fuzz|testing)\.(cc|h)$")
_SOCKETS = re.compile(r"^(boost/asio|sys/(socket|epoll)|netinet/)")


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


def includes(file: pathlib.Path) -> list[tuple[int, bool, str]]:
    """(line, in quotes, path) of each."""
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    found = ((number, _INCLUDE.match(line)) for number, line in lines)
    return [(number, match[1] == '"', match[2]) for number, match in found if match]


def check_file(source: pathlib.Path, file: pathlib.Path, allowed: set[str], own: str) -> list[str]:
    name = file.relative_to(source).as_posix()
    errors = []
    listed = includes(file)
    header = file.with_suffix(".h")
    if file.suffix == ".cc" and header.exists():
        wanted = header.relative_to(source).as_posix()
        if not listed or listed[0][2] != wanted:
            errors.append(f'src/{name}: includes its own header "{wanted}" first')
    for number, quoted, path in listed:
        if own in VALUES and _SOCKETS.match(path):
            errors.append(f"src/{name}:{number}: {own} holds values and may not include <{path}>")
        target = folder_of(path) if quoted else None
        if target is None or target in allowed:
            continue
        if _FOR_TESTS.search(name) and own in TESTS_ONLY.get(target, ()):
            continue
        errors.append(f'src/{name}:{number}: {own} may not include "{path}" ({target})')
    return errors


def check(source: pathlib.Path) -> list[str]:
    errors = []
    allowed = {folder: reachable(folder) for folder in DIRECT}
    for file in sorted(source.rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        own = folder_of(file.relative_to(source).as_posix())
        if own is None:
            errors.append(f"{file}: the folder has no place among the arrows of {__file__}")
        else:
            errors += check_file(source, file, allowed[own], own)
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
