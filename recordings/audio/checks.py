"""Whether the kept files still are what was fetched: damage on the disk is noticed and logged.

A file is compared with the SHA-256 on record once a day while it is used, and whenever the file
system says that it was changed. Bytes for downloads, ZIPs and analysis wait for that. A playback
does not: its file is compared meanwhile, on a thread of its own, also after a restart.
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
from collections import deque

from .facts import Facts
from .files import is_at, open_file, read_file

log = logging.getLogger(__name__)

GOOD_FOR_S = 24 * 3600.0
_BLOCK_BYTES = 1024 * 1024
_MOST_REMEMBERED = 10_000
_MOST_BYTES = 4096

Identity = tuple[int, int, int, int]


def identity(status: os.stat_result) -> Identity:
    """What changes when the file is replaced or written to."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Checks:
    """The checks of one store's files, remembered in memory and beside each file."""

    def __init__(self, store) -> None:
        self._store = store
        self._since = time.time()
        # When each file was last found good, in Unix seconds.
        self._good: dict[str, tuple[Identity, float]] = {}
        self._one_at_a_time = threading.Lock()
        self._waiting: deque[str] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def remember(self, key: str, status: os.stat_result) -> None:
        """The file with this status has just been found good."""
        if len(self._good) >= _MOST_REMEMBERED:
            self._good.clear()
        at, which = time.time(), identity(status)
        self._good[key] = which, at
        # Without a note beside the file, another process checks it again.
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with open(open_file(self._store.entry(key).checked, flags), "w") as file:
                json.dump({"identity": which, "at": at}, file)

    def is_good(self, key: str, fd: int, facts: Facts) -> bool:
        """Whether the open file is undamaged; reads all of it unless that was done lately.

        A damaged file is discarded, so that it is fetched again.
        """
        return self._check(key, fd, facts, time.time() - GOOD_FOR_S)

    def _check(self, key: str, fd: int, facts: Facts, since: float) -> bool:
        if self._good_since(key, fd, since):
            return True
        with self._one_at_a_time:
            # The thread before us may have checked the same file.
            if self._good_since(key, fd, since):
                return True
            before = os.fstat(fd)
            if _digest(fd) == facts.sha256:
                self.remember(key, before)
                return True
        if is_at(fd, self._store.entry(key).audio):
            log.error("The kept audio %s is damaged, so it will be fetched again", key)
            self._store.discard(key)
        return False

    def soon(self, key: str, fd: int) -> None:
        """Check the open file on another thread, unless that was done since the last restart."""
        with self._lock:
            if key in self._waiting:
                return
        if self._good_since(key, fd, self._background_since()):
            return
        with self._lock:
            self._waiting.append(key)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="check", daemon=True)
                # When no thread can be started, a later opening tries again.
                try:
                    self._thread.start()
                except RuntimeError:
                    self._thread = None
                    self._waiting.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                key = self._waiting[0]
            try:
                self._check_now(key)
            except Exception:
                log.exception("The kept audio %s could not be checked", key)
            with self._lock:
                self._waiting.popleft()

    def _check_now(self, key: str) -> None:
        found = self._store.open_whole(key)
        if found:
            fd, facts = found
            try:
                self._check(key, fd, facts, self._background_since())
            finally:
                os.close(fd)

    def _background_since(self) -> float:
        return max(self._since, time.time() - GOOD_FOR_S)

    def _good_since(self, key: str, fd: int, since: float) -> bool:
        which = identity(os.fstat(fd))
        known, at = self._good.get(key, (None, 0.0))
        if known == which and at >= since:
            return True
        known, at = self._noted(key)
        if known != which or not since <= at <= time.time():
            return False
        self._good[key] = which, at
        return True

    def _noted(self, key: str) -> tuple[Identity | None, float]:
        """What another process, or an earlier one, has noted beside the file."""
        try:
            found = json.loads(read_file(self._store.entry(key).checked, _MOST_BYTES))
            return tuple(found["identity"]), float(found["at"])
        except (OSError, ValueError, TypeError, KeyError):
            return None, 0.0


def _digest(fd: int) -> str:
    """The SHA-256 of the open file, or "" where the disk does not give its bytes."""
    found, position = hashlib.sha256(), 0
    try:
        while block := os.pread(fd, _BLOCK_BYTES, position):
            found.update(block)
            position += len(block)
    except OSError:
        return ""
    return found.hexdigest()
