"""Waiting for another process to change a file or a folder: inotify (Linux), no polling."""

import ctypes
import os
import select
import time
from pathlib import Path

# From <sys/inotify.h>.
_IN_MODIFY, _IN_MOVED_FROM, _IN_MOVED_TO, _IN_CREATE, _IN_DELETE = 0x02, 0x40, 0x80, 0x100, 0x200
_IN_DELETE_SELF, _IN_MOVE_SELF = 0x400, 0x800
_ANY_CHANGE = (
    _IN_MODIFY
    | _IN_MOVED_FROM
    | _IN_MOVED_TO
    | _IN_CREATE
    | _IN_DELETE
    | _IN_DELETE_SELF
    | _IN_MOVE_SELF
)
_LOOK_EVERY_S = 0.05
_EVENTS = 64 * 1024  # bytes read at once; it does not matter how many events there were

_libc = ctypes.CDLL(None)


class Wakeups:
    """Wakes its one owner when `path`, or something in it, is written, made, renamed or removed.

    Where the kernel has no more watches to give, it wakes its owner to look for himself instead.
    """

    def __init__(self, path: Path) -> None:
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if _libc.inotify_add_watch(self._fd, os.fsencode(path), _ANY_CHANGE) < 0:
            self.close()
            self._fd = -1
            return
        # Not select(): with a thousand listeners there are descriptors beyond its 1,023.
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def wait(self, timeout: float) -> None:
        """Return after the next change since the last call, or after `timeout` seconds."""
        if self._fd < 0:
            time.sleep(min(timeout, _LOOK_EVERY_S))
        elif self._poll.poll(timeout * 1000):
            os.read(self._fd, _EVENTS)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
