"""The cached files and their life: absent, filling, whole, gone.

Each recording has a folder named by its key, a text of ours that differs by more than letter
case. While it is being filled the folder holds `audio.part`, locked with flock by the filling
process, and its progress; when it is whole, `audio`, `facts.json` (its modification time is that
of the last use) and `checked.json`. A part whose lock is free means that its process was
killed. Folders are 0700 and files 0600.
"""

import contextlib
import errno
import fcntl
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .checks import Checks, Identity, identity
from .facts import Facts, read_facts
from .files import (
    NotRegularFileError,
    is_at,
    is_file,
    is_folder,
    is_unlocked,
    lock,
    open_file,
    remove,
)
from .quota import Quota

log = logging.getLogger(__name__)

# Folders with other names are not ours, and never touched.
_KEY = re.compile(r"[0-9]+-[0-9a-f]{12}")
_TOUCH_EVERY_S = 60
_JUST_BEGUN_S = 10


_MOST_REMEMBERED = 10_000


class StorageFailed(Exception):  # noqa: N818  (it says what happened)
    """The audio folder cannot be used: missing, read-only, or the disk is full."""


@dataclass(slots=True)
class _Opened:
    """What was read of a whole file when it was opened; `used_at` is on the monotonic clock."""

    identity: Identity
    facts: Facts
    used_at: float = -_TOUCH_EVERY_S


@dataclass(frozen=True, slots=True)
class Entry:
    """The paths of one recording in the store."""

    folder: Path

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def audio(self) -> Path:
        return self.folder / "audio"

    @property
    def facts(self) -> Path:
        return self.folder / "facts.json"

    @property
    def checked(self) -> Path:
        return self.folder / "checked.json"

    @property
    def exact_head(self) -> Path:
        """The head of the player's exact form, where there is one: see `playable.exact_form`."""
        return self.folder / "exact"

    @property
    def part(self) -> Path:
        return self.folder / "audio.part"

    @property
    def head(self) -> Path:
        return self.folder / "head.json"

    @property
    def progress(self) -> Path:
        return self.folder / "progress"

    @property
    def wishes(self) -> Path:
        return self.folder / "wishes"

    @property
    def of_the_fill(self) -> tuple[Path, ...]:
        """What stands beside the part file, and goes when the fill is over."""
        return self.head, self.progress, self.wishes


