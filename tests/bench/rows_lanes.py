"""Row 12: decoding a recording and finding its peaks and speech, as the worker does it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from recordings.simulator.sources import Source
from recordings.simulator.spoken import dialogue

from .figures import Result, median
from .processes import Failed
from .stage import ROOT, Stage

_ROUNDS = 3
_LENGTHS_S = {"4 minutes": 240, "1 hour": 3600}


def row_12(stage: Stage) -> list[Result]:
    return [
        _measured(stage, label, seconds, form)
        for label, seconds in _LENGTHS_S.items()
        for form in ("MP3, stereo", "WAV, mono")
    ]


def _measured(stage: Stage, label: str, seconds: int, form: str) -> Result:
    sound, length_s = _sound(seconds, form)
    path = stage.scratch / "decoded"
    with path.open("wb") as file:
        file.writelines(sound.blocks(0, sound.size))
    runs = [_decoded(path) for _ in range(_ROUNDS)]
    path.unlink()
    took_s = median([took_s for took_s, _, _ in runs])
    cpu_s = median([cpu_s for _, cpu_s, _ in runs])
    most_mib = max(most_mib for _, _, most_mib in runs)
    return Result(
        12,
        f"decode, peaks and speech of {label}, {form} ({sound.size / 1e6:.1f} MB)",
        "",
        f"{length_s / took_s:.0f} × real time ({took_s:.2f} s, {cpu_s:.2f} s of processor time), "
        f"{most_mib:.0f} MiB at most, Python's own included",
        None,
    )


def _sound(seconds: int, form: str) -> tuple[Source, float]:
    """Real speech, repeated until it is so long, and how long it became in seconds."""
    whole = dialogue("missing-parcel").whole()
    clip = whole.repeated(-(-seconds // int(whole.duration)))
    return clip.mp3("mixed") if form.startswith("MP3") else clip.leg("agent"), clip.duration


def _decoded(path: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and the most MiB in memory, of the worker's process."""
    with path.open("rb") as file:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "recordings.audio.apart"],
            stdin=file,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={},
        )
        with process.stdout:
            told = json.loads(process.stdout.readline())
            process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        took_s = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or "duration_ms" not in told:
        raise Failed(f"Decoding ended with {process.returncode}: {told}.")
    return took_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
