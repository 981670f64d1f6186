"""Child processes of the lab: JVMs that end with this process, and what any process has used."""

import ctypes
import os
import pathlib
import signal
import subprocess

from . import jars, paths

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """For preexec_fn: SIGKILL to the child when the *thread* that started it ends, so only for
    children started from a thread that lives as long as they should."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def cpu_seconds(pid: int) -> float:
    """User plus system CPU time that the process has used so far (all its threads)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status_bytes(pid: int, field: str) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no {field}")


def peak_rss_bytes(pid: int) -> int:
    return _status_bytes(pid, "VmHWM")


def rss_bytes(pid: int) -> int:
    return _status_bytes(pid, "VmRSS")


def jvm_speed(full_jit: bool) -> list[str]:
    """JVM options: quick start and a small process, or the best code after a while."""
    options = ["-Xshare:auto", "-XX:-UsePerfData"]
    if paths.ARCHIVE.exists():
        options.append(f"-XX:SharedArchiveFile={paths.ARCHIVE}")
    return options + ([] if full_jit else ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])


def jvm_command(
    heap_mb: int,
    full_jit: bool,
    log: pathlib.Path | str,
    properties=None,
    log_level: str = "info",
    jvm_arguments=(),
) -> list[str]:
    """`java` up to the main class."""
    defines = {
        "log4j2.configurationFile": f"file:{paths.LOG4J}",
        "lab.log": str(log),
        "lab.log.level": log_level,
        "log4j2.disable.jmx": "true",
        "java.awt.headless": "true",
        **(properties or {}),
    }
    return [
        "java",
        f"-Xmx{heap_mb}M",
        "-XX:+ExitOnOutOfMemoryError",
        *jvm_speed(full_jit),
        *jvm_arguments,
        *(f"-D{name}={value}" for name, value in defines.items()),
        "-cp",
        jars.classpath(),
    ]


class Native:
    """A process that is not ours to change: killed when the thread that started it ends. Its output
    goes to a file; command, env and cwd as for subprocess."""

    def __init__(self, command: list[str], output: pathlib.Path, env=None, cwd=None):
        self.output = output
        with open(output, "ab") as out:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def peak_rss_bytes(self) -> int:
        return peak_rss_bytes(self.pid)

    def pause(self) -> None:
        """SIGSTOP: the process hangs but its connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill9(self) -> None:
        self.process.kill()
        self._reap(10)

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM and wait; SIGKILL if that does not do it. The exit status."""
        self.process.terminate()
        try:
            self._reap(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill9()
        return self.process.returncode

    def _reap(self, timeout_s: float) -> None:
        self.process.wait(timeout_s)

    def last_output(self, lines: int = 30) -> str:
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])


class Jvm(Native):
    """A JVM whose main class runs ottla.lab.ParentWatch: it ends when its standard input does."""

    def __init__(
        self, command: list[str], output: pathlib.Path
    ):  # pylint: disable=super-init-not-called
        self.output = output
        with open(output, "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
            )

    def _reap(self, timeout_s: float) -> None:
        super()._reap(timeout_s)
        self.process.stdin.close()
