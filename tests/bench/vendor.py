"""The vendor's stand-in in a process of its own, with recordings of the sizes that are measured.

`python -m tests.bench.vendor PORT` serves until it is ended; `Vendor` steers it from outside.
"""

import json
import signal
import sys
import threading
import urllib.request
from dataclasses import dataclass
from typing import Any

from recordings.simulator import Simulator, make_call, noise

from .figures import MIB

KEY = "sk_test_simulated_0001"
COPIES = {3: 64, 8: 40, 40: 1, 200: 1}
"""How many recordings there are of each size in MiB."""
PAGE_CALLS = 50
"""Small calls besides, so that the library has a page to show."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of the vendor; size in bytes."""

    id: str
    size: int


def recording(mib: int, copy: int = 1) -> Recording:
    suffix = f"_{copy}" if copy > 1 else ""
    return Recording(f"rec_bench{mib}_mixed{suffix}", mib * MIB)


def session_ids() -> list[str]:
    return [f"sess_bench{mib}" for mib in COPIES] + [f"sess_page{n}" for n in range(PAGE_CALLS)]


def audio(mib: int):
    """The bytes of every recording of this size: a sound WAV file."""
    return noise(mib * MIB, "wav")


class Vendor:
    """The control endpoint of the vendor on `port`."""

    def __init__(self, port: int) -> None:
        self.port = port

    def behave(self, *, latency_ms: float = 0, bandwidth: float = 0, ranges: bool = False) -> None:
        options = {"latency_ms": latency_ms, "bandwidth": bandwidth, "range": ranges}
        # Without a strong validator no two responses are put together.
        options["validators"] = "strong" if ranges else "off"
        self._control("POST", "options", options)

    def forget_requests(self) -> None:
        self._control("DELETE", "requests")

    def audio_requests(self) -> list[dict[str, Any]]:
        """The requests for audio since `forget_requests`, each with `status` and `sent` bytes."""
        return [r for r in self._control("GET", "requests") if r["path"].endswith("/audio")]

    def _control(self, method: str, name: str, given: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_simulator/{name}",
            method=method,
            data=None if given is None else json.dumps(given).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def _calls():
    for mib, parts in COPIES.items():
        audio_of_size = audio(mib)
        yield make_call(
            f"sess_bench{mib}",
            {"mixed": audio_of_size},
            formats={"mixed": "wav"},
            duration=mib * MIB / 16_000,
            parts=parts,
        )
    small = noise(10_000, "wav")
    for number in range(PAGE_CALLS):
        yield make_call(f"sess_page{number}", {"mixed": small}, formats={"mixed": "wav"})


def main(port: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with Simulator(port, KEY, calls=list(_calls())):
        stop.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
