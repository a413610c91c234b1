"""gunicorn's worker, with the portal's headers on the answers that gunicorn gives by itself."""

from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# An unreadable request never reaches Django, so its answer gets no headers there.
_HEADERS = (
    b"Cache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\n"
    b"Referrer-Policy: same-origin\r\n"
    b"Cross-Origin-Resource-Policy: same-origin\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
)


# As long as anybody may listen to one piece of sound.
_SERVE_OUT_S = 3600


class Worker(ThreadWorker):
    """The threaded worker; see `gunicorn.conf.py` for its settings.

    A worker that a reload (SIGHUP) has replaced serves out who still listens.
    """

    def handle_exit(self, sig, frame):
        """SIGTERM: others have taken over, or all is to stop.

        gunicorn has one time for both. It stays short in the master, which ends a stop with it,
        and does nothing else while it waits for replaced workers.
        """
        self.cfg.set("graceful_timeout", _SERVE_OUT_S)
        super().handle_exit(sig, frame)

    def handle_error(self, req, client, addr, exc):
        super().handle_error(req, _WithHeaders(client), addr, exc)


class _WithHeaders:
    """A socket on which the first thing sent is the head of an answer, to which ours are added."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            data = data.replace(b"\r\n", b"\r\n" + _HEADERS, 1)
        self._socket.sendall(data)
