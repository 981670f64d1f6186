"""A wide-area link in user space (lab/java/ottla/lab/WanLink.java): no root, no network namespace.

Model, per connection and way: the link's bandwidth is shared by all its connections; each byte then
takes rtt/2 (+ up to jitter, order kept); a new connection's first byte waits a round trip more, for
the handshake. window_bytes is what a connection may have unacknowledged, so it gets window/rtt at
most, like TCP. Losses are not modelled. A cut link keeps its connections, silent; new ones hang.
"""

import json

from . import agent, ports
from .processes import cpu_seconds, peak_rss_bytes


class WanLink:
    """routes: cluster.routes("WAN"), of one or more clusters; or addresses 'host:port', which get
    ports to listen on (self.addresses, in the same order). Runs until stop()."""

    def __init__(
        self,
        routes,
        rtt_ms: float = 0,
        bandwidth: int = 0,
        window_bytes: int = 0,
        jitter_ms: float = 0,
    ):
        self._settings = {
            "rtt_ms": rtt_ms,
            "bandwidth": bandwidth,
            "window_bytes": window_bytes,
            "jitter_ms": jitter_ms,
        }
        self.routes = [_route(route) for route in routes]
        self.addresses = [f"127.0.0.1:{port}" for port, _, _ in self.routes]
        self._jvm = agent.CommandJvm(
            "wan",
            ["ottla.lab.WanLink", json.dumps(self.routes)],
            heap_mb=128,
            full_jit=True,
            jvm_arguments=["-XX:MaxDirectMemorySize=1G", "-XX:+UseSerialGC"],
        )
        self.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def set(self, **changes) -> None:
        """rtt_ms, jitter_ms, bandwidth (bytes/s each way) and window_bytes (0: unlimited), for open
        connections too."""
        self._settings |= changes
        self._jvm.run("set", **self._settings)

    def cut(self) -> None:
        """Nothing passes any more; connections stay open on both sides, as after a cable cut."""
        self._jvm.run("cut")

    def restore(self) -> None:
        self._jvm.run("restore")

    def cut_connections(self) -> int:
        """RST to both ends of each connection, now; how many there were. New ones are welcome."""
        return self._jvm.run("cut_connections")

    def stats(self) -> dict[str, int]:
        """connections, bytes_to_target, bytes_from_target."""
        return self._jvm.run("stats")

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._jvm.pid)

    def peak_rss_bytes(self) -> int:
        return peak_rss_bytes(self._jvm.pid)

    def stop(self) -> None:
        self._jvm.stop()


def _route(route) -> tuple[int, str, int]:
    if isinstance(route, str):
        host, _, port = route.rpartition(":")
        return ports.reserve_port(), host, int(port)
    return tuple(route)
