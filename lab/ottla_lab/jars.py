"""Kafka's jars (through Maven) and the lab's own Java programs (through javac), made once."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

from . import paths

_ready = False


def _fingerprint(*files: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _run(what: str, command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(
            f"{what} failed: {' '.join(command[:3])} ...\n{done.stdout}{done.stderr}"
            "Is ./dev setup done, and can Maven reach its repository?"
        )


def _step(stamp_name: str, fingerprint: str, make) -> None:
    """Runs make() unless it was done for the same inputs; the stamp is written last."""
    stamp = paths.BUILD / stamp_name
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    make()
    stamp.write_text(fingerprint)


def _fetch() -> None:
    print("lab: fetching Kafka's jars with Maven", flush=True)
    shutil.rmtree(paths.LIBS, ignore_errors=True)
    _run(
        "fetching Kafka's jars",
        [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(paths.LAB / "pom.xml"),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={paths.LIBS}",
            "-DincludeScope=runtime",
        ],
    )


def _compile(sources: list[pathlib.Path]) -> None:
    shutil.rmtree(paths.CLASSES, ignore_errors=True)
    paths.CLASSES.mkdir(parents=True)
    _run(
        "compiling the lab's Java programs",
        [
            "javac",
            "--release",
            "17",
            "-d",
            str(paths.CLASSES),
            "-cp",
            f"{paths.LIBS}/*",
            *map(str, sources),
        ],
    )
    # A jar, not the folder: class data sharing takes no folders. Renamed at the end, because JVMs
    # that run keep the old one open.
    unfinished = paths.LAB_JAR.with_suffix(".new")
    _run(
        "packing the lab's Java programs",
        ["jar", "--create", "--file", str(unfinished), "-C", str(paths.CLASSES), "."],
    )
    unfinished.rename(paths.LAB_JAR)


def _java_fingerprint() -> str:
    java = shutil.which("java")
    if java is None:
        raise RuntimeError("there is no java in the PATH; ./dev setup installs it")
    real = os.path.realpath(java)
    return f"{real} {os.stat(real).st_mtime_ns}"


def _archive() -> None:
    """Runs a broker once and keeps its loaded classes (class data sharing), which saves each later
    one 40 % of its start-up. Only a matter of speed, so its failure is told and forgotten."""
    from .cluster import Cluster  # pylint: disable=import-outside-toplevel,cyclic-import

    paths.ARCHIVE.unlink(missing_ok=True)
    print("lab: preparing a quick start of Kafka", flush=True)
    cluster = Cluster("archive", jvm_arguments=[f"-XX:ArchiveClassesAtExit={paths.ARCHIVE}"])
    try:
        cluster.start()
        cluster.stop(1)
    except (RuntimeError, TimeoutError) as error:
        print(f"lab: Kafka will start more slowly, without shared classes: {error}", flush=True)
    finally:
        cluster.stop()


def ensure_jars() -> None:
    """Fetches and compiles what is missing or out of date. Milliseconds when all is there."""
    global _ready
    if _ready:
        return
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    pom = paths.LAB / "pom.xml"
    sources = sorted((paths.LAB / "java").rglob("*.java"))
    with open(paths.BUILD / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may start at once
        _step("libs.stamp", _fingerprint(pom), _fetch)
        _step("classes.stamp", _fingerprint(pom, *sources), lambda: _compile(sources))
        _ready = True  # the next step starts a broker, which comes back here
        _step("archive.stamp", _fingerprint(pom, *sources) + _java_fingerprint(), _archive)


def classpath() -> str:
    return f"{paths.LAB_JAR}:{paths.LIBS}/*"
