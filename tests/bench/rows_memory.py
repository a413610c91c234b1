"""Row 9: memory on top while one recording of 200 MiB passes for the first time."""

import threading
import time

from .client import fetch
from .figures import Result
from .servers import Server, recycle
from .stage import Stage
from .vendor import recording

_SLOW = 5e6
_SLOW_READER_S = 8
_LOOK_EVERY_S = 0.1


def row_9(stage: Stage) -> list[Result]:
    stage.vendor.behave()
    portal = stage.fresh_portal()
    results = []
    for server in (portal, stage.nginx_cache, stage.naive):
        for rate, label in ((0.0, "fast reader"), (_SLOW, "reader at 5 MB/s")):
            on_top, idle = _on_top(stage, server, rate)
            results.append(
                Result(
                    9,
                    f"memory on top while a cold 200 MiB passes, {label}: {server.name}",
                    "≤ 2 MiB" if server is portal else "",
                    f"{on_top:+.1f} MiB over {idle:.0f}",
                    on_top <= 2 if server is portal else None,
                )
            )
    return results


def _on_top(stage: Stage, server: Server, rate: float) -> tuple[float, float]:
    """The most MiB on top of those in rest, and those in rest."""
    # What the first downloads need once and for all is not counted.
    for _ in range(8):
        server.make_cold()
        fetch(server.ask(recording(3)))
    server.make_cold()
    recycle(stage.scratch, recording(200).size)
    idle = server.program.pss_kib()
    most, over = idle, threading.Event()

    def look():
        nonlocal most
        while not over.wait(_LOOK_EVERY_S):
            most = max(most, server.program.pss_kib())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        stop_after = int(rate * _SLOW_READER_S) or None
        fetch(server.ask(recording(200)), rate=rate, stop_after=stop_after)
        server.wait_until_idle()
        time.sleep(_LOOK_EVERY_S)
    finally:
        over.set()
        looking.join()
    return (most - idle) / 1024, idle / 1024
