"""gunicorn's threaded worker, changed where waiting clients would hold up others.

gunicorn takes a thread for a connection before its request has come, and waits on the accepting
thread for clients to close. Here both happen on the worker's poller: a thread is taken when the
head of a request is complete (`connections`), and a finished connection lingers there.
"""

import contextlib
import errno
import selectors
import socket
import time
from collections import defaultdict
from datetime import timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from .bodies import BodyPlaces, Input
from .connections import Connection
from .request_heads import checked

# An unreadable request never reaches Django, so its answer gets no headers there.
_HEADERS = (
    b"Cache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\n"
    b"Referrer-Policy: same-origin\r\n"
    b"Cross-Origin-Resource-Policy: same-origin\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
)
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n"
    + _HEADERS
    + b"\r\n"
)

# As long as anybody may listen to one piece of sound.
_SERVE_OUT_S = 3600
# A client gets this long to read the end of a response, while what it still sends is dropped.
_LINGER_S = 5
_MOST_DRAINED_BYTES = 8 * 2**20
_REST_S = 0.5
_LOG_AGAIN_AFTER_S = 60
_LOOK_AT_DEADLINES_EVERY_S = 0.25
_HARMLESS = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR)

_scrap = bytearray(64 * 1024)


class Response(wsgi.Response):
    """gunicorn's response, which names no product."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class Worker(ThreadWorker):
    """The threaded worker; see `gunicorn.conf.py` for its settings.

    A worker that a reload (SIGHUP) has replaced serves out who still listens.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._proxies = [ip_network(network) for network in settings.TRUSTED_PROXIES]
        # One address gets a share of the connections on which a request is still to come.
        self._most_of_one = max(1, self.worker_connections // 4)
        self._places = BodyPlaces(max(2, self.cfg.threads // 4))
        # Both in the order in which they came; dicts as ordered sets.
        self._arriving: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._lingering: dict[Connection, int] = {}
        self._look_at = 0.0
        self._rests_until = 0.0
        self._logged_rest_at = -_LOG_AGAIN_AFTER_S

    def handle_exit(self, sig, frame):
        """SIGTERM: others have taken over, or all is to stop.

        gunicorn has one time for both. It stays short in the master, which ends a stop with it,
        and does nothing else while it waits for replaced workers.
        """
        self.cfg.set("graceful_timeout", _SERVE_OUT_S)
        super().handle_exit(sig, frame)

    # -- connections, on the poller's thread ---------------------------------------------------

    def accept(self, listener) -> bool:
        """Accept one connection, if there is one. Without free descriptors, rest."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in _HARMLESS:
                self._rest(error)
            return False
        self.nr_conns += 1
        conn = Connection(self, sock, address, listener.getsockname(), self._places)
        self.enqueue_req(conn)
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled and time.monotonic() >= self._rests_until)
        if not self.alive:
            # With `reuse_port` the kernel would give this worker connections until it ends.
            for listener in self.sockets:
                while self.accept(listener):
                    pass
                listener.close()
            self.sockets = []

    def enqueue_req(self, conn: Connection) -> None:
        """Take a thread for the connection's next request as soon as that has come."""
        conn.begin_request()
        if self._receive(conn):
            super().enqueue_req(conn)
        elif conn.sock.fileno() >= 0:
            same = self._arriving[conn.address]
            same[conn] = None
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._go_on, conn))
            if len(same) > self._most_of_one and not self._is_proxy(conn):
                self._give_up(next(iter(same)))

    def linger(self, conn: Connection) -> None:
        """Close when the client has read the response (RFC 9112 section 9.6)."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            util.close(conn.sock)
            return
        self.nr_conns += 1
        conn.deadline = time.monotonic() + (_LINGER_S if self.alive else STOP_KEEPALIVE_LINGER)
        self._lingering[conn] = 0

    def murder_pending(self) -> None:
        """Close connections whose deadline has passed."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_AT_DEADLINES_EVERY_S
        for conn in [conn for same in self._arriving.values() for conn in same]:
            if conn.deadline <= now:
                self._give_up(conn)
            elif not self.alive and not conn.received:
                # A stop waits a little for a request that may be under way.
                conn.deadline = min(conn.deadline, now + STOP_KEEPALIVE_LINGER)
        for conn in [conn for conn in self._lingering if conn.deadline <= now]:
            self._end_lingering(conn)

    def _go_on(self, conn: Connection, _sock) -> None:
        ready = self._receive(conn)
        if ready or conn.sock.fileno() < 0:
            self._no_longer_arriving(conn)
        if ready:
            super().enqueue_req(conn)

    def _receive(self, conn: Connection) -> bool:
        """Whether a thread is to be taken; a connection that the client has left is closed."""
        try:
            return conn.receive()
        except OSError:
            self._forget(conn.sock)
            self.nr_conns -= 1
            conn.close()
            return False

    def _give_up(self, conn: Connection) -> None:
        self._forget(conn.sock)
        self._no_longer_arriving(conn)
        self.nr_conns -= 1
        if not conn.received:
            conn.close()
            return
        try:
            conn.sock.send(_TOO_SLOW)
        except OSError:
            conn.close()
        else:
            self.linger(conn)

    def _no_longer_arriving(self, conn: Connection) -> None:
        self._forget(conn.sock)
        address = conn.address
        del self._arriving[address][conn]
        if not self._arriving[address]:
            del self._arriving[address]

    def _drain(self, conn: Connection, sock) -> None:
        try:
            count = sock.recv_into(_scrap)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self._lingering[conn] += count
        if not count or self._lingering[conn] > _MOST_DRAINED_BYTES:
            self._end_lingering(conn)

    def _end_lingering(self, conn: Connection) -> None:
        del self._lingering[conn]
        self._forget(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, sock) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.poller.unregister(sock)

    def _is_proxy(self, conn: Connection) -> bool:
        """Whether many clients share the connection's address: a proxy's, or a Unix socket."""
        address = conn.address
        return not address or any(ip_address(address) in network for network in self._proxies)

    def _rest(self, error: OSError) -> None:
        now = time.monotonic()
        self._rests_until = now + _REST_S
        self.set_accept_enabled(False)
        if now - self._logged_rest_at >= _LOG_AGAIN_AFTER_S:
            self._logged_rest_at = now
            self.log.error("No connection can be accepted for now: %s", error.strerror)

    # -- requests, on their threads ------------------------------------------------------------

    def handle_request(self, req, conn: Connection) -> bool:
        """Serve one request; whether the connection can be used again. As in gunicorn."""
        req.headers = checked(req.headers)
        conn.parser.unreader.begin()
        response = None
        try:
            response, environ = wsgi.create(
                req, conn.sock, conn.client, conn.server, self.cfg, response_class=Response
            )
            environ["wsgi.multithread"] = True
            environ["wsgi.input"] = Input(req.body)
            self.nr += 1
            if self.nr >= self.max_requests:
                self.alive = False
            if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
                response.force_close()
            self._respond(environ, response)
        except OSError:
            raise
        except (Exception, SystemExit):
            if response and response.headers_sent:
                # An error page would become part of the response.
                self.log.exception("Error handling request")
                raise StopIteration from None
            raise
        finally:
            conn.parser.unreader.end()
        return not response.should_close()

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        try:
            return super()._keepalive_after(conn, keepalive)
        except ParseException:
            return False  # the rest of the body, which nothing has read, is not HTTP

    def _respond(self, environ: dict, response: Response) -> None:
        began_at = time.monotonic()
        body = self.wsgi(environ, response.start_response)
        if response.req.body.failed:
            response.force_close()
        try:
            if isinstance(body, environ["wsgi.file_wrapper"]):
                response.write_file(body)
            else:
                for block in body:
                    response.write(block)
            response.close()
        finally:
            took = timedelta(seconds=time.monotonic() - began_at)
            self.log.access(response, response.req, environ, took)
            if hasattr(body, "close"):
                body.close()

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
