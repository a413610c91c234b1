"""One client's connection: what of its next request has come, before a thread is taken for it."""

import re
import time
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.workers.gthread import TConn

from .bodies import BodyPlaces, BodyUnreader

HEAD_S = 10
"""Seconds in which the head of a request has to arrive."""
MOST_HEAD_BYTES = 64 * 1024
SMALL_BODY_BYTES = 64 * 1024
"""A body of at most this length is collected before a thread is taken."""
_SMALL_BODY_RATE = 16 * 1024  # bytes a second

_BLOCK_BYTES = 16 * 1024
_BARE_LF = re.compile(rb"(?<!\r)\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
# A body whose length is not known, or whose client waits to be asked for it.
_NOT_TO_COLLECT = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)


class Connection(TConn):
    """gunicorn's connection, whose next request is collected without a thread.

    deadline: when the worker gives up waiting, by `time.monotonic()`. `worker` is asked to close
    the connection slowly where unread bytes would cut the response.
    """

    def __init__(self, worker: Any, sock, client, server, places: BodyPlaces) -> None:
        super().__init__(worker.cfg, sock, client, server)
        # The worker's poller waits for data, not the thread.
        self.data_ready = True
        self.deadline = 0.0
        self.received = bytearray()
        self._worker = worker
        self._places = places
        # The request that is being served, and the one that is to be served again.
        self._request = self._again = b""
        self._searched = 0
        self._wanted: int | None = None  # bytes of head and small body, once the head is complete

    @property
    def address(self) -> str:
        """The address at the other end, "" for a Unix socket."""
        return self.client[0] if isinstance(self.client, tuple) else ""

    def begin_request(self) -> None:
        """Prepare for the next request; the parser may have read some of it already."""
        self.sock.setblocking(False)
        read_ahead = self.parser.unreader.take_buffered() if self.parser else b""
        self.received = bytearray(self._again + read_ahead)
        self._again = b""
        self._searched, self._wanted = 0, None
        self.deadline = time.monotonic() + HEAD_S

    def receive(self) -> bool:
        """Take what has come; whether the request is ready for a thread. Never blocks.

        Raises ConnectionError when the client has left.
        """
        while not self._is_ready():
            try:
                block = self.sock.recv(_BLOCK_BYTES)
            except BlockingIOError:
                return False
            if not block:
                if self._wanted is None:
                    raise ConnectionAbortedError
                return True  # the body broke off; the application finds out when it reads it
            self.received += block
        return True

    def init(self) -> None:
        """Hand the parser what was collected. Runs on the thread that serves the request."""
        if not self.initialized:
            super().init()
            self.parser.unreader = BodyUnreader(self.sock, self.address, self._places)
        # gunicorn has made it block; responses are sent as far as the socket takes them.
        self.sock.setblocking(False)
        collected, self.received = bytes(self.received), bytearray()
        if self._wanted is None and b"\r\n" in collected and len(collected) > MOST_HEAD_BYTES:
            raise LimitRequestHeaders("the head is too long")
        self.parser.unreader.unread(collected)
        self._request = collected[: self._wanted]

    def repeat_request(self) -> None:
        """Have the parser read the same request again."""
        self._again = self._request
        self.forget_request()

    def forget_request(self) -> None:
        """Free the memory of a request that is not needed any more."""
        self._request, self.parser.mesg = b"", None

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._worker.linger(self)
        else:
            super().close()

    def _is_ready(self) -> bool:
        """Whether head and small body are there, or the head is one that can only be refused."""
        data = self.received
        if self._wanted is None:
            end = data.find(b"\r\n\r\n", self._searched)
            if end < 0:
                refused = len(data) > MOST_HEAD_BYTES or _BARE_LF.search(data, self._searched)
                self._searched = max(0, len(data) - 3)
                return bool(refused)
            length = _small_body_length(data[: end + 2])
            self._wanted = end + 4 + length
            self.deadline += length / _SMALL_BODY_RATE
        return len(data) >= self._wanted


def _small_body_length(head: bytes) -> int:
    """The length in bytes of a body that is to be collected, 0 where there is none."""
    found = _LENGTH.search(head)
    if not found or _NOT_TO_COLLECT.search(head):
        return 0
    length = int(found[1])
    return length if length <= SMALL_BODY_BYTES else 0
