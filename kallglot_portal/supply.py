"""What a view gives the server to send by itself: bytes of a file, also of one that grows.

`server.Worker` sends a `Supply` from disk to socket and keeps no thread for it. Any other WSGI
server reads the same bytes from `Stream`, in blocks.
"""

import os
from collections.abc import Callable, Iterator
from typing import Protocol


class Renewal(Exception):  # noqa: N818  (it says what is needed)
    """The supply must be renewed before it can go on, which may take long: call `renew`."""


class Supply(Protocol):
    """A response's body: `prefix`, then the bytes from `position` on of the file `fileno()`."""

    prefix: bytes
    position: int

    def fileno(self) -> int: ...

    def ready(self, position: int, on_change: Callable[[], None]) -> int | None:
        """The end of the bytes that can be sent from `position` on; None after the last.

        Never blocks. Returns `position` itself where the next bytes have not arrived; `on_change`
        is then called once, from any thread, when this may have changed. Raises `Renewal`, or
        the fault that keeps the rest from coming.
        """

    def renew(self, position: int) -> None:
        """Get a new source for the bytes from `position` on. May block; raises a fault."""

    def cut(self, fault: Exception) -> None:
        """Record that the response breaks off. May block."""

    def keep(self) -> None:
        """Stay usable until `close` when the response has been closed."""

    def close(self) -> None:
        """Release what `keep` kept."""


class FilePart:
    """`prefix`, then the bytes from `start` to before `stop` of a whole file; a `Supply`."""

    def __init__(
        self,
        file,
        start: int,
        stop: int,
        prefix: bytes = b"",
        on_cut: Callable[[Exception], None] = lambda fault: None,
    ) -> None:
        self.prefix, self.position = prefix, start
        self.cut = on_cut
        self._file, self._stop = file, stop
        self._kept: int | None = None

    def fileno(self) -> int:
        return self._file.fileno() if self._kept is None else self._kept

    def ready(self, position: int, on_change: Callable[[], None]) -> int | None:
        return self._stop if position < self._stop else None

    def renew(self, position: int) -> None:
        """A whole file needs none."""

    def keep(self) -> None:
        # The same open file, with the lock that keeps it from being removed.
        self._kept = os.dup(self._file.fileno())
        self._file = None

    def close(self) -> None:
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None


class Stream:
    """A file-like object for `StreamingHttpResponse.file_to_stream`."""

    def __init__(self, supply: Supply, blocks: Iterator[bytes]) -> None:
        self.supply = supply
        self._blocks = blocks

    def read(self, size: int = -1) -> bytes:
        """The next block, whatever its size; b"" at the end."""
        return next(self._blocks, b"")
