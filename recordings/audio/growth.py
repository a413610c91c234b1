"""How much of a recording has arrived: written by its fill, waited for by its readers.

One `Growth` lives in each process that reads or fills a recording. Readers are woken when there
is more; nobody polls. Two stretches of the file may be there: the main one from the beginning,
and a tail that was fetched ahead for a listener who jumped.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a recording once its first bytes have arrived.

    total: its length in bytes, None when the vendor did not tell.
    settled: the vendor's bytes are surely fit for a player as they are; otherwise the whole
        file must be there before that can be said.
    unplayable: why no browser plays it, as far as its beginning tells; or empty.
    accepts_ranges: the vendor announced `Accept-Ranges: bytes`.
    """

    total: int | None
    mime: str
    extension: str
    settled: bool
    accepts_ranges: bool = False
    vendor_etag: str | None = None
    unplayable: str = ""


class Orphaned(Exception):  # noqa: N818  (it says what happened)
    """The process that was filling has died; somebody must begin anew."""


class NotYet(Exception):  # noqa: N818  (it says what is the case)
    """What is asked for has not arrived. `subscribe(callback)`: `callback` is called when it has.

    The callback comes from any thread, perhaps at once, and must not block.
    """

    def __init__(self, subscribe: Callable[[Callable[[], None]], None]) -> None:
        super().__init__()
        self.subscribe = subscribe


class Growth:
    """The state of one fill, shared by its threads.

    `fd` is a read-only descriptor of the growing file, set with the head; readers take their
    own copy with `duplicate()`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watchers: list[Callable[[], None]] = []
        self._fd: int | None = None
        self.head: Head | None = None
        self.available = 0
        self.tail_start: int | None = None
        self.tail_end = 0
        self.complete = False
        self.ended = False
        self.failure: Exception | None = None
        self.place_failure: Exception | None = None
        self.wished: int | None = None
        self.on_wish: Callable[[int], None] = lambda position: None

    # -- told by the fill ----------------------------------------------------------------

    def begin(self, head: Head, fd: int, available: int = 0) -> None:
        """The first `available` bytes are known to be audio; `fd` is closed by this object."""
        with self._changed:
            self.head, self._fd, self.available = head, fd, available
            self._notify()

    def advance(self, available: int) -> None:
        """The bytes before `available` are there."""
        with self._changed:
            self.available = available
            self._notify()

    def advance_tail(self, start: int | None, end: int) -> None:
        """The bytes from `start` to before `end` are there too; None for start: no more."""
        with self._changed:
            self.tail_start, self.tail_end = start, end
            self._notify()

    def finish(self) -> None:
        """All bytes are there and verified."""
        with self._changed:
            self.complete = True
            self._notify()

    def end(self, failure: Exception | None = None) -> None:
        """The fill is over: the file is in its place, or `failure` says why not.

        A failure after the last byte had arrived keeps the file from its place, but not the
        readers from their bytes.
        """
        with self._changed:
            self.ended = True
            self.place_failure = failure
            if not self.complete:
                self.failure = failure or Orphaned()
            self._notify()

    def _notify(self) -> None:
        self._changed.notify_all()
        watchers, self._watchers = self._watchers, []
        for on_change in watchers:
            on_change()

    # -- asked by readers ----------------------------------------------------------------

    def wait_for_head(self) -> Head:
        """Block until the head is known. Raises the fill's failure."""
        with self._changed:
            self._changed.wait_for(lambda: self.head or self.failure)
            if self.head is None:
                raise _fresh(self.failure)
            return self.head

    def wait_for_end(self) -> None:
        """Block until the file is in its place. Raises the fill's failure."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended)
            failure = self.failure or self.place_failure
            if failure:
                raise _fresh(failure)

    def wait_beyond(self, position: int, timeout: float | None = None) -> int:
        """Block until the byte at `position` is there; the end of the bytes that follow it.

        Returns `position` itself at the end of the file, or when `timeout` seconds have passed.
        Raises the fill's failure once the bytes that did arrive are used up.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self.complete or self.failure or self.readable_end(position) > position,
                timeout,
            )
            end = self.readable_end(position)
            if end <= position and self.failure:
                raise _fresh(self.failure)
            return max(position, end)

    def reach(self, position: int, on_change: Callable[[], None]) -> int | None:
        """As `wait_beyond`, without blocking; None at the end of the file.

        Returns `position` itself where the next byte has not arrived. `on_change` is then called
        once, with the next change, and must not block.
        """
        with self._changed:
            end = self.readable_end(position)
            if end > position:
                return end
            if self.failure:
                raise _fresh(self.failure)
            if self.complete:
                return None
            self._watchers.append(on_change)
            return position

    def when_begun(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the head is known or the fill has failed; it must not block."""
        self._call_when(lambda: self.head or self.ended, callback)

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the fill is over; it must not block."""
        self._call_when(lambda: self.ended, callback)

    def _call_when(self, condition: Callable[[], object], callback: Callable[[], None]) -> None:
        def look() -> None:
            if condition():
                callback()
            else:
                self._watchers.append(look)

        with self._changed:
            look()

    def readable_end(self, position: int) -> int:
        """The end of the bytes that can be read from `position` on without a gap."""
        end = self.available
        if self.tail_start is not None and (position >= self.tail_start or end >= self.tail_start):
            end = max(end, self.tail_end)
        return end

    def wish(self, position: int) -> None:
        """Ask for the bytes from `position` on ahead of their turn; one wish waits at a time.

        Who waits long asks again: the fill may have known too little of the line at first.
        """
        if self.wished is None:
            self.wished = position
        if self.wished == position:
            self.on_wish(position)

    def duplicate(self) -> int:
        """A descriptor of the growing file for one reader, who closes it."""
        with self._changed:
            if self._fd is None:
                raise _fresh(self.failure or Orphaned())
            return os.dup(self._fd)

    def close(self) -> None:
        """Close the shared descriptor; readers keep their own."""
        with self._changed:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None


def _fresh(failure: Exception) -> Exception:
    """The one failure that many readers raise, without the trace of the reader before."""
    return failure.with_traceback(None)
