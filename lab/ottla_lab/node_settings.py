"""The settings of a node of a Cluster."""

from . import listeners as kinds

_HOST = "127.0.0.1"
_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
# Small and quick; anything can be overridden by config={...}.
_TEST_SETTINGS = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "2",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "broker.heartbeat.interval.ms": "250",
    "broker.session.timeout.ms": "3000",
    "log.initial.task.delay.ms": "500",
    "file.delete.delay.ms": "1000",
    "controlled.shutdown.max.retries": "1",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.min.session.timeout.ms": "100",
}


def node_settings(
    broker: int,
    *,
    brokers: int,
    controllers: list[int],
    listeners: list[str],
    bind: dict,
    advertised: dict,
    log_dir,
    rack: str | None,
    authorizer: bool,
) -> dict[str, str]:
    """server.properties of one node. bind and advertised: (broker, listener name) -> port."""
    controller = broker in controllers
    voters = ",".join(f"{c}@{_HOST}:{bind[c, 'CONTROLLER']}" for c in controllers)
    binds = [f"{n}://{_HOST}:{bind[broker, n]}" for n in listeners]
    if controller:
        binds.append(f"CONTROLLER://{_HOST}:{bind[broker, 'CONTROLLER']}")
    replication = str(min(3, brokers))
    settings = {
        "process.roles": "broker,controller" if controller else "broker",
        "node.id": str(broker),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": ",".join(binds),
        "advertised.listeners": ",".join(
            f"{n}://{_HOST}:{advertised[broker, n]}" for n in listeners
        ),
        "listener.security.protocol.map": ",".join(
            ["CONTROLLER:PLAINTEXT", *(f"{n}:{kinds.protocol(n)}" for n in listeners)]
        ),
        "log.dirs": str(log_dir),
        "default.replication.factor": replication,
        "offsets.topic.replication.factor": replication,
        "transaction.state.log.replication.factor": replication,
        "share.coordinator.state.topic.replication.factor": replication,
        "transaction.state.log.min.isr": str(min(2, brokers)),
        "share.coordinator.state.topic.min.isr": str(min(2, brokers)),
    }
    if rack:
        settings["broker.rack"] = rack
    if authorizer:
        settings["authorizer.class.name"] = _AUTHORIZER
        settings["super.users"] = kinds.SUPER_USERS
    return _TEST_SETTINGS | settings | kinds.broker_settings(listeners)
