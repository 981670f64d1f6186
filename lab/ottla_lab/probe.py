"""A Metadata request by hand: is a broker ready, and which brokers does it know?"""

import socket
import struct

_METADATA, _VERSION = 3, 5


def _string(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", data, at)
    return ("" if length < 0 else data[at + 2 : at + 2 + length].decode()), at + 2 + max(length, 0)


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("connection closed in the middle of a response")
        data += part
    return data


def live_brokers(host: str, port: int, timeout_s: float = 5) -> dict[int, tuple[str, int]]:
    """Broker id -> advertised address, as the broker at host:port (PLAINTEXT) sees them."""
    client = b"lab-probe"
    body = struct.pack(">hhih", _METADATA, _VERSION, 1, len(client)) + client
    body += struct.pack(">i?", 0, False)  # no topics, no auto-creation
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", _receive(connection, 4))
        data = _receive(connection, size)
    (count,) = struct.unpack_from(">i", data, 8)  # after the correlation id and the throttle time
    brokers, at = {}, 12
    for _ in range(count):
        (node,) = struct.unpack_from(">i", data, at)
        name, at = _string(data, at + 4)
        (node_port,) = struct.unpack_from(">i", data, at)
        _, at = _string(data, at + 4)  # rack
        brokers[node] = (name, node_port)
    return brokers
