"""Clusters that the tests of one process share: a start costs seconds, a topic milliseconds."""

import itertools
import os
import threading

from .cluster import Cluster

_clusters: dict[str, tuple[dict, Cluster]] = {}
_mutex = threading.Lock()
_numbers = itertools.count(1)


def cluster(name: str, **options) -> Cluster:
    """The running cluster of that name: started on first use, its dead brokers restarted, ended
    with the process. A test that leaves settings or ACLs behind should use a Cluster of its own."""
    with _mutex:
        known = _clusters.get(name)
        if known and known[0] != options:
            raise ValueError(f"cluster {name} is shared already with other options: {known[0]}")
        if not known:
            known = _clusters[name] = (options, Cluster(name, **options))
        return known[1].start()


def unique(prefix: str) -> str:
    """A name for a topic, group or user that no other test uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


def stop_all() -> None:
    with _mutex:
        for _, one in _clusters.values():
            one.stop()
        _clusters.clear()
