"""A response that goes out as far as the client takes it; the rest is the sender's."""

import io
from typing import Any

from gunicorn.http import wsgi

from .sender import Transfer
from .supply import FilePart

# An unreadable request never reaches Django, so its answer gets no headers there.
HEADERS = (
    b"Cache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\n"
    b"Referrer-Policy: same-origin\r\n"
    b"Cross-Origin-Resource-Policy: same-origin\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
)
TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n"
    + HEADERS
    + b"\r\n"
)


class Response(wsgi.Response):
    """gunicorn's response, which names no product and gives its bytes to a `Transfer`."""

    def __init__(self, req, sock, cfg, transfer: Transfer) -> None:
        super().__init__(req, sock, cfg)
        self._transfer = transfer

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]

    def send_headers(self) -> None:
        if not self.headers_sent:
            lines = self.default_headers()
            lines += [f"{name}: {value}\r\n" for name, value in self.headers]
            self._transfer.put(f"{''.join(lines)}\r\n".encode("latin-1"))
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        self._transfer.put(data)
        self._transfer.push()

    def write_file(self, wrapper: wsgi.FileWrapper) -> None:
        supply = getattr(wrapper.filelike, "supply", None) or self._part(wrapper.filelike)
        if supply is None:
            super().write_file(wrapper)
            return
        self.send_headers()
        if not self._omits_body:
            self._transfer.send_from(supply, chunked=self.chunked)

    def close(self) -> None:
        self.send_headers()
        if self.chunked and self._transfer.supply is None:
            self._transfer.put(b"0\r\n\r\n")

    def _part(self, file) -> FilePart | None:
        """The rest of a file on disk, such as a static file; None for other objects."""
        try:
            start = file.tell()
            end = file.seek(0, io.SEEK_END)
            file.seek(start)
            file.fileno()
        except (AttributeError, OSError):
            return None
        length = end - start if self.response_length is None else self.response_length
        return FilePart(file, start, start + length)


class WithHeaders:
    """A socket on which the first thing sent is the head of an answer, to which ours are added."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            data = data.replace(b"\r\n", b"\r\n" + HEADERS, 1)
        self._socket.sendall(data)
