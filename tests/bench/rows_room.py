"""Row 13: the room of an hour-long call in a browser.

The demo's hour repeats a dialogue, which gzip notices; see decisions/0015 for other speech.
"""

import json
import shutil
import subprocess
import sys

from .figures import MIB, Result
from .stage import ROOT, Stage

_END_WITHIN_S = 240
_KIB = 1024
# What is drawn and remembered while playing is given back; half a MiB is the browser's own.
_FLAT_MIB = 0.5


def row_13(stage: Stage) -> list[Result]:
    if not shutil.which("chromium"):
        return [_missing("Chromium is not installed here")]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.room"],
            env=stage.portal_environment("room", "tests.bench.portal_settings"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_END_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        return [_missing("it took too long")]
    if done.returncode != 0:
        return [_missing(done.stderr.strip().splitlines()[-1] if done.stderr else "it ended")]
    found = json.loads(done.stdout)
    usable_ms, drawn_ms, longest_ms = found["usable"], found["drawn"], found["longest"]
    longest = (
        f"{longest_ms:.0f} ms of a processor, {found['longest_by_the_clock']:.0f} by the clock"
    )
    kib, grown = found["waveforms"] / _KIB, found["grown"] / MIB
    over = f"{grown:+.2f} MiB over {found['heap'] / MIB:.1f}"
    return [
        _line("room of an hour usable after", "≤ 2 s", f"{usable_ms:.0f} ms", usable_ms <= 2000),
        _line("its waveform drawn after", "≤ 2 s", f"{drawn_ms:.0f} ms", drawn_ms <= 2000),
        _line("its waveform on the wire", "< 110 KiB", f"{kib:.0f} KiB", kib < 110),
        _line("longest task while 20 s play", "< 100 ms", longest, longest_ms < 100),
        _line("heap of scripts after them", f"≤ {_FLAT_MIB} MiB more", over, grown <= _FLAT_MIB),
    ]


def _line(measure: str, target: str, measured: str, holds: bool) -> Result:
    return Result(13, measure, target, measured, holds)


def _missing(why: str) -> Result:
    return Result(13, "room of an hour in a browser", "", f"not measured: {why}", None)
