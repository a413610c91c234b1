"""`python -m tests.bench [--rows 6,7]`: measures, prints the table, writes docs/benchmarks.md."""

import argparse
import resource
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from . import (
    report,
    rows_cold,
    rows_herd,
    rows_lanes,
    rows_library,
    rows_lighthouse,
    rows_memory,
    rows_room,
    rows_seek,
    rows_storm,
    rows_vendor,
    rows_warm,
)
from .figures import Result
from .processes import Failed, adopt_orphans, bury_orphans, machine_cpu_s
from .stage import ROOT, Stage

ROWS = {
    1: rows_vendor.row_1,
    2: rows_cold.row_2,
    3: rows_cold.row_3,
    4: rows_cold.row_4,
    5: rows_seek.row_5,
    6: rows_warm.row_6,
    7: rows_seek.row_7,
    8: rows_herd.row_8,
    9: rows_memory.row_9,
    10: rows_library.row_10,
    11: rows_storm.row_11,
    12: rows_lanes.row_12,
    13: rows_room.row_13,
    14: rows_lighthouse.row_14,
    15: rows_herd.row_15,
}
# No row is measured again for others' sake after this.
_PATIENCE_S = 180
# A thousand listeners, each with a socket at either end and a file.
_OPEN_FILES = 16_384


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--rows", default="", help="such as 6,7; all without it")
    given = parser.parse_args(arguments)
    try:
        chosen = [int(number) for number in given.rows.split(",") if number] or list(ROWS)
        rows = {number: ROWS[number] for number in chosen}
    except (ValueError, KeyError):
        parser.error(f"--rows takes numbers from {min(ROWS)} to {max(ROWS)}")
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _raise_open_files()
    adopt_orphans()
    scratch = Path(tempfile.mkdtemp(prefix="kallglot-portal-bench-"))
    stage = Stage(scratch)
    began = time.monotonic()
    try:
        results = _measure(stage, rows, began)
    except Failed as error:
        sys.stderr.write(f"{error}\n{_last_words(scratch)}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        stage.close()
        shutil.rmtree(scratch, ignore_errors=True)
    if chosen == list(ROWS):
        report.write(ROOT / "docs" / "benchmarks.md", results, time.monotonic() - began)
        report.say("Written to docs/benchmarks.md.")
    return 0


def _measure(stage: Stage, rows, began: float) -> list[Result]:
    report.say(report.machine())
    results = []
    for measure in rows.values():
        found = _with_others(stage, measure)
        if found[0].others > report.BUSY and time.monotonic() - began < _PATIENCE_S:
            found = min(found, _with_others(stage, measure), key=lambda run: run[0].others)
        report.say(report.as_text(found))
        results += found
    return results


def _with_others(stage: Stage, measure) -> list[Result]:
    """The row's results, with what other programs of the machine used meanwhile."""
    began, all_before = time.monotonic(), machine_cpu_s()
    ours_before = _own_cpu_s(stage)
    found = measure(stage)
    others = machine_cpu_s() - all_before - (_own_cpu_s(stage) - ours_before)
    share = max(0.0, others) / (time.monotonic() - began)
    return [replace(result, others=share) for result in found]


def _own_cpu_s(stage: Stage) -> float:
    bury_orphans()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return stage.cpu_s() + sum(usage.ru_utime + usage.ru_stime for usage in used)


def _last_words(scratch: Path) -> str:
    """The end of every server's log, for a person who wonders why."""
    ends = ((log.name, log.read_text(errors="replace")[-1500:]) for log in scratch.glob("*.log"))
    return "".join(f"\n-- {name}\n{end}\n" for name, end in sorted(ends) if end)


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
