"""Real Kafka for the demo, the tests and the benches. See lab/README.md."""
from .agent import AgentError, Record, record
from .cluster import Cluster
from .jars import ensure_jars
from .waiting import wait_until

__all__ = ["AgentError", "Cluster", "Record", "ensure_jars", "record", "wait_until"]
