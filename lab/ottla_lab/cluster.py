"""A real Kafka cluster (KRaft) on loopback, for tests, benches and the demo."""

import atexit
import base64
import os
import pathlib
import shutil
import tempfile
import uuid

from . import agent, jars, listeners as kinds, oauth, paths, ports, probe
from .node_settings import node_settings
from .processes import Jvm, jvm_command
from .waiting import wait_until

_HOST = "127.0.0.1"


class Cluster:
    """Starts on start() (or `with`). Brokers are numbered from 1; the first `controllers` of them
    (1, or 3 when there are three brokers or more) are KRaft controllers too.

    listeners: names from listeners.py. racks: one name per broker. authorizer: Kafka's
    StandardAuthorizer with super users admin and ANONYMOUS. full_jit: for benches. data_dir: kept
    afterwards; else a temporary folder, kept only with OTTLA_LAB_KEEP=1.
    Every process ends with this one, however it ends.
    """

    def __init__(
        self,
        name: str,
        brokers: int = 1,
        racks=None,
        listeners=("PLAINTEXT",),
        authorizer: bool = False,
        config: dict | None = None,
        data_dir=None,
        controllers: int | None = None,
        heap_mb: int = 384,
        full_jit: bool = False,
        log_level: str = "info",
        jvm_arguments=(),
    ):
        self.name = name
        self.ids = list(range(1, brokers + 1))
        self.listeners = list(dict.fromkeys(["PLAINTEXT", *listeners]))
        self.authorizer = authorizer
        self.config = dict(config or {})
        self._racks = list(racks or [])
        self._controllers = self.ids[: controllers or (3 if brokers >= 3 else 1)]
        self._jvm_options = {
            "heap_mb": heap_mb,
            "full_jit": full_jit,
            "log_level": log_level,
            "jvm_arguments": tuple(jvm_arguments),
        }
        self._temporary = data_dir is None
        self.data_dir = pathlib.Path(
            data_dir or tempfile.mkdtemp(prefix=f"ottla-lab-{name}-", dir=paths.temporary_parent())
        )
        self.cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if self.cluster_id.startswith("-"):
            self.cluster_id = "A" + self.cluster_id[1:]  # argparse4j would take it for an option
        names = self.listeners + ["CONTROLLER"]
        self._bind = {(b, n): ports.reserve_port() for b in self.ids for n in names}
        self._advertised = {
            (b, n): ports.reserve_port() if n.startswith("WAN") else self._bind[b, n]
            for b in self.ids
            for n in self.listeners
        }
        self._jvms: dict[int, Jvm] = {}
        atexit.register(self.stop)

    # Life

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, broker: int | None = None, wait: bool = True):
        """Starts that broker, or all that do not run; waits until every one started is in the
        cluster and serves."""
        jars.ensure_jars()
        chosen = [broker] if broker else self.ids
        for one in chosen:
            if not self.running(one):
                self._launch(one)
        if wait:
            self.wait_ready()
        return self

    def stop(self, broker: int | None = None) -> None:
        """One broker: a controlled shutdown. All: at once, since the data goes too."""
        if broker:
            self._jvms.pop(broker).stop()
            return
        for jvm in self._jvms.values():
            jvm.kill9()
        self._jvms.clear()
        if self._temporary and not os.environ.get("OTTLA_LAB_KEEP"):
            shutil.rmtree(self.data_dir, ignore_errors=True)
        for port in {*self._bind.values(), *self._advertised.values()}:
            ports.release_port(port)
        atexit.unregister(self.stop)

    def kill9(self, broker: int) -> None:
        self._jvms.pop(broker).kill9()

    def pause(self, broker: int) -> None:
        """The broker hangs (SIGSTOP) with its connections open, until resume()."""
        self._jvms[broker].pause()

    def resume(self, broker: int) -> None:
        self._jvms[broker].resume()

    def running(self, broker: int) -> bool:
        return broker in self._jvms and self._jvms[broker].running()

    def jvm(self, broker: int) -> Jvm:
        """The broker's process: pid, cpu_seconds(), peak_rss_bytes()."""
        return self._jvms[broker]

    def cpu_seconds(self) -> float:
        return sum(jvm.cpu_seconds() for jvm in self._jvms.values())

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Until each running broker answers Metadata with all running brokers in it."""
        expected = set(self._jvms)

        def ready(broker: int) -> bool:
            if not self._jvms[broker].running():
                return True  # reported below
            return expected <= set(probe.live_brokers(_HOST, self._bind[broker, "PLAINTEXT"]))

        for broker in sorted(expected):
            wait_until(
                lambda one=broker: ready(one), timeout_s, f"broker {broker} of {self.name} ready"
            )
            if not self._jvms[broker].running():
                raise RuntimeError(
                    f"broker {broker} of {self.name} ended while starting:\n"
                    + self._jvms[broker].last_output()
                    + "\n"
                    + self.log(broker)
                )

    def wait_leaders(self, topic: str, without: int | None = None, timeout_s: float = 30) -> None:
        """Until every partition of the topic has a leader, other than the broker `without`."""

        def led():
            partitions = self.run("describe_topic", topic=topic)["partitions"]
            return all(one["leader"] not in (-1, without) for one in partitions)

        wait_until(led, timeout_s, f"leaders of {topic}")

    def wait_in_sync(self, topic: str, timeout_s: float = 30) -> None:
        """Until every replica of every partition of the topic is in sync."""

        def in_sync():
            partitions = self.run("describe_topic", topic=topic)["partitions"]
            return all(len(one["isr"]) == len(one["replicas"]) for one in partitions)

        wait_until(in_sync, timeout_s, f"replicas of {topic} in sync")

    # Addresses

    def bootstrap(self, listener: str = "PLAINTEXT") -> str:
        """The advertised addresses of all brokers: host:port,host:port."""
        return ",".join(f"{_HOST}:{self.port(b, listener)}" for b in self.ids)

    def port(self, broker: int, listener: str = "PLAINTEXT") -> int:
        return self._advertised[broker, listener]

    def routes(self, listener: str = "WAN") -> list[tuple[int, str, int]]:
        """(port to listen on, host, port to forward to) per broker, for WanLink."""
        return [(self._advertised[b, listener], _HOST, self._bind[b, listener]) for b in self.ids]

    def client(self, listener: str = "PLAINTEXT", **how) -> dict[str, str]:
        """Java client settings for a listener (listeners.client_settings), bootstrap included."""
        return {
            "bootstrap.servers": self.bootstrap(listener),
            **kinds.client_settings(listener, **how),
        }

    # The Java view of the cluster

    def run(self, command: str, **fields):
        """A command of the Java agent (agent.py) against this cluster."""
        fields.setdefault("bootstrap", self.bootstrap())
        return agent.shared().run(command, **fields)

    def __getattr__(self, command: str):
        """cluster.create_topic(topic=..., ...) is run("create_topic", ...)."""
        if command.startswith("_") or command not in agent.COMMANDS:
            raise AttributeError(command)
        return lambda *args, **fields: self.run(
            command, **agent.positional(command, args), **fields
        )

    def records(self, topic: str, **fields) -> list[agent.Record]:
        """All records of a topic up to its present end, by partition and offset."""
        with tempfile.NamedTemporaryFile(prefix="ottla-lab-dump-") as file:
            self.run("dump", topic=topic, file=file.name, **fields)
            return agent.read_dump(file.name)

    # Files

    def log(self, broker: int, lines: int = 60) -> str:
        path = self._folder(broker) / "server.log"
        return (
            "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
            if path.exists()
            else ""
        )

    def _folder(self, broker: int) -> pathlib.Path:
        return self.data_dir / f"broker-{broker}"

    def _settings(self, broker: int) -> dict[str, str]:
        rack = self._racks[(broker - 1) % len(self._racks)] if self._racks else None
        settings = node_settings(
            broker,
            brokers=len(self.ids),
            controllers=self._controllers,
            listeners=self.listeners,
            bind=self._bind,
            advertised=self._advertised,
            log_dir=self._folder(broker) / "data",
            rack=rack,
            authorizer=self.authorizer,
        )
        return settings | self.config

    def _launch(self, broker: int) -> None:
        folder = self._folder(broker)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        properties = folder / "server.properties"
        properties.write_text("".join(f"{k}={v}\n" for k, v in self._settings(broker).items()))
        sasl = kinds.uses_sasl(self.listeners)
        command = jvm_command(
            log=folder / "server.log",
            **self._jvm_options,
            properties=oauth.jvm_properties() if sasl else None,
        )
        command += [
            "ottla.lab.Broker",
            str(folder / "data"),
            str(properties),
            "--ignore-formatted",
            "--cluster-id",
            self.cluster_id,
        ]
        command += kinds.scram_credentials() if sasl else []
        self._jvms[broker] = Jvm(command, folder / "output.log")
