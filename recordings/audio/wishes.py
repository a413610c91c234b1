"""Wishes for bytes ahead of their turn, which readers in other processes leave in a tiny file.

The kernel tells the filling process (inotify) as soon as one is left, however slowly the vendor
sends.
"""

import contextlib
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from .files import open_file
from .wakeups import Wakeups

_WISH = struct.Struct("<q")
_NONE = -1
_LOOK_ANYWAY_EVERY_S = 5


class Wishes:
    """The file. It holds one wish at a time: the position of a byte."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def create(cls, path: Path) -> "Wishes":
        wishes = cls(open_file(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        try:
            wishes.leave(None)
        except OSError:
            wishes.close()
            raise
        return wishes

    @classmethod
    def open(cls, path: Path) -> "Wishes":
        """Raises FileNotFoundError when there is no fill."""
        return cls(open_file(path, os.O_RDWR))

    def leave(self, position: int | None) -> None:
        """Ask the filling process for the bytes from `position` on; None takes the wish back."""
        os.pwrite(self._fd, _WISH.pack(_NONE if position is None else position), 0)

    def read(self) -> int | None:
        packed = os.pread(self._fd, _WISH.size, 0)
        (position,) = _WISH.unpack(packed) if len(packed) == _WISH.size else (_NONE,)
        return None if position == _NONE else position

    def close(self) -> None:
        os.close(self._fd)


class Attendant(threading.Thread):
    """Calls `on_wish`, on this thread, whenever the file at `path` is written, until `end`."""

    def __init__(self, path: Path, on_wish: Callable[[], None]) -> None:
        super().__init__(name=f"wishes-{path.parent.name}", daemon=True)
        self._path = path
        self._on_wish = on_wish
        self._over = False

    def run(self) -> None:
        with contextlib.closing(Wakeups(self._path)) as wakeups:
            while not self._over:
                wakeups.wait(_LOOK_ANYWAY_EVERY_S)
                if not self._over:
                    self._on_wish()

    def end(self) -> None:
        """The next write to the file ends the thread."""
        self._over = True