class Store:
    """The audio folder. Any number of processes may use it at once.

    root: made on first use. max_bytes: how much the whole files may take together; 0: no limit.
    """

    def __init__(self, root: Path, max_bytes: int = 0) -> None:
        self.root = root
        self.quota = Quota(self, max_bytes)
        self.checks = Checks(self)
        self._opened: dict[str, _Opened] = {}

    def entry(self, key: str) -> Entry:
        return Entry(self.root / key)

    def open_whole(self, key: str) -> tuple[int, Facts] | None:
        """A descriptor and the facts of a whole file, or None; the caller closes it.

        A file whose length is not the one on record, or whose facts cannot be read, is thrown
        away here, before a byte of it is sent; so is anything that is no file of ours.
        """
        entry = self.entry(key)
        try:
            fd = open_file(entry.audio)
        except NotRegularFileError:
            self._discard_damaged(key, "it is not a regular file")
            return None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(error.strerror) from error
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, fd)
            facts = self._facts(key, fd)
            if facts is None:
                return None
            # Held while somebody reads, so that eviction passes the file by.
            lock(fd, fcntl.LOCK_SH)
            undo.pop_all()
        return fd, facts

    def _facts(self, key: str, fd: int) -> Facts | None:
        status = os.fstat(fd)
        opened = self._opened.get(key)
        if opened is None or opened.identity != identity(status):
            facts = read_facts(self.entry(key).facts)
            if facts is None or facts.size != status.st_size:
                self._discard_damaged(key, "its length or its facts are wrong")
                return None
            if len(self._opened) >= _MOST_REMEMBERED:
                self._opened.clear()
            opened = self._opened[key] = _Opened(identity(status), facts)
        if time.monotonic() - opened.used_at >= _TOUCH_EVERY_S:
            # The time of last use, for eviction; access times are often switched off.
            opened.used_at = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self.entry(key).facts, follow_symlinks=False)
        return opened.facts

    def _discard_damaged(self, key: str, reason: str) -> None:
        if os.path.lexists(self.entry(key).audio):
            log.error("The kept audio %s is damaged (%s), so it will be fetched again", key, reason)
            self.discard(key)

    def claim(self, key: str) -> int | None:
        """The locked, empty part file of a recording that nobody is filling, or None.

        The caller then fills it, and closes it to give the claim back.
        Raises StorageFailed when the folder cannot be written.
        """
        entry = self.entry(key)
        with storage_faults():
            while True:
                self._make_folder(entry)
                try:
                    fd = open_file(entry.part, os.O_RDWR | os.O_CREAT)
                except NotRegularFileError:
                    if not os.path.lexists(entry.part):
                        raise  # the audio folder itself is none
                    remove(entry.part)
                    continue
                except FileNotFoundError:
                    continue  # the folder was discarded between the two lines
                if not lock(fd):
                    os.close(fd)
                    return None
                if not is_at(fd, entry.part):
                    os.close(fd)  # it was finished or discarded before we had the lock
                elif is_file(entry.audio):
                    # Put in its place a moment ago: what stands beside it is still its fill's.
                    entry.part.unlink(missing_ok=True)
                    os.close(fd)
                    return None
                elif os.fstat(fd).st_size or len(os.listdir(entry.folder)) > 1:
                    # A dead process left it: who still reads it keeps it, we begin afresh.
                    try:
                        _clear(entry)
                    finally:
                        os.close(fd)
                else:
                    return fd

    def _make_folder(self, entry: Entry) -> None:
        try:
            entry.folder.mkdir(mode=0o700)
        except FileExistsError:
            if not is_folder(entry.folder):
                self.discard(entry.key)
                entry.folder.mkdir(mode=0o700)
        except FileNotFoundError:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            entry.folder.mkdir(exist_ok=True, mode=0o700)

    def is_being_filled(self, key: str) -> bool:
        """Whether a living process holds the part file."""
        return not is_unlocked(self.entry(key).part)

    def discard(self, key: str) -> None:
        """Forget a recording at once; who is reading it may read on to the end."""
        folder = self.entry(key).folder
        doomed = self.root / f".gone-{uuid.uuid4().hex}"
        try:
            folder.rename(doomed)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageFailed(error.strerror) from error
        self._opened.pop(key, None)
        remove(doomed)

    def all_keys(self) -> Iterator[str]:
        """The keys of all recordings that have a folder, whole or not."""
        try:
            folders = list(os.scandir(self.root))
        except (FileNotFoundError, NotADirectoryError):
            return
        for folder in folders:
            if _KEY.fullmatch(folder.name) and folder.is_dir(follow_symlinks=False):
                yield folder.name

    def sweep(self) -> int:
        """Remove what killed processes left behind; the number of left-overs."""
        removed = 0
        for leftover in self.root.glob(".gone-*") if self.root.is_dir() else ():
            remove(leftover)
            removed += 1
        for key in list(self.all_keys()):
            entry = self.entry(key)
            if os.path.lexists(entry.audio) and not is_file(entry.audio):
                self._discard_damaged(key, "it is not a regular file")
                removed += 1
            elif entry.part.exists() or not entry.audio.exists():
                if _is_just_begun(entry):
                    continue
                # Even so it may have become a living fill's since we looked.
                fd = self.claim(key) if is_unlocked(entry.part) else None
                if fd is not None:
                    self.give_up(key, fd)
                    removed += 1
            elif entry.progress.exists() and is_unlocked(entry.audio):
                # Its process was killed between the last two steps.
                for path in entry.of_the_fill:
                    path.unlink(missing_ok=True)
                removed += 1
        return removed

    def give_up(self, key: str, fd: int) -> None:
        """Remove the part that `fd` has the claim on, with its progress, and end the claim."""
        entry = self.entry(key)
        if is_at(fd, entry.part):
            with contextlib.suppress(OSError):
                _clear(entry)
        os.close(fd)


@contextlib.contextmanager
def storage_faults() -> Iterator[None]:
    """Turns the operating system's word for a bad folder or a full disk into StorageFailed."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(os.strerror(error.errno or errno.EIO)) from error


def _is_just_begun(entry: Entry) -> bool:
    """Whether a fill may be about to lock what it made a moment ago."""
    made = entry.part if entry.part.exists() else entry.folder
    try:
        status = made.stat()
    except OSError:
        return True
    empty = made == entry.folder or status.st_size == 0
    return empty and time.time() - status.st_mtime < _JUST_BEGUN_S


def _clear(entry: Entry) -> None:
    """Remove a part and all that goes with it; its claim is the caller's."""
    # The part last: from then on the folder may be another fill's.
    for path in sorted(entry.folder.iterdir(), key=lambda path: path == entry.part):
        remove(path)
    with contextlib.suppress(OSError):
        entry.folder.rmdir()
