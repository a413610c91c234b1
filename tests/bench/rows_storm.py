"""Row 11: a storm of webhooks while others listen."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit

from .client import fetch
from .figures import Result, median, ms, p95
from .processes import Failed
from .servers import Portal
from .stage import ROOT, WEBHOOK_SECRET, Stage
from .vendor import PAGE_CALLS, recording

SECONDS, LINES, PLAYERS = 20, 64, 50
_QUIET_S = 8
# A player fetches two seconds of sound of 128 kbit/s every two seconds.
_EVERY_S, _RANGE_BYTES = 2.0, 32 * 1024
_END_WITHIN_S = SECONDS + 45
_WORKED_OFF_WITHIN_S = 30


def row_11(stage: Stage) -> list[Result]:
    """`BENCH_STORM=200` for fewer events a second."""
    rate = int(os.environ.get("BENCH_STORM", "500"))
    stage.vendor.behave()
    portal = stage.fresh_portal()
    wanted = recording(8)
    fetch(portal.ask(wanted))
    portal.wait_until_idle()
    worker = stage.start_worker()
    try:
        return _row(stage, portal, rate)
    finally:
        stage.end(worker)


def _row(stage: Stage, portal: Portal, rate: int) -> list[Result]:
    before_rows = _events(stage)[0]
    players = _Players(portal)
    try:
        players.hear(_QUIET_S)
        before = players.taken()
        cpu = portal.program.cpu_s()
        told = _storm(portal, rate)
        cpu = portal.program.cpu_s() - cpu
        during = players.taken()
    finally:
        players.close()
    stored = _events(stage)[0] - before_rows
    left, waited_s = _worked_off(stage)
    took = told["took_s"] or [0.0]
    p99 = took[min(len(took) - 1, int(0.99 * len(took)))]
    others = {status: n for status, n in told["statuses"].items() if status != "200"}
    trouble = f"other answers {others or 'none'}, {told['broken']} lines broke"
    return [
        Result(
            11,
            f"{rate} signed webhooks a second for {SECONDS} s, {LINES} lines kept alive, "
            f"{PLAYERS} players, worker: rows in the database",
            "= events",
            f"{stored:,} of {told['sent']:,} ({told['acknowledged']:,} acknowledged, {trouble}, "
            f"{told['again']} sent again; took {told['lasted_s']:.1f} s; {cpu:.1f} s of processor "
            f"time; {waited_s:.0f} s later {left:,} not worked off)",
            stored == told["sent"] == told["acknowledged"],
        ),
        Result(
            11,
            "from the moment an event was due to its 200: p99",
            "< 1 s",
            f"{ms(p99)} (median {ms(median(took))}, p95 {ms(p95(took))}, worst {ms(took[-1])})",
            p99 < 1,
        ),
        Result(
            11,
            f"{PLAYERS} players meanwhile, each {_RANGE_BYTES // 1024} KiB every {_EVERY_S:.0f} s: "
            "ranges late or cut",
            "0",
            f"{sum(t > _EVERY_S for t in during.times) + during.failed} of "
            f"{len(during.times) + during.failed} (median / p95 / worst {_shown(during.times)}, "
            f"before {_shown(before.times)})",
            not during.failed and max(during.times, default=9.0) <= _EVERY_S,
        ),
    ]


def _shown(times: list[float]) -> str:
    times = times or [0.0]
    return f"{ms(median(times))} / {ms(p95(times))} / {ms(max(times))}"


def _storm(portal: Portal, rate: int) -> dict:
    plan = {
        "port": portal.port,
        "secret": WEBHOOK_SECRET,
        "rate": rate,
        "seconds": SECONDS,
        "lines": LINES,
        # The row is measured again where others disturbed it.
        "storm": time.time_ns(),
        "sessions": [f"sess_page{number}" for number in range(PAGE_CALLS)],
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.storm"],
            cwd=ROOT,
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            check=False,
            timeout=_END_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise Failed("The storm did not end in time.") from None
    if done.returncode != 0:
        raise Failed(f"The storm broke off:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _events(stage: Stage) -> tuple[int, int]:
    """The events that are stored, and those of them not worked off."""
    environment = stage.portal_environment("portal", "tests.bench.portal_settings")
    path = urlsplit(environment["DATABASE_URL"]).path[1:]
    with closing(sqlite3.connect(f"file:/{path.lstrip('/')}?mode=ro", uri=True)) as database:
        return database.execute(
            "SELECT count(*), count(*) - count(handled_at) FROM recordings_webhookevent"
        ).fetchone()


def _worked_off(stage: Stage) -> tuple[int, float]:
    began = time.monotonic()
    while (left := _events(stage)[1]) and time.monotonic() - began < _WORKED_OFF_WITHIN_S:
        time.sleep(0.5)
    return left, time.monotonic() - began


class _Taken:
    """What the players' ranges took, and how many were cut or refused."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.failed = 0


class _Players:
    """People who listen, each in a thread of their own, until `close`."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._over = portal, threading.Event()
        self._taken, self._lock = _Taken(), threading.Lock()
        self._threads = [
            threading.Thread(target=self._listen, args=(number,), daemon=True)
            for number in range(PLAYERS)
        ]
        for thread in self._threads:
            thread.start()

    def hear(self, seconds: float) -> None:
        self._over.wait(seconds)

    def taken(self) -> _Taken:
        """What was taken since the last time."""
        with self._lock:
            taken, self._taken = self._taken, _Taken()
        return taken

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _listen(self, number: int) -> None:
        wanted = recording(8)
        place = number * _RANGE_BYTES
        due_at = time.monotonic() + _EVERY_S * number / PLAYERS
        while not self._over.wait(max(0.0, due_at - time.monotonic())):
            seek = self._portal.ask(wanted, f"{place}-{place + _RANGE_BYTES - 1}")
            try:
                took = fetch(seek).whole_s
            except (Failed, OSError):
                with self._lock:
                    self._taken.failed += 1
            else:
                with self._lock:
                    self._taken.times.append(took)
            place = (place + _RANGE_BYTES) % (wanted.size - _RANGE_BYTES)
            due_at += _EVERY_S
