"""The table, printed and as docs/benchmarks.md."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from . import nginx
from .figures import Result

BUSY = 0.3
"""Of a core: when other programs use more, a row is marked."""

_METHOD = """\
## How it is measured

- Everything runs on this one machine and talks over loopback: the client, the servers, and the
  simulated Kallglot (docs/simulator.md) in a process of its own. Compare ratios and differences
  within this table, not milliseconds between machines.
- **direct** asks the simulated Kallglot itself. **naive** is the vendor's own sample, a
  `StreamingHttpResponse` over `iter_content(8192)` under gunicorn with 2 × 32 threads.
  **nginx-static** serves the same file from disk, **nginx-cache** keeps what it fetched
  (`proxy_cache`, `proxy_cache_lock`). **floor** is gunicorn's own gthread worker, which sends the
  file without Django. **portal** is the real view under its real server, with a
  session cookie, rights and the trail, over SQLite. **bare view** is the relay without these.
- Servers take turns within a round, and medians over the rounds are compared. Every request has
  a connection of its own, and its time begins before that connection is made.
- Before a sample that must not find the file, the copy of the sample before is removed, and a
  file of its size written and removed: on virtual machines the first use of a page of memory is
  slow, and only servers that keep files would pay for it.
- Memory is the proportional set size (PSS) of all the server's processes, on top of the same
  processes in rest. Processor time is theirs too, the work of putting the file in its place
  (SHA-256, fsync) included.
- A thousand listeners are a process of their own, each with a receive buffer of 16 KiB. They all
  arrive in the same moment, which is harder than life. Who gets 90 % of the rate from the first
  byte on, and is never cut, is served. While they listen, three pages are asked for, ten in a
  second; the sign-in page counts, as its own work is small, and the others stand beside it with
  what they took before. While following a fill, Kallglot sends 400 kB/s, so that the fill lasts.
- The library is asked through Django's test client in a process of its own: all middleware, the
  real view and template, no network. A reviewer who sees half of the calls asks for every
  address, an administrator for some; addresses take turns. The calls are made by
  `python -m tests.bench.calls`, always the same ones. `BENCH_SESSIONS=20000` makes it shorter.
  PostgreSQL is a cluster of the bench's own, without fsync.
- The storm is a process of its own too. An event's time begins at the moment at which it was
  due, so a server that falls behind is not asked less. The worker refreshes the calls that the
  events name meanwhile. A range that takes longer than the sound it holds is late.
- Lighthouse audits the demo's pages (`make run`) in Debian's Chromium, signed in, with its own
  settings for a desktop and, slowed down by its own model of a phone and its network, for a
  phone. It comes from npm when Node is there and is no part of this project;
  `LIGHTHOUSE=/path/to/lighthouse` takes another copy.
- "others" is how much of one core other programs of the machine used meanwhile; from
  {busy} on a row is measured again, and the quieter of the two runs is kept.
"""


def as_text(results: Sequence[Result]) -> str:
    return "\n".join(
        f"{r.row:>2}  {_verdict(r):4} {r.measure}\n          "
        f"{'target ' + r.target + ': ' if r.target else ''}{r.measured}{_mark(r)}"
        for r in results
    )


def write(path: Path, results: Sequence[Result], seconds: float) -> None:
    rows = "\n".join(
        f"| {r.row} | {r.measure} | {r.target} | {r.measured} | {_verdict(r)} | {r.others:.2f} |"
        for r in results
    )
    judged = [r for r in results if r.holds is not None]
    path.write_text(
        "# Benchmarks\n\n"
        f"Written by `make bench` in {seconds / 60:.0f} minutes on "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {sum(r.holds for r in judged)} of "
        f"{len(judged)} targets hold. Single rows: `make bench ROWS=6,7`, which leaves this page "
        "alone.\n\n"
        f"{machine()}{_disturbed(results)}\n\n"
        "| Row | Measure | Target | Measured | Holds | others |\n"
        "|---|---|---|---|---|---|\n"
        f"{rows}\n\n"
        f"{_METHOD.format(busy=BUSY)}"
    )


def machine() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB, Linux {platform.release()}; "
        f"Python {platform.python_version()}, Django {version('Django')}, "
        f"gunicorn {version('gunicorn')}, requests {version('requests')}, "
        f"nginx {nginx.version()}."
    )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _disturbed(results: Sequence[Result]) -> str:
    most = max(result.others for result in results)
    if most <= BUSY:
        return ""
    return (
        f"\n\n**This run was disturbed**: other programs used up to {most:.1f} of {os.cpu_count()} "
        "cores. Counts and memory stand; judge no time before it was repeated on a quiet machine."
    )


def _verdict(result: Result) -> str:
    return {True: "yes", False: "no", None: ""}[result.holds]


def _mark(result: Result) -> str:
    return f"  [others used {result.others:.1f} of a core]" if result.others > BUSY else ""
