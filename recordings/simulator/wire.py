"""The socket under an answer: throttled writing, waiting that ends with the client, reset."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time

from recordings.simulator.request_log import LoggedRequest
from recordings.simulator.sources import File, Source

TICK = 0.02


class Gone(Exception):  # noqa: N818  # not a fault of the simulator
    """The client has left, or the simulator is closing."""


class Wire:
    """One answer's way to the client."""

    def __init__(
        self,
        connection: socket.socket,
        entry: LoggedRequest,
        closing: threading.Event,
        bandwidth: float = 0,
    ):
        self._connection = connection
        self._entry = entry
        self._closing = closing
        self.bandwidth = bandwidth
        self._paced_until = 0.0

    def head(self, data: bytes) -> None:
        """Send what is not body, and not counted."""
        self._write(data)

    def body(self, data: bytes | memoryview) -> None:
        """Send body bytes, no faster than the bandwidth allows."""
        if not self.bandwidth:
            self._write(data)
            self._entry.sent += len(data)
            return
        step = max(1, int(self.bandwidth * TICK))
        for position in range(0, len(data), step):
            piece = data[position : position + step]
            self._write(piece)
            self._entry.sent += len(piece)
            # Kept from piece to piece, so that late wake-ups do not add up.
            self._paced_until = self._paced_until or time.monotonic()
            self._paced_until += len(piece) / self.bandwidth
            self.wait(self._paced_until - time.monotonic())

    def source(self, source: Source, start: int, stop: int) -> None:
        """Send a part of a source; files go by the system's own copy."""
        if isinstance(source, File) and not self.bandwidth and stop > start:
            with source.path.open("rb") as file:
                # Sent in slices, so that the log shows how far it has got.
                for position in range(start, stop, 8 << 20):
                    count = min(8 << 20, stop - position)
                    self._entry.sent += self._connection.sendfile(file, position, count)
            return
        for block in source.blocks(start, stop):
            self.body(block)

    def wait(self, seconds: float) -> None:
        """Wait; raise `Gone` when the client hangs up or the simulator closes meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._closing.wait(min(left, TICK)) or self._client_left():
                raise Gone

    def reset(self) -> None:
        """Break the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()

    def _write(self, data: bytes | memoryview) -> None:
        if self._closing.is_set():
            raise Gone
        self._connection.sendall(data)

    def _client_left(self) -> bool:
        readable, _, _ = select.select([self._connection], [], [], 0)
        if not readable:
            return False
        with contextlib.suppress(BlockingIOError):
            return self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        return False
