"""A fill's progress for other processes: the head as JSON, the counters in a tiny file.

The filling process overwrites the counters after every block, and the kernel tells the watchers
(inotify), so a reader in another process is woken as promptly as one beside the fill.
"""

import json
import os
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path

from .files import is_at, open_file, read_file
from .growth import Head

_COUNTERS = struct.Struct("<qqqq")
_NONE = -1
_MOST_BYTES = 64 * 1024


class Phase(IntEnum):
    GROWING = 0
    COMPLETE = 1  # every byte is there and verified
    ENDED = 2  # and the file is in its place


@dataclass(frozen=True, slots=True)
class Counters:
    """Bytes from the beginning, the tail's bounds in bytes (start None: no tail), the phase."""

    available: int = 0
    tail_start: int | None = None
    tail_end: int = 0
    phase: Phase = Phase.GROWING


class Progress:
    """The counters' file, which one process writes and others read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def create(cls, path: Path) -> "Progress":
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        progress = cls(open_file(path, flags))
        try:
            progress.write(Counters())
        except OSError:
            progress.close()
            raise
        return progress

    @classmethod
    def open(cls, path: Path) -> "Progress":
        """Raises FileNotFoundError when there is no fill."""
        return cls(open_file(path))

    def write(self, counters: Counters) -> None:
        start = _NONE if counters.tail_start is None else counters.tail_start
        packed = _COUNTERS.pack(counters.available, start, counters.tail_end, counters.phase)
        os.pwrite(self._fd, packed, 0)

    def read(self) -> Counters:
        packed = os.pread(self._fd, _COUNTERS.size, 0)
        if len(packed) < _COUNTERS.size:
            return Counters()
        available, start, end, phase = _COUNTERS.unpack(packed)
        return Counters(available, None if start == _NONE else start, end, Phase(phase))

    def is_at(self, path: Path) -> bool:
        """Whether this is still the file at `path`: another fill makes one of its own."""
        return is_at(self._fd, path)

    def close(self) -> None:
        os.close(self._fd)


def write_json(path: Path, content: dict) -> None:
    """Put `content` at `path` at one stroke: readers see the old file or the new one, whole."""
    fresh = path.with_suffix(".new")
    with open(open_file(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as file:
        json.dump(content, file)
    fresh.rename(path)


def write_head(path: Path, head: Head) -> None:
    write_json(path, asdict(head))


def read_head(path: Path) -> Head | None:
    """The head in `path`, or None when it is not there (yet)."""
    try:
        return Head(**json.loads(read_file(path, _MOST_BYTES)))
    except (FileNotFoundError, ValueError, TypeError):
        return None
