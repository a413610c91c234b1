"""Questions to a served portal over a socket of their own, and what came back."""

import http.client
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. whole: the body had the length, or the last chunk, that was promised."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    whole: bool

    @property
    def part(self) -> tuple[int, str | None, bytes]:
        """What two servers of one file must agree on."""
        return self.status, self.headers["Content-Range"], self.body


def ask(
    port: int,
    path: str,
    method: str = "GET",
    headers: dict | None = None,
    timeout: float = 30,
    on_head: Callable[[], None] = lambda: None,
) -> Answer:
    """One request on a connection of its own, read to its end; `on_head` is called in between."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers={"Connection": "close", **(headers or {})})
        response = connection.getresponse()
        on_head()
        try:
            body, whole = response.read(), True
        except http.client.IncompleteRead as error:
            body, whole = error.partial, False
        except ConnectionResetError:
            body, whole = b"", False
        return Answer(response.status, response.headers, body, whole)
    finally:
        connection.close()


def open_raw(port: int, path: str, headers: dict, buffer: int | None = None) -> socket.socket:
    """A connection on which the request has been sent and nothing was read yet."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", port))
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    return connection


def eventually(condition: Callable[[], object], within: float = 20.0) -> bool:
    """Whether `condition` comes true before `within` seconds have passed.

    Only for what must come true: long, since a busy machine is no failure.
    """
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
