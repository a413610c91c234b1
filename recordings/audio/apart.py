"""Analyses a file in a process of its own: `python -m recordings.audio.apart < file`.

The decoder is C code that reads whatever bytes the vendor sent. Should it fail on them for good,
only that process ends; it has no secret in its environment, and its memory and time are limited.
The worker's other jobs also do not share an interpreter with the arithmetic.
"""

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from .analysis import Analysis, analyse
from .decode import Undecodable

_ROOT = Path(__file__).resolve().parent.parent.parent
_MOST_MEMORY = 1 << 30
_MOST_CPU_S = 900
_MOST_S = 1800
_NICE = 10


def analyse_apart(file: io.FileIO) -> Analysis:
    """What `analysis.analyse` finds in a whole file that is open for reading.

    Raises Undecodable, also where the process fails, and OSError when reading fails.
    """
    command = [sys.executable, "-m", "recordings.audio.apart"]
    try:
        run = subprocess.run(  # noqa: S603  (our own module)
            command,
            stdin=file,
            capture_output=True,
            cwd=_ROOT,
            env={},
            timeout=_MOST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Undecodable("Decoding this file took too long.") from None
    head, _, body = run.stdout.partition(b"\n")
    if run.returncode or not head:
        raise Undecodable("The decoder failed on this file.")
    told = json.loads(head)
    if "undecodable" in told:
        raise Undecodable(told["undecodable"])
    if "unreadable" in told:
        raise OSError(told["unreadable"], os.strerror(told["unreadable"]))
    return _read(told, body)


def _write(found: Analysis) -> bytes:
    head = {
        "duration_ms": found.duration_ms,
        "peaks": [len(lane) for lane in found.peaks],
        "levels": [len(lane) for lane in found.levels],
        "spans": found.spans,
        "cut": found.cut,
    }
    return b"\n".join([json.dumps(head).encode(), b"".join((*found.peaks, *found.levels))])


def _read(told: dict, body: bytes) -> Analysis:
    stream = io.BytesIO(body)
    return Analysis(
        duration_ms=told["duration_ms"],
        peaks=tuple(stream.read(length) for length in told["peaks"]),
        levels=tuple(stream.read(length) for length in told["levels"]),
        spans=tuple(tuple((start, end) for start, end in lane) for lane in told["spans"]),
        cut=told["cut"],
    )


def _main() -> None:
    # Listeners come first.
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
    try:
        with open(0, "rb", closefd=False) as file:
            answer = _write(analyse(file))
    except Undecodable as error:
        answer = json.dumps({"undecodable": str(error)}).encode()
    except OSError as error:
        answer = json.dumps({"unreadable": error.errno or 5}).encode()
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    _main()
