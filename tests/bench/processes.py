"""Programs that the bench starts: their ports, their end, their processor time and memory."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_START_WITHIN_S = 30
_END_WITHIN_S = 3
_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):  # noqa: N818  (it says what happened)
    """A program did not start, or answered what it must not; the message is for a person."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """One server with its children, in a process group of its own; `end` ends them all."""

    def __init__(
        self,
        command: Sequence[str],
        port: int | None,
        log: Path,
        *,
        env: Mapping[str, str],
        cwd: Path,
    ) -> None:
        self.port = port
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if port is not None:  # else it does not listen
            self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.end()
                tail = self._log.read_text(errors="replace")[-2000:]
                raise Failed(f"{self._process.args[0]} does not listen:\n{tail}")
            time.sleep(0.02)

    def end(self) -> None:
        for number, wait_s in ((signal.SIGTERM, _END_WITHIN_S), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_s)

    def pids(self) -> list[int]:
        return list(_tree(self._process.pid))

    def cpu_s(self) -> float:
        """Processor time that the program has used so far, its living children included."""
        return sum(map(_cpu_s, self.pids()))

    def pss_kib(self) -> int:
        """Proportional set size: memory of its own, and its share of what is shared."""
        return sum(map(_pss_kib, self.pids()))


def adopt_orphans() -> None:
    """Become the parent of what our programs leave behind, a browser its helpers for instance.

    Their time counts as ours once `bury_orphans` has waited for them.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def bury_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def machine_cpu_s() -> float:
    """Processor time that all programs of this machine have used so far."""
    with open("/proc/stat") as file:
        # user nice system idle iowait irq softirq steal; steal is work of other machines.
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _tree(int(child))


def _cpu_s(pid: int) -> float:
    try:
        # The name in brackets may hold blanks; what follows it does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
