"""A plain-socket HTTP client that takes times and is not the bottleneck itself."""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .processes import Failed

_BUFFER_BYTES = 1024 * 1024
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: where to, and its head as it goes over the wire."""

    port: int
    head: bytes


@dataclass(slots=True)
class Answer:
    """Times in seconds since before the connection was made.

    first_s: the first byte of the body. whole_s: the last one that was wanted. marked_s: when
    the byte at the mark had arrived. body: bytes of it. began_at: on the monotonic clock.
    """

    began_at: float
    status: int = 0
    first_s: float = 0.0
    whole_s: float = 0.0
    marked_s: float = 0.0
    body: int = 0
    length: int = 0
    _head: bytearray = field(default_factory=bytearray)

    def take(self, block: memoryview, now: float) -> None:
        """Count a block that has arrived; the head is read until it is complete."""
        if self.length or self.status:
            self.body += len(block)
        else:
            self._head += block
            head, found, body = bytes(self._head).partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.decode("latin-1").lower().split("\r\n")
            self.status = int(lines[0].split()[1])
            lengths = [line.split(":")[1] for line in lines if line.startswith("content-length:")]
            self.length = int(lengths[0]) if lengths else 0
            self.body = len(body)
        if self.body and not self.first_s:
            self.first_s = now - self.began_at


def ask(port: int, path: str, **headers: str) -> Ask:
    """A GET on a connection of its own; underscores in names of headers stand for hyphens."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Ask(port, ("\r\n".join(lines) + "\r\n\r\n").encode())


def fetch(
    request: Ask, *, stop_after: int | None = None, mark: int = 0, rate: float = 0.0
) -> Answer:
    """Read one answer; `stop_after` so many bytes of the body the connection is closed.

    rate: read no faster than this, in bytes a second; 0 for as fast as possible.
    """
    buffer = bytearray(_BUFFER_BYTES if not rate else 64 * 1024)
    view = memoryview(buffer)
    answer = Answer(began_at=time.monotonic())
    with socket.create_connection(("127.0.0.1", request.port), timeout=_PATIENCE_S) as connection:
        connection.sendall(request.head)
        while count := connection.recv_into(buffer):
            now = time.monotonic()
            answer.take(view[:count], now)
            if mark and not answer.marked_s and answer.body > mark:
                answer.marked_s = now - answer.began_at
            if answer.status and _has_enough(answer, stop_after):
                break
            if rate:
                time.sleep(max(0.0, answer.began_at + answer.body / rate - now))
    answer.whole_s = time.monotonic() - answer.began_at
    return _checked(answer, stop_after)


def fetch_together(requests: Sequence[Ask], *, stop_after: int | None = None) -> list[Answer]:
    """Read all answers at once, each on a connection of its own, in this one thread."""
    buffer = bytearray(_BUFFER_BYTES)
    view = memoryview(buffer)
    deadline = time.monotonic() + _PATIENCE_S
    answers = []
    with selectors.EpollSelector() as selector:
        for request in requests:
            answer = Answer(began_at=time.monotonic())
            connection = socket.create_connection(("127.0.0.1", request.port))
            connection.sendall(request.head)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, answer)
            answers.append(answer)
        while selector.get_map():
            if time.monotonic() > deadline:
                raise Failed("Answers did not end in time.")
            for key, _ in selector.select(1):
                answer, connection = key.data, key.fileobj
                count = connection.recv_into(buffer)
                now = time.monotonic()
                answer.take(view[:count], now)
                if not count or (answer.status and _has_enough(answer, stop_after)):
                    answer.whole_s = now - answer.began_at
                    selector.unregister(connection)
                    connection.close()
    return [_checked(answer, stop_after) for answer in answers]


def _has_enough(answer: Answer, stop_after: int | None) -> bool:
    wanted = answer.length if stop_after is None else stop_after
    return bool(wanted) and answer.body >= wanted


def _checked(answer: Answer, stop_after: int | None) -> Answer:
    """A wrong answer is not a fast one."""
    if answer.status not in (200, 206):
        raise Failed(f"A server answered {answer.status}.")
    if answer.length and answer.body < min(answer.length, stop_after or answer.length):
        raise Failed(f"A server sent {answer.body} of {answer.length} bytes.")
    return answer
