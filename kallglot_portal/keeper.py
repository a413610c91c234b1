"""Keeps one command running: `python -m kallglot_portal.keeper COMMAND…`.

The worker runs under it. honcho ends everything when one of its processes ends, and a worker that
was killed (by hand, or for want of memory) must not take the web server with it: interactive work
needs no worker. It is started again, ever later while it keeps dying at once.
"""

import signal
import subprocess
import sys
import threading
import time

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
# Who has lived this long did not die of its start.
_LIVED_S = 60.0


def main(command: list[str]) -> int:
    stopping = threading.Event()
    child: subprocess.Popen | None = None

    def stop(number, frame) -> None:
        stopping.set()
        if child is not None and child.poll() is None:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    wait_s = _FIRST_WAIT_S
    while not stopping.is_set():
        began = time.monotonic()
        child = subprocess.Popen(command)  # noqa: S603  (our own words)
        code = child.wait()
        if stopping.is_set():
            break
        if time.monotonic() - began > _LIVED_S:
            wait_s = _FIRST_WAIT_S
        sys.stderr.write(f"The worker ended ({code}) and is started again in {wait_s:.0f} s.\n")
        stopping.wait(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
