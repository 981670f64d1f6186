"""Kafka's command-line tools by their shell names, and any Java class of the jars."""

import signal
import subprocess
import sys

from . import jars, paths
from .processes import jvm_speed

_TOOLS = "org.apache.kafka.tools"
CLASSES = {
    "kafka-acls": f"{_TOOLS}.AclCommand",
    "kafka-broker-api-versions": f"{_TOOLS}.BrokerApiVersionsCommand",
    "kafka-client-metrics": f"{_TOOLS}.ClientMetricsCommand",
    "kafka-cluster": f"{_TOOLS}.ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": f"{_TOOLS}.consumer.ConsoleConsumer",
    "kafka-console-producer": f"{_TOOLS}.ConsoleProducer",
    "kafka-console-share-consumer": f"{_TOOLS}.consumer.ConsoleShareConsumer",
    "kafka-consumer-groups": f"{_TOOLS}.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": f"{_TOOLS}.ConsumerPerformance",
    "kafka-delegation-tokens": f"{_TOOLS}.DelegationTokenCommand",
    "kafka-delete-records": f"{_TOOLS}.DeleteRecordsCommand",
    "kafka-dump-log": f"{_TOOLS}.DumpLogSegments",
    "kafka-e2e-latency": f"{_TOOLS}.EndToEndLatency",
    "kafka-features": f"{_TOOLS}.FeatureCommand",
    "kafka-get-offsets": f"{_TOOLS}.GetOffsetShell",
    "kafka-groups": f"{_TOOLS}.GroupsCommand",
    "kafka-leader-election": f"{_TOOLS}.LeaderElectionCommand",
    "kafka-log-dirs": f"{_TOOLS}.LogDirsCommand",
    "kafka-metadata-quorum": f"{_TOOLS}.MetadataQuorumCommand",
    "kafka-producer-perf-test": f"{_TOOLS}.ProducerPerformance",
    "kafka-reassign-partitions": f"{_TOOLS}.reassign.ReassignPartitionsCommand",
    "kafka-replica-verification": f"{_TOOLS}.ReplicaVerificationTool",
    "kafka-server-start": "kafka.Kafka",
    "kafka-share-groups": f"{_TOOLS}.consumer.group.ShareGroupCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-streams-groups": f"{_TOOLS}.streams.StreamsGroupCommand",
    "kafka-topics": f"{_TOOLS}.TopicCommand",
    "kafka-transactions": f"{_TOOLS}.TransactionsCommand",
    "kafka-verifiable-consumer": f"{_TOOLS}.VerifiableConsumer",
    "kafka-verifiable-producer": f"{_TOOLS}.VerifiableProducer",
    "connect-distributed": "org.apache.kafka.connect.cli.ConnectDistributed",
    "connect-mirror-maker": "org.apache.kafka.connect.mirror.MirrorMaker",
    "connect-standalone": "org.apache.kafka.connect.cli.ConnectStandalone",
}


def command(
    name: str, *args: str, heap_mb: int = 256, full_jit: bool = False, properties=None
) -> list[str]:
    """The command line of a tool ("kafka-topics", with or without ".sh") or of a Java class."""
    jars.ensure_jars()
    name = name.removesuffix(".sh")
    main = CLASSES.get(name, name if "." in name else None)
    if main is None:
        raise ValueError(f"no tool named {name}; known: {', '.join(CLASSES)}")
    defines = {"log4j2.configurationFile": f"file:{paths.LOG4J_TOOLS}", **(properties or {})}
    return [
        "java",
        f"-Xmx{heap_mb}M",
        *jvm_speed(full_jit),
        *(f"-D{key}={value}" for key, value in defines.items()),
        "-cp",
        jars.classpath(),
        main,
        *map(str, args),
    ]


def tool(
    name: str,
    *args: str,
    input_text: str | None = None,
    timeout_s: float = 60,
    check: bool = True,
    **options,
) -> subprocess.CompletedProcess:
    """Runs a tool to its end. With check, RuntimeError with its output when it fails."""
    done = subprocess.run(
        command(name, *args, **options),
        capture_output=True,
        text=True,
        input=input_text or "",
        timeout=timeout_s,
    )
    if check and done.returncode != 0:
        raise RuntimeError(
            f"{name} {' '.join(map(str, args))} ended with {done.returncode}:\n"
            f"{done.stdout}{done.stderr}"
        )
    return done


def run_in_terminal(name: str, *args: str) -> int:
    """Runs a tool with this process's own input and output."""
    process = subprocess.Popen(command(name, *args, heap_mb=512, full_jit="perf" in name))
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tool's
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)
        sys.stdout.flush()
