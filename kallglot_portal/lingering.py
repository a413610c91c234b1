"""Connections whose response is complete, until their clients have read it."""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from .connections import Connection

_MOST_DRAINED_BYTES = 8 * 2**20

_scrap = bytearray(64 * 1024)


class Lingering:
    """Half-closed connections on `poller` (RFC 9112 section 9.6).

    What a client still sends is dropped: a socket that is closed with unread bytes cuts the
    response. `on_end(conn)` closes the connection. All on the poller's thread.
    """

    def __init__(
        self, poller: selectors.BaseSelector, on_end: Callable[[Connection], None]
    ) -> None:
        self._poller, self._on_end = poller, on_end
        self._drained: dict[Connection, int] = {}

    def add(self, conn: Connection, seconds: float) -> None:
        """Half-close `conn`, and end it when its client closes or `seconds` have passed."""
        conn.deadline = time.monotonic() + seconds
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self._poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            self._on_end(conn)
        else:
            self._drained[conn] = 0

    def end_expired(self, now: float) -> None:
        """End those whose time is over at `now`, by `time.monotonic()`."""
        for conn in [conn for conn in self._drained if conn.deadline <= now]:
            self._end(conn)

    def _drain(self, conn: Connection, sock: socket.socket) -> None:
        try:
            count = sock.recv_into(_scrap)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self._drained[conn] += count
        if not count or self._drained[conn] > _MOST_DRAINED_BYTES:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        del self._drained[conn]
        with suppress(KeyError, ValueError):
            self._poller.unregister(conn.sock)
        self._on_end(conn)
