"""The Java agent: Kafka's own clients in one long-lived JVM (Agent.java), asked from Python."""

import atexit
import base64
import dataclasses
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

from . import jars, paths
from .processes import jvm_command

# Command -> its positional fields. Fields are described at the handlers, lab/java/ottla/lab/*.java.
COMMANDS = {
    "create_topic": ("topic", "partitions"),
    "delete_topic": ("topic",),
    "list_topics": (),
    "create_partitions": ("topic", "partitions"),
    "describe_topic": ("topic",),
    "describe_configs": ("name",),
    "alter_configs": ("name",),
    "list_offsets": ("topic", "spec"),
    "delete_records": ("topic", "before"),
    "elect_leaders": ("topic",),
    "reassign": ("topic", "assignment"),
    "describe_cluster": (),
    "forget": (),
    "commit_offsets": ("group", "offsets"),
    "group_offsets": ("group",),
    "list_groups": (),
    "describe_group": ("group",),
    "delete_group": ("group",),
    "create_acl": (),
    "delete_acl": (),
    "list_acls": (),
    "create_scram_user": ("user", "password"),
    "alter_quota": ("entity",),
    "list_quotas": (),
    "produce": ("topic", "count"),
    "produce_records": ("topic", "records"),
    "digest": ("topic",),
    "dump": ("topic", "file"),
    "consume_group": ("group", "topics"),
}


class AgentError(RuntimeError):
    """What the Java side answered: '<exception class>: <message>'."""


@dataclasses.dataclass
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: str
    leader_epoch: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _record(fields: dict) -> Record:
    fields["key"], fields["value"] = _bytes(fields["key"]), _bytes(fields["value"])
    fields["headers"] = [(name, _bytes(value)) for name, value in fields["headers"]]
    return Record(**fields)


def read_dump(path: str) -> list[Record]:
    with open(path, encoding="utf-8") as lines:
        records = [_record(json.loads(line)) for line in lines]
    return sorted(records, key=lambda record: (record.partition, record.offset))


def record(
    value: bytes | None,
    key: bytes | None = None,
    partition: int | None = None,
    timestamp: int | None = None,
    headers=(),
) -> dict:
    """A record for produce_records."""

    def text(data: bytes | None):
        return None if data is None else base64.b64encode(data).decode()

    return {
        "partition": partition,
        "timestamp": timestamp,
        "key": text(key),
        "value": text(value),
        "headers": [[name, text(data)] for name, data in headers],
    }


def positional(command: str, args: tuple) -> dict:
    names = COMMANDS[command]
    if len(args) > len(names):
        raise TypeError(f"{command} takes {len(names)} positional fields: {', '.join(names)}")
    return dict(zip(names, args))


class CommandJvm:
    """A JVM that runs ottla.lab.CommandLoop. Thread-safe; commands of several threads run side by
    side. It ends with this process, since its standard input does."""

    def __init__(
        self,
        name: str,
        main: list[str],
        heap_mb: int = 512,
        full_jit: bool = False,
        jvm_arguments=(),
    ):
        jars.ensure_jars()
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix=f"ottla-lab-{name}-", dir=paths.temporary_parent())
        )
        command = jvm_command(
            heap_mb,
            full_jit,
            self.folder / f"{name}.log",
            log_level="warn",
            jvm_arguments=jvm_arguments,
        )
        with open(self.folder / "output.log", "wb") as errors:
            self._process = subprocess.Popen(
                command + main,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._ids = itertools.count(1)
        self._mutex = threading.Lock()
        self._waiting: dict[int, list] = {}
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, command: str, timeout_s: float = 120, **fields):
        answered = threading.Event()
        slot = [answered, None]
        with self._mutex:
            number = next(self._ids)
            self._waiting[number] = slot
            try:
                self._process.stdin.write(
                    json.dumps({"id": number, "command": command, **fields}) + "\n"
                )
                self._process.stdin.flush()
            except OSError:
                answered.set()
        if self._process.poll() is not None:
            answered.set()
        if not answered.wait(timeout_s):
            raise TimeoutError(f"no answer to {command} in {timeout_s} s; see {self.folder}")
        if slot[1] is None:
            raise AgentError(f"{command}: the JVM ended; see {self.folder}/output.log")
        if "error" in slot[1]:
            raise AgentError(f"{command}: {slot[1]['error']}")
        return _integer_keys(slot[1]["result"])

    def _read(self) -> None:
        for line in self._process.stdout:
            reply = json.loads(line)
            slot = self._waiting.pop(reply["id"], None)
            if slot:
                slot[1] = reply
                slot[0].set()
        for slot in list(self._waiting.values()):
            slot[0].set()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if not os.environ.get("OTTLA_LAB_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


def _integer_keys(value):
    """JSON has only text keys; partitions and broker ids were numbers."""
    if isinstance(value, dict):
        return {
            int(k) if k.lstrip("-").isdigit() else k: _integer_keys(v) for k, v in value.items()
        }
    if isinstance(value, list):
        return [_integer_keys(one) for one in value]
    return value


_shared: CommandJvm | None = None
_shared_mutex = threading.Lock()


def shared() -> CommandJvm:
    """The process's agent, started on first use."""
    global _shared
    with _shared_mutex:
        if _shared is None:
            _shared = CommandJvm("agent", ["ottla.lab.Agent"])
        return _shared
