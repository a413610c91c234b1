"""The clock of one vendor call: every byte the call receives passes through it.

A time-out per read is no deadline: one byte a second passes it for ever, in the head as well as
in the body. So the sockets of this package ask the clock how long the next receive may wait.
"""

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .errors import ConnectFailed, KallglotError, Stalled, TimedOut, TruncatedAudio
from .limits import Limits

_SAMPLES_PER_WINDOW = 20
_here = threading.local()


class CallClock:
    """Time and bytes of one call, retry and redirects included.

    whole_seconds: the least time the whole call gets.
    pace: bytes per second at which a longer body earns more time; None for no more.
    """

    def __init__(self, limits: Limits, *, whole_seconds: float, pace: float | None = None) -> None:
        self.limits = limits
        self.expected_bytes = 0
        self.public_only = False  # set for hops that leave the configured origin
        self.with_key = True  # False once a redirect has left the configured origin
        self.surplus = False  # the vendor sent more than it declared
        self.aborted = False
        self._whole_seconds = whole_seconds
        self._pace = pace
        self._waited = 0.0
        self._received = 0
        self._in_head = True
        self._head_began = 0.0
        self._samples: deque[tuple[float, int]] = deque()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def seconds_left(self) -> float:
        whole = self._whole_seconds
        if self._pace:
            whole = max(whole, max(self.expected_bytes, self._received) / self._pace)
        return whole - self._waited

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Within this, end the call `seconds` from now: nobody waits for an error's body."""
        usual = self._whole_seconds, self._pace
        self._whole_seconds = min(self._whole_seconds, self._waited + seconds)
        self._pace = None
        try:
            yield
        finally:
            self._whole_seconds, self._pace = usual

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time inside as time spent waiting for the vendor."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._waited += time.monotonic() - began

    def start_head(self) -> None:
        self._in_head, self._head_began = True, self._waited

    def start_body(self) -> None:
        self._in_head = False
        self._samples = deque([(self._waited, self._received)])

    def receive(self, sock: socket.socket, buffer: memoryview) -> int:
        """Receive once from `sock`.

        Raises TimedOut and ConnectFailed while the head is awaited, Stalled in the body, and
        TruncatedAudio after abort().
        """
        began = self._waited
        while True:
            patience, error = self._patience(self._waited - began)
            if patience <= 0:
                raise error
            sock.settimeout(patience)
            count = None
            with self.spending():
                try:
                    count = sock.recv_into(buffer)
                except TimeoutError:
                    pass
                except OSError as fault:
                    # TLS cut off without its goodbye: in the head just a connection that ended.
                    if self._in_head and isinstance(fault, ssl.SSLEOFError):
                        count = 0
                    elif not self.aborted:
                        raise
            if self.aborted:
                raise TruncatedAudio("The transfer was aborted.", reason="aborted")
            if count == 0 and self._in_head:
                # http.client takes the end of the connection for the end of the head.
                raise ConnectFailed()
            if count is not None:
                self._received += count
                return count

    def _patience(self, silence: float) -> tuple[float, KallglotError]:
        """Return the seconds the next receive may take, and what it means when there are none."""
        limits, left = self.limits, self.seconds_left()
        if self._in_head:
            return min(left, self._head_began + limits.first_byte_seconds - self._waited), (
                TimedOut()
            )
        window = limits.rate_window_seconds
        samples, tick = self._samples, window / _SAMPLES_PER_WINDOW
        if self._waited - samples[-1][0] >= tick:
            samples.append((self._waited, self._received))
        while len(samples) > 1 and samples[1][0] <= self._waited - window:
            samples.popleft()
        since, bytes_then = samples[0]
        slow = (
            self._waited - since >= window
            and self._received - bytes_then < limits.rate_bytes_per_second * window
        )
        return 0 if slow else min(left, limits.gap_seconds - silence, tick), Stalled()

    def attach(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock

    def detach(self) -> None:
        """Forget the socket, before it can serve another call."""
        with self._lock:
            self._socket = None

    def abort(self) -> None:
        """Wake a receive that blocks in another thread, and fail every later one."""
        self.aborted = True
        with self._lock:
            if self._socket is not None:
                shut_down(self._socket)


def shut_down(sock: socket.socket) -> None:
    """End both directions of `sock`; nothing happens when it is closed already."""
    # Not SSLSocket.shutdown: that drops the TLS layer, and a reader in another thread would be
    # handed encrypted bytes as if they were the body.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextmanager
def governed_by(clock: CallClock) -> Iterator[None]:
    """Make `clock` the one that connections opened or used by this thread obey."""
    _here.clock = clock
    try:
        yield
    finally:
        _here.clock = None


def current() -> CallClock:
    clock = getattr(_here, "clock", None)
    if clock is None:
        raise RuntimeError("A Kallglot connection was used outside of a call.")
    return clock
