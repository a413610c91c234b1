"""Rows 8 and 15: slow listeners and open sockets, and pages asked for meanwhile."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections import defaultdict

from .client import fetch
from .figures import Result, median, ms, p95
from .processes import Failed
from .servers import PAGES, Portal
from .stage import ROOT, Stage
from .vendor import recording

RATE, SECONDS = 16 * 1024, 22
# How many listen, whether to a file that is still arriving, and the most memory for each in KiB.
_HERDS = ((1000, False, 20), (1000, True, 25), (5000, False, 20))
# Fast enough to be ahead of its listeners, slow enough to last as long as they listen.
_COLD_BANDWIDTH = 400e3
_PROBE_EVERY_S = 0.1
_SETTLED_AFTER_S = 5
OPEN_SOCKETS, _ROUNDS = 20, 9


def row_8(stage: Stage) -> list[Result]:
    results = []
    for listeners, cold, most_kib in _HERDS:
        portal = stage.fresh_portal()
        portal.make_cold()
        stage.vendor.behave()
        wanted = recording(8)
        if not cold:
            fetch(portal.ask(wanted))
            portal.wait_until_idle()
        else:
            stage.vendor.behave(latency_ms=80, bandwidth=_COLD_BANDWIDTH)
        label = "following a cold fill" if cold else "warm"
        results += _herd(portal, wanted, f"{listeners:,}, {label}", listeners, most_kib)
    stage.vendor.behave()
    return results


def row_15(stage: Stage) -> list[Result]:
    """Row 15: sockets whose clients got their response and do not close."""
    portal = stage.fresh_portal()
    before = _probe(portal, 2)["sign-in page"]
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    after = []
    for _ in range(_ROUNDS):
        with contextlib.ExitStack() as stack:
            for _ in range(OPEN_SOCKETS):
                connection = socket.create_connection(("127.0.0.1", portal.port), timeout=60)
                stack.enter_context(connection).sendall(head)
                while connection.recv(4096):
                    pass
            after.append(fetch(portal.page(PAGES["sign-in page"])).whole_s)
    later = median(after) - median(before)
    return [
        Result(
            15,
            f"{OPEN_SOCKETS} sockets left open after `Connection: close`: the next page",
            "≤ +5 ms",
            f"{ms(later)} (before {ms(median(before))}, after {ms(median(after))}, worst "
            f"{ms(max(after))})",
            later <= 0.005,
        )
    ]


def _herd(portal: Portal, wanted, label: str, listeners: int, most_kib: int) -> list[Result]:
    quiet = _probe(portal, 2)
    idle, cpu = portal.program.pss_kib(), portal.program.cpu_s()
    head = portal.ask(wanted).head.decode()
    plan = {"port": portal.port, "head": head, "listeners": listeners, "rate": RATE}
    herd = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.herd"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        herd.stdin.write(json.dumps(plan | {"seconds": SECONDS}).encode())
        herd.stdin.close()
        time.sleep(_SETTLED_AFTER_S)
        pages = _probe(portal, SECONDS - _SETTLED_AFTER_S - 4)
        each = (portal.program.pss_kib() - idle) / listeners
        cpu = portal.program.cpu_s() - cpu
        told = json.loads(herd.stdout.read())
        herd.wait(SECONDS)
    finally:
        herd.kill()
        herd.wait()
        herd.stdout.close()
    starts = told["first_s"] or [0.0]
    beside = "; ".join(
        f"{name} {ms(median(pages[name]))} / {ms(p95(pages[name]))}, "
        f"before {ms(median(quiet[name]))} / {ms(p95(quiet[name]))}"
        for name in PAGES
    )
    return [
        Result(
            8,
            f"listeners at 16 KiB/s, all arriving at once, {label}: served",
            "all",
            f"{told['served']:,} ({len(told['first_s']):,} begun, {told['cut']} cut; start median "
            f"{median(starts):.2f} s, p95 {p95(starts):.2f} s; {cpu:.1f} s of processor time)",
            told["served"] == listeners,
        ),
        Result(
            8,
            f"memory each, {label}",
            f"≤ {most_kib} KiB",
            f"{each:.0f} KiB PSS",
            each <= most_kib,
        ),
        Result(
            8,
            f"sign-in page meanwhile, p95, {label}",
            "≤ 10 ms",
            f"{ms(p95(pages['sign-in page']))} (median / p95: {beside})",
            p95(pages["sign-in page"]) <= 0.010,
        ),
    ]


def _probe(portal: Portal, seconds: float) -> dict[str, list[float]]:
    """Times of whole pages, asked for one after the other."""
    times = defaultdict(list)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, path in PAGES.items():
            try:
                times[name].append(fetch(portal.page(path)).whole_s)
            except (Failed, OSError):
                times[name].append(float(SECONDS))
            time.sleep(_PROBE_EVERY_S / len(PAGES))
    return times
