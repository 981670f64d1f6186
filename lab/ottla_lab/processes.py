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


def jvm_command(heap_mb: int, full_jit: bool, log: pathlib.Path | str, properties=None,
                log_level: str = "info") -> list[str]:
    """`java` up to the main class. Without full_jit it starts faster and peaks lower."""
    speed = [] if full_jit else ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    defines = {"log4j2.configurationFile": f"file:{paths.LOG4J}", "lab.log": str(log),
               "lab.log.level": log_level, "log4j2.disable.jmx": "true",
               "java.awt.headless": "true", **(properties or {})}
    return ["java", f"-Xmx{heap_mb}M", "-Xshare:auto", "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError", *speed,
            *(f"-D{name}={value}" for name, value in defines.items()), "-cp", jars.classpath()]


class Jvm:
    """A JVM whose main class runs ottla.lab.ParentWatch: it ends when `stdin` closes."""

    def __init__(self, command: list[str], output: pathlib.Path):
        self.output = output
        with open(output, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out,
                                            start_new_session=True)

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

    def stop(self, timeout_s: float = 30) -> None:
        """SIGTERM and wait; SIGKILL if that does not do it."""
        self.process.terminate()
        try:
            self._reap(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill9()

    def _reap(self, timeout_s: float) -> None:
        self.process.wait(timeout_s)
        self.process.stdin.close()

    def last_output(self, lines: int = 30) -> str:
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])
