"""`python3 -m ottla_lab`: clusters to play with, and Kafka's tools. `./dev lab` calls it."""

import argparse
import json
import os
import signal
import string
import subprocess
import sys

from . import jars, paths, tools
from .cluster import Cluster
from .waiting import wait_until
from .wan_link import WanLink

STATE = paths.BUILD / "up.json"
_USAGE = """\
usage: lab up [options]        start clusters (see lab up --help)
       lab down                stop what `lab up --detach` started
       lab status              what runs, and its addresses
       lab setup               fetch Kafka's jars and compile the lab's programs
       lab TOOL [arguments]    one of Kafka's command-line tools; after --bootstrap-server the name
                               of a cluster of `lab up` will do (A; A/SASL_SSL: another listener)
tools: """


def _state() -> dict | None:
    """What `lab up` wrote, if it still runs."""
    try:
        state = json.loads(STATE.read_text())
        os.kill(state["pid"], 0)
        return state
    except (OSError, ValueError):
        return None


def _show(state: dict) -> None:
    for name, one in state["clusters"].items():
        for listener, addresses in one["listeners"].items():
            print(f"cluster {name}  {listener:15} {addresses}")
        print(f"cluster {name}  logs and data   {one['data_dir']}")
    name = next(iter(state["clusters"]))
    print(
        f"try: ./dev lab kafka-topics --bootstrap-server {name} --create --topic orders", flush=True
    )


def _up_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev lab up",
        description="Starts Kafka clusters named A, B, "
        "... on loopback; they end with Ctrl-C, or with ./dev lab down.",
    )
    parser.add_argument("--clusters", type=int, default=2, metavar="N", help="how many (default 2)")
    parser.add_argument(
        "--brokers", type=int, default=1, metavar="N", help="per cluster (default 1)"
    )
    parser.add_argument(
        "--listeners",
        default="",
        metavar="NAMES",
        help="further listeners: SSL,MTLS,SASL_PLAINTEXT,SASL_SSL,...",
    )
    parser.add_argument("--authorizer", action="store_true", help="check ACLs")
    parser.add_argument(
        "--wan-rtt-ms",
        type=float,
        metavar="MS",
        help="add a WAN listener that is reached through a link with that round trip",
    )
    parser.add_argument(
        "--wan-bandwidth",
        type=int,
        default=0,
        metavar="BYTES",
        help="of that link, per second and way (default: unlimited)",
    )
    parser.add_argument("--detach", action="store_true", help="return when they are up")
    options = parser.parse_args(arguments)
    if not 1 <= options.clusters <= 26 or options.brokers < 1:
        parser.error("from 1 to 26 clusters of at least one broker")
    return options


def _detach(arguments: list[str]) -> int:
    log = paths.BUILD / "up.log"
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ottla_lab", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    wait_until(lambda: _state() or process.poll() is not None, 300, "the clusters are up")
    state = _state()
    if not state:
        print(log.read_text(), file=sys.stderr)
        return 1
    _show(state)
    return 0


def _up(arguments: list[str]) -> int:
    options = _up_options(arguments)
    if _state():
        print(
            "clusters are up already (./dev lab status); ./dev lab down stops them", file=sys.stderr
        )
        return 1
    if options.detach:
        return _detach([one for one in arguments if one != "--detach"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listeners = [name for name in options.listeners.split(",") if name]
    if options.wan_rtt_ms is not None:
        listeners.append("WAN")
    clusters = [
        Cluster(
            name,
            options.brokers,
            listeners=listeners,
            authorizer=options.authorizer,
            config={"auto.create.topics.enable": "true"},
        )
        for name in string.ascii_uppercase[: options.clusters]
    ]
    try:
        for cluster in clusters:
            cluster.start(wait=False)
        for cluster in clusters:
            cluster.wait_ready()
        if options.wan_rtt_ms is not None:
            WanLink(
                [route for cluster in clusters for route in cluster.routes()],
                rtt_ms=options.wan_rtt_ms,
                bandwidth=options.wan_bandwidth,
            )
        _write_state(clusters)
        _show(_state())
        print("Ctrl-C stops them", flush=True)
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return 0
    finally:
        STATE.unlink(missing_ok=True)
        for cluster in clusters:
            cluster.stop()


def _write_state(clusters: list[Cluster]) -> None:
    state = {
        "pid": os.getpid(),
        "clusters": {
            cluster.name: {
                "data_dir": str(cluster.data_dir),
                "listeners": {one: cluster.bootstrap(one) for one in cluster.listeners},
            }
            for cluster in clusters
        },
    }
    unfinished = STATE.with_suffix(".new")
    unfinished.write_text(json.dumps(state))
    unfinished.rename(STATE)


def _down() -> int:
    state = _state()
    if not state:
        print("nothing is up")
        return 0
    os.kill(state["pid"], signal.SIGTERM)
    wait_until(lambda: not STATE.exists(), 60, "the clusters are down")
    print("stopped")
    return 0


def _status() -> int:
    state = _state()
    if not state:
        print("nothing is up; ./dev lab up starts two clusters")
        return 1
    _show(state)
    return 0


def _with_addresses(arguments: list[str]) -> list[str]:
    """Puts the addresses of clusters of `lab up` in the place of their names."""
    state = _state() or {"clusters": {}}
    named = {}
    for name, one in state["clusters"].items():
        named[name] = one["listeners"]["PLAINTEXT"]
        named |= {f"{name}/{listener}": where for listener, where in one["listeners"].items()}
    changed = list(arguments)
    for i in range(1, len(arguments)):
        if arguments[i - 1] in ("--bootstrap-server", "--broker-list"):
            changed[i] = named.get(arguments[i], arguments[i])
    return changed


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "--help"
    if command in ("--help", "-h", "help"):
        print(_USAGE + ", ".join(tools.CLASSES))
        return 0
    if command == "up":
        return _up(arguments[1:])
    if command in ("down", "status", "setup"):
        return {"down": _down, "status": _status, "setup": jars.ensure_jars}[command]() or 0
    try:
        return tools.run_in_terminal(command, *_with_addresses(arguments[1:]))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
