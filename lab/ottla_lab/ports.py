"""Free TCP ports that no other process of the lab takes at the same time.

A port is reserved by a lock on a file named after it, held for the life of this process, because a
broker's port must stay its own while the broker is down. Range: OTTLA_LAB_PORTS=first-last, by
default below the kernel's ephemeral ports.
"""

import fcntl
import os
import pathlib
import socket
import tempfile
import threading

_LOCKS = pathlib.Path(tempfile.gettempdir()) / f"ottla-lab-ports-{os.getuid()}"
_DEFAULT_RANGE = "15000-32000"
_mutex = threading.Lock()
_held: dict[int, object] = {}
_next: int | None = None


def _range() -> tuple[int, int]:
    first, last = os.environ.get("OTTLA_LAB_PORTS", _DEFAULT_RANGE).split("-")
    return int(first), int(last)


def _try_reserve(port: int) -> bool:
    lock = open(_LOCKS / str(port), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    _held[port] = lock
    return True


def reserve_port() -> int:
    """A port on 127.0.0.1 that stays ours until the process ends or release_port()."""
    global _next
    with _mutex:
        _LOCKS.mkdir(exist_ok=True)
        first, last = _range()
        span = last - first + 1
        if _next is None:
            _next = first + os.getpid() * 97 % span
        for _ in range(span):
            port = _next
            _next = first + (port + 1 - first) % span
            if port not in _held and _try_reserve(port):
                return port
    raise RuntimeError(f"no free port in {first}-{last}; set OTTLA_LAB_PORTS=first-last")


def release_port(port: int) -> None:
    with _mutex:
        lock = _held.pop(port, None)
        if lock:
            lock.close()
