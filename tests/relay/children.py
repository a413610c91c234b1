"""Other processes that use the same audio folder, made and killed at will."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Child:
    """One relaying process. `sha256` is empty when it did not come to its end."""

    pid: int
    ended: threading.Event = field(default_factory=threading.Event)
    sha256: str = ""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        assert self.ended.wait(30)

    def result(self, within: float = 60) -> str:
        assert self.ended.wait(within), "the process did not come to its end"
        return self.sha256


class Nursery:
    """Talks to `nursery.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.relay.nursery"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._born: queue.Queue[Child] = queue.Queue()
        self._children: dict[str, Child] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def fill(self, vendor, root: Path, key: str, recording_id: str) -> Child:
        """A process that relays `recording_id` through the audio folder `root`."""
        order = {"root": str(root), "key": key, "recording_id": recording_id}
        order |= {"url": vendor.url, "api_key": vendor.key}
        self._process.stdin.write(json.dumps(order) + "\n")
        return self._born.get(timeout=60)

    def close(self) -> None:
        for child in self._children.values():
            if not child.ended.is_set():
                child.kill()
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _listen(self) -> None:
        for line in self._process.stdout:
            pid, _, told = line.rstrip("\n").partition(" ")
            if not told:
                self._children[pid] = child = Child(int(pid))
                self._born.put(child)
            else:
                child = self._children[pid]
                child.sha256 = told.partition(" ")[2]
                child.ended.set()
