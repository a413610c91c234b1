"""A sound that the vendor holds back in its middle, so that a test decides what comes first."""

import threading
from collections.abc import Iterator
from itertools import chain


class Held:
    """`audio`, of which nothing from byte `at` on is sent between `hold` and `let_go`."""

    def __init__(self, audio, at: int) -> None:
        self.size = audio.size
        self._audio, self._at = audio, at
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        first = self._audio.blocks(start, min(stop, self._at))
        if stop <= self._at:
            return first
        return chain(first, self._rest(max(start, self._at), stop))

    def _rest(self, start: int, stop: int) -> Iterator[bytes]:
        # Nobody waits for ever for a test that has failed.
        self._free.wait(20)
        yield from self._audio.blocks(start, stop)
