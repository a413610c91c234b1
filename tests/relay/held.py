"""Sounds that a test steers: one that the vendor holds back, one that it replaces."""

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


class Versions:
    """A sound of which the vendor serves `versions[0]`, then after `replace` the next version.

    All have the same size. A response under way goes on with the version that it began with.
    """

    def __init__(self, *versions) -> None:
        self.size = versions[0].size
        self._versions = list(versions)

    def replace(self) -> None:
        del self._versions[0]

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        return self._versions[0].blocks(start, stop)
