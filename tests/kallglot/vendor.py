"""A vendor on a loopback socket that sends exactly the bytes a test wants, broken ones too."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Request:
    """One request as it arrived. `connection` counts the accepted connections from 1."""

    target: str
    headers: dict[str, str]
    connection: int


class Link:
    """What a step may do with the connection it answers on."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def trickle(self, data: bytes, pause: float) -> None:
        """Send byte by byte until the client leaves or the test is over."""
        for byte in data:
            if self.over.wait(pause):
                return
            self.send(bytes([byte]))

    def hang(self) -> None:
        self.over.wait(30)

    def close(self) -> None:
        raise _CloseError

    def reset(self) -> None:
        raise _ResetError


class _CloseError(Exception):
    pass


class _ResetError(Exception):
    pass


Step = bytes | Callable[[Link], None]


@dataclass
class Vendor:
    """Answers the n-th request with the n-th step; the last step answers all later ones."""

    tls_file: str | None = None
    steps: list[Step] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._context = None
        if self.tls_file:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(self.tls_file)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *steps: Step) -> None:
        self.steps = list(steps)

    def stop(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            sock.settimeout(0.05)
            if self._context:
                sock.settimeout(5)
                sock = self._context.wrap_socket(sock, server_side=True)
            while request := self._read(sock, number):
                with self._lock:
                    self.requests.append(request)
                    step = self.steps[min(len(self.requests), len(self.steps)) - 1]
                sock.settimeout(5)
                link = Link(sock, self._over)
                link.send(step) if isinstance(step, bytes) else step(link)
        except _ResetError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (_CloseError, OSError):
            pass
        finally:
            sock.close()

    def _read(self, sock: socket.socket, number: int) -> Request | None:
        head = b""
        sock.settimeout(0.05)
        while b"\r\n\r\n" not in head:
            try:
                data = sock.recv(65_536)
            except TimeoutError:
                if self._over.is_set():
                    return None
                continue
            if not data:
                return None
            head += data
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        headers = {name.lower(): value for name, value in pairs}
        return Request(first.split(" ")[1], headers, number)


def answer(
    status: int = 200,
    body: bytes = b"",
    *headers: str,
    kind: str | None = "application/json",
    length: int | None = -1,
) -> bytes:
    """One whole answer; `length` None leaves Content-Length out."""
    lines = [f"HTTP/1.1 {status} Whatever", *headers]
    if kind:
        lines.append(f"Content-Type: {kind}")
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def audio(body: bytes, *headers: str, status: int = 200, length: int | None = -1) -> bytes:
    return answer(status, body, *headers, kind="audio/mpeg", length=length)


def then_close(data: bytes) -> Step:
    def step(link: Link) -> None:
        link.send(data)
        link.close()

    return step


def then_reset(data: bytes) -> Step:
    def step(link: Link) -> None:
        link.send(data)
        link.reset()

    return step


def then_hang(data: bytes) -> Step:
    def step(link: Link) -> None:
        link.send(data)
        link.hang()

    return step


def then_trickle(data: bytes, rest: bytes, pause: float) -> Step:
    def step(link: Link) -> None:
        link.send(data)
        link.trickle(rest, pause)

    return step


SESSION = answer(200, b'{"id": "sess_1", "status": "ended"}', "X-Request-ID: req_1")
