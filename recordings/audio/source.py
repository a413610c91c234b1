"""Where the bytes of one answer come from: a whole file, or one that is still arriving."""

import io
import os
from collections.abc import Callable, Iterator
from typing import Protocol

from kallglot_portal.supply import FilePart, Renewal, Supply

from . import playable
from .facts import Facts
from .growth import Growth, Head, Orphaned
from .sniff import MP4

BLOCK_BYTES = 64 * 1024
# A jump shorter than this is not worth telling the fill of.
_NEAR_BYTES = 64 * 1024
_ATTEMPTS = 5
# A wish may have come while the line was fast; after this long it is made again.
_WISH_AGAIN_S = 1.0


OnCut = Callable[[Exception], None]


class Source(Protocol):
    """The bytes of one recording for one answer.

    length: bytes, None while the vendor has not told and not all has arrived. etag: strong, in
    quotes. mime, extension: told from the bytes. unplayable: why no browser plays it, a sentence,
    or empty. form_since: the time (as `time.time()`) until
    when players got the vendor's bytes and not these, None where they never did. `close()` must be
    called.
    """

    length: int | None
    etag: str
    mime: str
    extension: str
    unplayable: str
    form_since: float | None

    def blocks(self, start: int, stop: int | None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop` (None: the end). Raises on any shortfall."""

    def supply(self, start: int, stop: int | None, on_cut: OnCut) -> Supply:
        """The same bytes for the server to send by itself; `on_cut` is called for a shortfall."""

    def close(self) -> None: ...


class WholeFile:
    """A file that is in its place; `form` is the player's, None for the vendor's own bytes.

    `form_since` is since when players get that form. `fd` becomes this object's to close.
    """

    def __init__(
        self,
        key: str,
        fd: int,
        facts: Facts,
        form: playable.Playable | None,
        form_since: float | None = None,
    ) -> None:
        self._file = io.FileIO(fd, "rb")
        # Kept, as Django hangs another `close` on a file that it hands to the server.
        self.close = self._file.close
        self._key = key
        self.facts = facts
        self.extension = facts.extension
        self.unplayable = facts.unplayable
        self.vendor_etag = entity_tag(key, facts.size)
        self.form_since = form_since if form else None
        self._send(form)

    def send_vendor_bytes(self) -> None:
        """Send the vendor's own bytes, as the playback began with them."""
        self._send(None)

    def _send(self, form: playable.Playable | None) -> None:
        self._form = form
        self.length = form.length(self.facts.size) if form else self.facts.size
        exact = form is not None and form.mime == MP4.mime
        self.etag = entity_tag(self._key, self.length, player_form=bool(form), exact=exact)
        self.mime = form.mime if form else self.facts.mime

    def blocks(self, start: int, stop: int | None) -> Iterator[bytes]:
        return playable.read_at(self._file, self._form, start, stop)

    def supply(self, start: int, stop: int | None, on_cut: OnCut) -> Supply:
        stop = self.length if stop is None else stop
        prefix, shift = b"", 0
        if self._form:
            prefix, shift = self._form.prefix, self._form.source_offset - len(self._form.prefix)
        first, end = max(start, len(prefix)) + shift, max(stop, len(prefix)) + shift
        return FilePart(self._file, first, end, prefix[start:stop], on_cut)

    def file_at(self, start: int) -> io.FileIO | None:
        """The file itself, standing at `start`, for sendfile; None where a form is to be sent."""
        if self._form:
            return None
        self._file.seek(start)
        return self._file


class GrowingFile:
    """A file whose fill is under way; reading waits for what has not arrived.

    When the filling process has died, `rejoin` gives the growth of a new fill, or None when
    another process has finished the file, which `open_whole` then opens.
    """

    form_since = None

    def __init__(
        self,
        key: str,
        growth: Growth,
        rejoin: Callable[[], Growth | None],
        open_whole: Callable[[], tuple[int, Facts] | None],
    ) -> None:
        self._growth = growth
        self._rejoin = rejoin
        self._open_whole = open_whole
        self._head: Head = growth.wait_for_head()
        self.length = self._head.total
        self.etag = entity_tag(key, self.length)
        self.mime = self._head.mime
        self.extension = self._head.extension
        self.unplayable = self._head.unplayable
        self._fd: int | None = growth.duplicate()
        self._users = 1

    def supply(self, start: int, stop: int | None, on_cut: OnCut) -> Supply:
        return _GrowingPart(self, start, stop, on_cut)

    def blocks(self, start: int, stop: int | None) -> Iterator[bytes]:
        position = start
        while stop is None or position < stop:
            try:
                end = self._wait(position)
            except Orphaned:
                self.begin_again(start, position)
                continue
            if end == position:
                break
            if stop is not None:
                end = min(end, stop)
            while position < end:
                block = os.pread(self._fd, min(BLOCK_BYTES, end - position), position)
                if not block:
                    raise EOFError(f"the file ends at byte {position}")
                position += len(block)
                yield block
        if stop is not None and position < stop:
            raise EOFError(f"the file ends at byte {position}")

    def fileno(self) -> int:
        return self._fd

    def keep(self) -> None:
        """Stay open for one `close` more."""
        self._users += 1

    def close(self) -> None:
        self._users -= 1
        if not self._users:
            self._close_file()

    def reach(self, position: int, on_change: Callable[[], None]) -> int | None:
        """The end of the bytes that are there from `position` on, as `Growth.reach`."""
        self._wish_for(position)
        return self._growth.reach(position, on_change)

    def begin_again(self, start: int, position: int) -> None:
        """Go on with another fill, or with the whole file that another process has made.

        The vendor's file may have changed in between, so the bytes from `start` to before
        `position`, which have been sent, are compared with the new ones. Raises EOFError where
        they differ.
        """
        sent, self._fd = self._fd, None
        try:
            for _ in range(_ATTEMPTS):
                self._close_file()
                try:
                    self._growth, self._fd = self._another()
                    self._compare(sent, start, position)
                except Orphaned:
                    continue  # that fill is over as well, for good or ill
                return
        finally:
            os.close(sent)
        raise EOFError("the file never came to its place")

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _wait(self, position: int) -> int:
        """Block until the byte at `position` is there; the end of those that follow it.

        Returns `position` itself at the end of the file. Raises Orphaned when the filling
        process has died.
        """
        growth = self._growth
        while True:
            self._wish_for(position)
            end = growth.wait_beyond(position, timeout=_WISH_AGAIN_S)
            if end > position or growth.complete:
                return end

    def _wish_for(self, position: int) -> None:
        if self._head.accepts_ranges and position > self._growth.available + _NEAR_BYTES:
            self._growth.wish(position)

    def _another(self) -> tuple[Growth, int]:
        growth = self._rejoin()
        if growth is not None:
            total, fd = growth.wait_for_head().total, growth.duplicate()
        else:
            found = self._open_whole()
            if found is None:
                raise EOFError("the file is gone")
            fd, facts = found
            total = facts.size
            growth = Growth()
            growth.advance(total)
            growth.finish()
        if self.length not in (None, total):
            os.close(fd)
            raise EOFError("the recording has changed")
        return growth, fd

    def _compare(self, sent: int, start: int, position: int) -> None:
        while start < position:
            end = min(self._wait(start), position, start + BLOCK_BYTES)
            block = os.pread(self._fd, end - start, start)
            if not block or block != os.pread(sent, len(block), start):
                raise EOFError("the recording has changed")
            start += len(block)


class _GrowingPart:
    """The bytes from `start` to before `stop` of a growing file; a `Supply`."""

    __slots__ = ("_source", "_stop", "cut", "position")
    prefix = b""

    def __init__(self, source: GrowingFile, start: int, stop: int | None, on_cut: OnCut) -> None:
        self.position, self._stop = start, stop
        self._source, self.cut = source, on_cut

    def fileno(self) -> int:
        return self._source.fileno()

    def keep(self) -> None:
        self._source.keep()

    def close(self) -> None:
        self._source.close()

    def ready(self, position: int, on_change: Callable[[], None]) -> int | None:
        if self._stop is not None and position >= self._stop:
            return None
        try:
            end = self._source.reach(position, on_change)
        except Orphaned:
            raise Renewal from None
        if self._stop is None:
            return end
        if end is None:
            raise EOFError(f"the file ends at byte {position}")
        return min(end, self._stop)

    def renew(self, position: int) -> None:
        self._source.begin_again(self.position, position)


def entity_tag(
    key: str, length: int | None, *, player_form: bool = False, exact: bool = False
) -> str:
    """A strong tag for the bytes of `key`; the player's forms have tags of their own."""
    parts = [key] + ([str(length)] if length is not None else []) + ["p"] * player_form
    parts += ["mp4"] * exact
    return f'"{"-".join(parts)}"'
