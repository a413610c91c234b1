"""The way from a click to bytes: the whole file if it is there, else its fill, begun or joined."""

import contextlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator

from .facts import Facts
from .files import read_file
from .follow import Fills
from .growth import NotYet, Orphaned
from .job import Job
from .mp4_head import MOST_HEAD_BYTES
from .playable import Playable
from .sniff import MP4
from .source import GrowingFile, Source, WholeFile
from .store import StorageFailed, Store

_ATTEMPTS = 5


class Relay:
    """Opens recordings from `store`, fetching each from the vendor once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._fills = Fills(store)

    def open(
        self,
        job: Job,
        *,
        for_player: bool,
        exact: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
        waiting: threading.Semaphore | None = None,
    ) -> Source:
        """The bytes that `job` names; blocks until their head is known. The caller closes it.

        for_player: bytes that browsers play right, which may differ from the vendor's.
        exact: the player takes an MP3 as MP4, where that makes it find every second.
        meanwhile: called once while the vendor's head is awaited, if it has to be.
        waiting: how many callers may block at once; None: any number. Others get NotYet.
        Raises the vendor client's errors, and StorageFailed.
        """
        for attempt in range(_ATTEMPTS):
            found = self.store.open_whole(job.key)
            if found:
                fd, facts = found
                if for_player:
                    self.store.checks.soon(job.key, fd)
                    return WholeFile(job.key, fd, facts, *self._form(job.key, facts, exact))
                if self._is_good(job.key, fd, facts):
                    return WholeFile(job.key, fd, facts, None)
                continue
            growth = self._fills.join(job)
            if growth is None:
                continue
            try:
                with _place(waiting, growth.head, growth.when_begun) as waits:
                    if waits and attempt == 0:
                        meanwhile()
                    settled = growth.wait_for_head().settled
                    if for_player and not settled:
                        # Who got a place keeps it: after `meanwhile` there is no NotYet.
                        place = None if waits else waiting
                        with _place(place, growth.ended, growth.when_ended):
                            growth.wait_for_end()
                        continue
                return GrowingFile(
                    job.key,
                    growth,
                    rejoin=lambda: self._fills.join(job),
                    open_whole=lambda: self.store.open_whole(job.key),
                )
            except Orphaned:
                continue
        raise StorageFailed("the file never came to its place")

    def _form(self, key: str, facts: Facts, exact: bool) -> tuple[Playable | None, float | None]:
        """The player's form of a whole file, and since when players get it; see `Facts`."""
        if exact and facts.exact_offset is not None:
            # Where the head is missing or damaged, the player gets the other form.
            with contextlib.suppress(OSError):
                head = read_file(self.store.entry(key).exact_head, MOST_HEAD_BYTES)
                if zlib.crc32(head) == facts.exact_crc:
                    form = Playable(head, facts.exact_offset, MP4.mime, facts.exact_end)
                    return form, facts.exact_since
        return facts.player_form, facts.form_since

    def fetch(self, job: Job) -> WholeFile:
        """The vendor's bytes as a whole file; blocks until all of them are here.

        The caller closes it. Raises the vendor client's errors, and StorageFailed.
        """
        for _ in range(_ATTEMPTS):
            found = self.store.open_whole(job.key)
            if found:
                if self._is_good(job.key, *found):
                    return WholeFile(job.key, *found, None)
                continue
            growth = self._fills.join(job)
            if growth is not None:
                with contextlib.suppress(Orphaned):
                    growth.wait_for_end()
        raise StorageFailed("the file never came to its place")

    def _is_good(self, key: str, fd: int, facts: Facts) -> bool:
        """Whether the open file is undamaged; if not, it is closed and forgotten."""
        good = False
        try:
            good = self.store.checks.is_good(key, fd, facts)
        finally:
            if not good:
                os.close(fd)
        return good


@contextlib.contextmanager
def _place(
    waiting: threading.Semaphore | None, is_there: object, subscribe: Callable
) -> Iterator[bool]:
    """Hold one of the places for waiting, if there is something to wait for; yields whether.

    Raises NotYet where all places are taken.
    """
    if waiting is None or is_there:
        yield not is_there
    elif waiting.acquire(blocking=False):
        try:
            yield True
        finally:
            waiting.release()
    else:
        raise NotYet(subscribe)
