"""gunicorn's threaded worker, changed where waiting clients would hold up others.

gunicorn takes a thread for a connection before its request has come, keeps it until the client has
taken the response, and waits on the accepting thread for clients to close. Here a thread is taken
when the head of a request is complete (`connections`), a slow client gets the rest of its response
from the `sender`, and a finished connection lingers on the worker's poller. What of gunicorn's
inside this leans on: docs/decisions/0020.
"""

import contextlib
import errno
import selectors
import threading
import time
from collections import defaultdict
from concurrent.futures import Future
from functools import partial
from ipaddress import ip_address, ip_network

from django.conf import settings
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from . import serving
from .bodies import BodyPlaces
from .connections import Connection
from .lingering import Lingering
from .response import TOO_SLOW, WithHeaders
from .sender import Sender, Transfer

# As long as anybody may listen to one piece of sound.
_SERVE_OUT_S = 3600
# A client gets this long to read the end of a response, while what it still sends is dropped.
_LINGER_S = 5
_REST_S = 0.5
_LOG_AGAIN_AFTER_S = 60
_LOOK_AT_DEADLINES_EVERY_S = 0.25
_HARMLESS = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR)


# What `handle` returns for a connection whose response the sender completes.
_SENT_ON = object()


class Worker(ThreadWorker):
    """The threaded worker; see `gunicorn.conf.py` for its settings.

    A worker that a reload (SIGHUP) has replaced serves out who still listens.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._proxies = [ip_network(network) for network in settings.TRUSTED_PROXIES]
        # One address gets a share of the connections on which a request is still to come.
        self._most_of_one = max(1, self.worker_connections // 4)
        # Of the threads so many may wait for the vendor; see `later`.
        self.waiting = threading.Semaphore(max(1, self.cfg.threads // 2))
        # So many may complete the response of a fast client themselves.
        self.staying = threading.Semaphore(max(1, self.cfg.threads // 4))
        self._places = BodyPlaces(max(2, self.cfg.threads // 4))
        # Connections in the order in which they came; dicts as ordered sets.
        self._arriving: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._lingering: Lingering | None = None
        self._sender: Sender | None = None
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

    def init_process(self) -> None:
        self._sender = Sender(on_end=self._sent, submit=self._submit)
        self._sender.start()
        super().init_process()

    def run(self) -> None:
        self._lingering = Lingering(self.poller, self._lingered)
        super().run()

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

    def finish_request(self, conn: Connection, future: Future) -> None:
        if not future.cancelled() and not future.exception() and future.result() is _SENT_ON:
            return
        super().finish_request(conn, future)

    def linger(self, conn: Connection) -> None:
        """Close when the client has read the response; until then the connection counts."""
        self.nr_conns += 1
        self._lingering.add(conn, _LINGER_S if self.alive else STOP_KEEPALIVE_LINGER)

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
        self._lingering.end_expired(now)

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
            conn.sock.send(TOO_SLOW)
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

    def _lingered(self, conn: Connection) -> None:
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

    # -- responses that the sender completes ---------------------------------------------------

    def _submit(self, function, *arguments) -> None:
        try:
            self.tpool.submit(function, *arguments)
        except RuntimeError:  # the worker is about to end
            function(*arguments)

    def _sent(self, transfer: Transfer) -> None:
        future = Future()
        future.set_result(transfer.keepalive)
        self.method_queue.defer(self.finish_request, transfer.conn, future)

    # -- requests, on their threads ------------------------------------------------------------

    def handle(self, conn: Connection):
        result = super().handle(conn)
        if isinstance(result, serving.Again):
            conn.repeat_request()
            result.subscribe(partial(self.method_queue.defer, self.enqueue_req, conn))
            return _SENT_ON
        if not isinstance(result, Transfer):
            return result
        conn.forget_request()
        self._sender.add(result)
        return _SENT_ON

    def handle_request(self, req, conn: Connection) -> bool | Transfer:
        return serving.serve(self, req, conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool | Transfer) -> bool | Transfer:
        if isinstance(keepalive, Transfer):
            keepalive.keepalive = self._keepalive_after(conn, keepalive.keepalive)
            return keepalive
        if isinstance(keepalive, serving.Again):
            return keepalive
        try:
            return super()._keepalive_after(conn, keepalive)
        except (ParseException, OSError):
            return False  # the rest of the body, which nothing has read, is not HTTP

    def handle_error(self, req, client, addr, exc):
        super().handle_error(req, WithHeaders(client), addr, exc)
