"""Real Kafka for the demo, the tests and the benches. See lab/README.md."""

from .agent import AgentError, Record, record
from .cluster import Cluster
from .jars import ensure_jars
from .mirror_maker import MirrorMaker2
from .tools import tool
from .waiting import wait_until
from .wan_link import WanLink

__all__ = [
    "AgentError",
    "Cluster",
    "MirrorMaker2",
    "Record",
    "WanLink",
    "ensure_jars",
    "record",
    "tool",
    "wait_until",
]
