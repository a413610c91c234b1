"""Sends responses to clients that are slower than the portal: one thread for all of a process.

A request's thread sends what the socket takes at once. The rest is a `Transfer`, which the
`Sender` goes on with whenever epoll says that the socket takes more, or the supply that more has
arrived. Bytes of files go from disk to socket by sendfile and are never held in memory.
"""

import errno
import logging
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any

from .supply import Renewal, Supply

log = logging.getLogger(__name__)

IDLE_S = 120
"""Seconds after which a client that takes nothing is given up."""
_LOOK_EVERY_S = 1.0
# A fast client takes the next bytes within so many milliseconds, and small files within so long.
_FAST_MS, _STAY_S = 10, 0.25
# One client that takes much must not keep the others waiting.
_MOST_AT_ONCE = 2**20


class State(Enum):
    DONE = auto()
    BLOCKED = auto()  # the socket takes no more for now
    WAITING = auto()  # the supply has no more for now


class Transfer:
    """A response on its way to `conn`. keepalive: the connection is to be used again."""

    __slots__ = (
        "_in_chunk",
        "_until",
        "active_at",
        "chunked",
        "conn",
        "fd",
        "keepalive",
        "pending",
        "position",
        "state",
        "supply",
    )

    def __init__(self, conn: Any) -> None:
        self.conn, self.fd = conn, conn.sock.fileno()
        self.pending: bytes | memoryview = b""
        self.supply: Supply | None = None
        self.position = self._until = 0
        self.chunked = self._in_chunk = self.keepalive = False
        self.state = State.DONE
        self.active_at = 0.0

    def put(self, data: bytes) -> None:
        """Have `data` sent after what was put before."""
        self.pending = b"".join((self.pending, data)) if self.pending else data

    def send_from(self, supply: Supply, *, chunked: bool) -> None:
        """Have the bytes of `supply` sent after what was put before."""
        self.supply, self.chunked = supply, chunked
        self.position = self._until = supply.position
        if supply.prefix:
            self.put(_chunk(supply.prefix) if chunked else supply.prefix)

    def push(self) -> bool:
        """Send what is in memory without waiting; whether all of it went."""
        # Where bytes of the file follow, the head goes out in one packet with them.
        flags = socket.MSG_MORE if self._until > self.position else 0
        while self.pending:
            try:
                count = self.conn.sock.send(self.pending, flags)
            except BlockingIOError:
                return False
            self.pending = memoryview(self.pending)[count:]
            self.active_at = time.monotonic()
        self.pending = b""
        return True

    def flush(self) -> None:
        """Send what is in memory, waiting for the client. Raises BrokenPipeError."""
        while not self.push():
            poll = select.poll()
            poll.register(self.fd, select.POLLOUT)
            if not poll.poll(IDLE_S * 1000):
                raise BrokenPipeError(errno.EPIPE, "the client takes nothing")

    def send_first(self, staying: threading.Semaphore) -> State:
        """Send what can be sent at once, on the request's thread; the rest is for the sender.

        A client that takes its bytes as fast as they come is served to the end, which is quicker,
        as long as `staying` has a place. Raises as `advance`; a fault of the supply is recorded
        before.
        """
        try:
            state = self.advance(on_change=lambda: None)
            if state is State.BLOCKED and staying.acquire(blocking=False):
                try:
                    state = self._stay()
                finally:
                    staying.release()
        except Renewal:
            state = State.WAITING
        except OSError:
            raise
        except Exception as fault:
            self.supply.cut(fault)
            self.push()
            raise BrokenPipeError(errno.EPIPE, "the response is broken off") from fault
        if state is not State.DONE and self.supply:
            self.supply.keep()
        return state

    def _stay(self) -> State:
        until = time.monotonic() + _STAY_S
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        state = State.BLOCKED
        while state is State.BLOCKED and time.monotonic() < until and poll.poll(_FAST_MS):
            state = self.advance(on_change=lambda: None)
        return state

    def advance(self, on_change: Callable[[], None]) -> State:
        """Send what can be sent without waiting.

        Raises OSError when the client has left, and what `Supply.ready` raises.
        """
        left = _MOST_AT_ONCE
        while True:
            waits = self._look_ahead(on_change)
            if not self.push():
                return State.BLOCKED
            if waits:
                return State.WAITING
            if self.supply is None:
                return State.DONE
            if left <= 0:
                return State.BLOCKED
            count = min(self._until - self.position, left)
            try:
                count = os.sendfile(self.fd, self.supply.fileno(), self.position, count)
            except BlockingIOError:
                return State.BLOCKED
            if not count:
                raise EOFError(f"the file ends at byte {self.position}")
            self.position += count
            left -= count
            self.active_at = time.monotonic()

    def close(self) -> None:
        if self.supply:
            self.supply.close()
            self.supply = None

    def _look_ahead(self, on_change: Callable[[], None]) -> bool:
        """Find the end of the bytes that can be sent; whether there are none yet."""
        if self.supply is None or self.position < self._until:
            return False
        if self._in_chunk:
            self._in_chunk = False
            self.put(b"\r\n")
        end = self.supply.ready(self.position, on_change)
        if end is None:
            self.close()
            if self.chunked:
                self.put(b"0\r\n\r\n")
        elif end > self.position:
            self._until = end
            if self.chunked:
                self._in_chunk = True
                self.put(b"%X\r\n" % (end - self.position))
        return end == self.position


