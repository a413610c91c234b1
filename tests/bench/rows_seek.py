"""Rows 5 and 7: jumps, into a recording that is still arriving and into one that is there."""

import random
import threading
import time
from collections import defaultdict

from .client import Answer, fetch
from .figures import Result, median, ms, over_ms, p95
from .stage import Stage
from .vendor import Recording, recording

_FILL_ROUNDS = 5
_BANDWIDTH = 2e6
_SEEK_AFTER_S = 0.3
_HEARD_BYTES = 64 * 1024
_WARM_ROUNDS = 100


def row_5(stage: Stage) -> list[Result]:
    portal, direct = stage.portal, stage.direct
    stage.vendor.behave(latency_ms=80, bandwidth=_BANDWIDTH)
    portal.make_cold()
    late = [_seek_without_range(stage, recording(8, n + 1)) for n in range(_FILL_ROUNDS)]
    stage.vendor.behave(latency_ms=80, bandwidth=_BANDWIDTH, ranges=True)
    jumps, straight = [], []
    for number in range(_FILL_ROUNDS * 2):
        wanted = recording(8, _FILL_ROUNDS + number + 1)
        seek = f"{_place(wanted)}-{wanted.size - 1}"
        with _Reader(portal.ask(wanted), 0):
            time.sleep(_SEEK_AFTER_S)
            jumps.append(fetch(portal.ask(wanted, seek), stop_after=_HEARD_BYTES).first_s)
            straight.append(fetch(direct.ask(wanted, seek), stop_after=_HEARD_BYTES).first_s)
    over = median(jumps) - median(straight)
    return [
        Result(
            5,
            "seek to 90 % in a fill at 2 MB/s, vendor without Range, after that byte's arrival",
            "≤ +50 ms",
            f"{over_ms(median(late))} (worst of {len(late)}: {over_ms(max(late))})",
            median(late) <= 0.050,
        ),
        Result(
            5,
            f"the same, vendor with Range, over direct ({ms(median(straight))})",
            "≤ +5 ms",
            f"{over_ms(over)} (worst of {len(jumps)}: {over_ms(max(jumps) - median(straight))})",
            over <= 0.005,
        ),
    ]


def row_7(stage: Stage) -> list[Result]:
    wanted = recording(40)
    stage.vendor.behave()
    peers = [stage.nginx_static, stage.bare, stage.portal]
    for server in peers:
        fetch(server.ask(wanted))
        server.wait_until_idle()
    places = random.Random(7)
    times = defaultdict(list)
    for _ in range(_WARM_ROUNDS):
        start = places.randrange(wanted.size - _HEARD_BYTES)
        for server in peers:
            seek = server.ask(wanted, f"{start}-{start + _HEARD_BYTES - 1}")
            times[server.name].append(fetch(seek).first_s)
    static, bare, portal = (median(times[server.name]) for server in peers)
    return [
        Result(
            7,
            f"warm seek, 64 KiB of 40 MiB, over nginx-static ({ms(static)}), bare view",
            "≤ +1 ms",
            f"{over_ms(bare - static)} (portal {over_ms(portal - static)}, "
            f"p95 {over_ms(p95(times['portal']) - static)})",
            bare - static <= 0.001,
        )
    ]


def _place(wanted: Recording) -> int:
    return wanted.size * 9 // 10


def _seek_without_range(stage: Stage, wanted: Recording) -> float:
    """How long after the byte's arrival the jump was answered.

    The vendor sends at the same pace to everybody, so a reader of its own who begins at the same
    time tells when the byte arrives.
    """
    place = _place(wanted)
    with _Reader(stage.portal.ask(wanted), place), _Reader(stage.direct.ask(wanted), place) as own:
        time.sleep(_SEEK_AFTER_S)
        seek = f"{place}-{wanted.size - 1}"
        jump = fetch(stage.portal.ask(wanted, seek), stop_after=1)
    return jump.began_at + jump.first_s - (own.answer.began_at + own.answer.marked_s)


class _Reader(threading.Thread):
    """Reads a whole answer meanwhile."""

    def __init__(self, request, mark: int) -> None:
        super().__init__(daemon=True)
        self._request, self._mark = request, mark
        self.answer: Answer | None = None

    def run(self) -> None:
        self.answer = fetch(self._request, mark=self._mark)

    def __enter__(self) -> "_Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.join()
