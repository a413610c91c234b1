"""The file that a fill is writing: where the bytes go, and how everybody learns of them."""

import contextlib
import os
import threading

from .files import open_file
from .growth import Growth, Head
from .progress import Counters, Phase, Progress, write_head
from .store import Entry, StorageFailed, storage_faults
from .wishes import Wishes


class Part:
    """The part file of one fill, written by its main stream and by its tail at once.

    `fd` is the store's claim on the file and stays the caller's to close. Raises StorageFailed
    wherever the disk does not take what it is given.
    """

    def __init__(self, entry: Entry, fd: int, growth: Growth) -> None:
        self._entry = entry
        self._fd = fd
        self._growth = growth
        self._progress: Progress | None = None
        self._wishes: Wishes | None = None
        # Two streams write the counters, and none may write once the fill is over.
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self) -> None:
        """Create the files beside the part while the vendor is waited for, if that is possible.

        May come from any thread at any time; `begin` creates what is missing.
        """
        with contextlib.suppress(OSError), self._lock:
            self._create_files()

    def _create_files(self) -> None:
        if not self._closed:
            self._progress = self._progress or Progress.create(self._entry.progress)
            self._wishes = self._wishes or Wishes.create(self._entry.wishes)

    def begin(self, head: Head, first: bytes) -> None:
        """Write the first bytes and let readers in, those of other processes first.

        Readers here begin to work at once when they are woken, all of them before this thread
        goes on.
        """
        with storage_faults():
            self._write(first, 0)
            # A descriptor of its own for the readers: the claim's lock must not live on in theirs.
            read_fd = open_file(self._entry.part)
        try:
            with storage_faults(), self._lock:
                self._create_files()
                self._progress.write(Counters(len(first)))
                write_head(self._entry.head, head)
        except BaseException:
            os.close(read_fd)
            raise
        self._growth.begin(head, read_fd, len(first))

    def append(self, block: bytes, position: int) -> int:
        """Write a block of the main stream; where the next one goes."""
        with storage_faults():
            self._write(block, position)
        self.arrived(position + len(block))
        return position + len(block)

    def keep_tail(self, block: bytes, start: int, position: int) -> int:
        """Write a block of the tail that began at `start`; where the next one goes."""
        with self._lock:
            if self._closed:
                # The number of our descriptor may have become that of another file.
                raise StorageFailed("the fill is over")
            with storage_faults():
                self._write(block, position)
            growth, end = self._growth, position + len(block)
            growth.advance_tail(start, end)
            self._progress.write(Counters(growth.available, start, end))
        return end

    def arrived(self, available: int) -> None:
        """All bytes before `available` are there."""
        with self._lock:
            self._growth.advance(available)
            self._tell(Phase.GROWING)

    def reached(self, phase: Phase) -> None:
        """Tell readers in other processes that the fill is complete or ended."""
        with self._lock:
            self._tell(phase)

    def wish(self) -> int | None:
        """The byte that a reader, here or elsewhere, wishes to have ahead of its turn."""
        with self._lock:
            if self._closed:
                return None
            wished = self._growth.wished
            return self._wishes.read() if wished is None else wished

    def decline_wish(self) -> None:
        """The byte will be there soon; the next reader to jump may jump further."""
        with self._lock:
            if not self._closed:
                self._growth.wished = None
                self._wishes.leave(None)

    def close(self) -> None:
        """No more is written from here on."""
        with self._lock:
            self._closed = True
        if self._wishes:
            # The write also ends who waits for one; on a full disk he looks by himself, later.
            with contextlib.suppress(OSError):
                self._wishes.leave(None)
            self._wishes.close()
        if self._progress:
            self._progress.close()

    def _tell(self, phase: Phase) -> None:
        growth = self._growth
        counters = Counters(growth.available, growth.tail_start, growth.tail_end, phase)
        self._progress.write(counters)

    def _write(self, block: bytes, position: int) -> None:
        view = memoryview(block)
        while view:
            written = os.pwrite(self._fd, view, position)
            view, position = view[written:], position + written
