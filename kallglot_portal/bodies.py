"""Request bodies that a thread has to wait for: few at once, and none slower than it may be."""

import select
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader

GRACE_S = 10
"""Seconds for which a body may stand still, besides what its least rate allows."""
_LEAST_RATE = 16 * 1024  # bytes a second


class BodyError(OSError):
    """The body cannot be read. `status` is the HTTP status that says why.

    Django makes an UnreadablePostError of it.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class BodyPlaces:
    """How many threads may wait for bodies at once; one client address gets half of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place if there is one."""
        with self._lock:
            full = self._taken.total() >= self._most
            if full or self._taken[address] >= max(1, self._most // 2):
                return False
            self._taken[address] += 1
            return True

    def give_back(self, address: str) -> None:
        with self._lock:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]


class BodyUnreader(SocketUnreader):
    """Reads a connection for gunicorn's parser, with a place and a least rate for waiting."""

    def __init__(self, sock, address: str, places: BodyPlaces) -> None:
        super().__init__(sock)
        self._address = address
        self._places = places
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._waits_since: float | None = None
        self._count = 0
        self._patient = True

    def begin(self) -> None:
        """A request begins; its body may be waited for."""
        self._patient, self._count = True, 0

    def end(self) -> None:
        """The response is complete: from here on only what is there already is read."""
        self._patient = False
        if self._waits_since is not None:
            self._waits_since = None
            self._places.give_back(self._address)

    def chunk(self, size_hint=None) -> bytes:
        if not self._poll.poll(0):
            self._wait()
        block = super().chunk(size_hint)
        self._count += len(block)
        return block

    def _wait(self) -> None:
        if not self._patient:
            raise TimeoutError
        if self._waits_since is None:
            if not self._places.take(self._address):
                raise BodyError(503, "too many uploads at once")
            self._waits_since = time.monotonic()
        deadline = self._waits_since + GRACE_S + self._count / _LEAST_RATE
        left = deadline - time.monotonic()
        if left <= 0 or not self._poll.poll(left * 1000):
            raise BodyError(408, "the body comes too slowly")


class Input:
    """`wsgi.input`; a body that breaks the rules of HTTP is a `BodyError` like any other."""

    def __init__(self, body) -> None:
        self._body = body

    def read(self, size=None) -> bytes:
        with _faults():
            return self._body.read(size)

    def readline(self, size=None) -> bytes:
        with _faults():
            return self._body.readline(size)

    def readlines(self, hint=None) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except ParseException as error:
        raise BodyError(400, str(error)) from error