def _chunk(data: bytes) -> bytes:
    return b"%X\r\n%b\r\n" % (len(data), data)


class Sender:
    """Goes on with transfers, on a thread of its own.

    on_end(transfer) is called on that thread or on one of `submit` when nothing more is to be
    sent; keepalive is False after a fault. submit(function, *arguments) runs what may block.
    """

    def __init__(self, on_end: Callable[[Transfer], None], submit: Callable[..., object]) -> None:
        self._on_end, self._submit = on_end, submit
        self._transfers: dict[int, Transfer] = {}
        self._added: deque[Transfer] = deque()
        self._changed: deque[Transfer] = deque()
        self._epoll = select.epoll()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_woken = False
        self._epoll.register(self._event, select.EPOLLIN)

    def start(self) -> None:
        threading.Thread(target=self._run, name="sender", daemon=True).start()

    def add(self, transfer: Transfer) -> None:
        """Take over a transfer whose supply is kept. Its socket does not block."""
        self._added.append(transfer)
        self._wake()

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            os.eventfd_write(self._event, 1)

    def _note_change(self, transfer: Transfer) -> None:
        self._changed.append(transfer)
        self._wake()

    def _run(self) -> None:
        look_at = time.monotonic() + _LOOK_EVERY_S
        while True:
            for fd, events in self._epoll.poll(_LOOK_EVERY_S):
                if fd == self._event:
                    os.eventfd_read(fd)
                elif transfer := self._transfers.get(fd):
                    self._heed(transfer, events)
            self._is_woken = False
            for _ in range(len(self._added)):
                self._begin(self._added.popleft())
            for _ in range(len(self._changed)):
                transfer = self._changed.popleft()
                if self._transfers.get(transfer.fd) is transfer:
                    self._go_on(transfer)
            if time.monotonic() >= look_at:
                self._look_at_all()
                look_at = time.monotonic() + _LOOK_EVERY_S

    def _begin(self, transfer: Transfer) -> None:
        transfer.active_at = time.monotonic()
        transfer.state = State.BLOCKED
        self._transfers[transfer.fd] = transfer
        self._epoll.register(transfer.fd, select.EPOLLOUT)
        self._go_on(transfer)

    def _heed(self, transfer: Transfer, events: int) -> None:
        if events & (select.EPOLLHUP | select.EPOLLERR):
            self._end(transfer, ConnectionResetError())
        else:
            self._go_on(transfer)

    def _go_on(self, transfer: Transfer) -> None:
        try:
            state = transfer.advance(partial(self._note_change, transfer))
        except Renewal:
            self._drop(transfer)
            self._submit(self._renew, transfer)
        except Exception as fault:  # whatever it is, the other transfers go on
            self._end(transfer, fault)
        else:
            if state is State.DONE:
                self._end(transfer)
            elif state is not transfer.state:
                transfer.state = state
                # Where the supply waits, only the client's leaving is news.
                self._epoll.modify(transfer.fd, select.EPOLLOUT * (state is State.BLOCKED))

    def _look_at_all(self) -> None:
        now = time.monotonic()
        for transfer in list(self._transfers.values()):
            if transfer.state is State.WAITING:
                self._go_on(transfer)
            elif now - transfer.active_at > IDLE_S:
                self._end(transfer, TimeoutError())

    def _drop(self, transfer: Transfer) -> None:
        del self._transfers[transfer.fd]
        with suppress(OSError):
            self._epoll.unregister(transfer.fd)

    def _end(self, transfer: Transfer, fault: Exception | None = None) -> None:
        self._drop(transfer)
        if fault is None:
            self._finish(transfer)
        elif isinstance(fault, OSError):
            self._finish(transfer, broken=True)
        else:
            self._submit(self._cut, transfer, fault)

    def _renew(self, transfer: Transfer) -> None:
        try:
            transfer.supply.renew(transfer.position)
        except Exception as fault:  # as in `_go_on`
            self._cut(transfer, fault)
        else:
            self.add(transfer)

    def _cut(self, transfer: Transfer, fault: Exception) -> None:
        """Break the response off; that is recorded before the client learns of it."""
        try:
            transfer.supply.cut(fault)
        except Exception:
            log.exception("A broken response could not be recorded")
        with suppress(OSError):
            transfer.push()  # the head, if it is not out yet
        self._finish(transfer, broken=True)

    def _finish(self, transfer: Transfer, *, broken: bool = False) -> None:
        transfer.keepalive = transfer.keepalive and not broken
        transfer.close()
        self._on_end(transfer)
