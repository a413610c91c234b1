"""Requests given to the portal's WSGI application byte for byte, as a web server does."""

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from kallglot_portal.request_parsing import PortalHandler

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the application returned. `headers` keep their order and their doubles."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class RawClient:
    """Sends what it is given and adds nothing but `Host` and `Content-Length`."""

    def __init__(self) -> None:
        self._application = PortalHandler()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """One request. path: decoded, as in WSGI. Header values are Latin-1 text."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.errors": BytesIO(),
        }
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
        begun = []

        def start_response(status, response_headers, exc_info=None):
            begun[:] = [int(status.split()[0]), response_headers]

        with _connection_kept():
            chunks = self._application(environ, start_response)
            try:
                body = b"".join(chunks)
            except BrokenPipeError:
                # The portal breaks a connection off on purpose.
                body = b""
            finally:
                chunks.close()
        return Answer(*begun, body)


@contextmanager
def _connection_kept():
    """Do not close the database connection with the request: it holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
