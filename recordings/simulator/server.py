"""The vendor on a loopback port."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from recordings.simulator.allowance import Allowance
from recordings.simulator.answers import Vendor
from recordings.simulator.calls import Call, Recording
from recordings.simulator.data import demo_calls
from recordings.simulator.faults import Faults
from recordings.simulator.handler import VendorRequestHandler
from recordings.simulator.options import Options
from recordings.simulator.request_log import RequestLog
from recordings.simulator.sources import Source, as_source, noise

DEFAULT_KEY = "sk_test_simulated_0001"
_RESUMED_AFTER = timedelta(seconds=90)


class _Server(socketserver.ThreadingTCPServer):
    """A thread for each connection, and a list of connections to close at the end.

    certificate: a PEM file with certificate and key, to speak TLS.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(
        self, address: tuple[str, int], simulator: Simulator, certificate: str | None = None
    ):
        self.simulator = simulator
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.connections: set[socket.socket] = set()
        self.lock = threading.Condition()
        super().__init__(address, VendorRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as secured:
            secured.settimeout(None)
            with self.lock:
                # The socket below has been taken over.
                self.connections.discard(request)
                self.connections.add(secured)
            try:
                super().finish_request(secured, client_address)
            finally:
                with self.lock:
                    self.connections.discard(secured)
                    self.lock.notify_all()

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            super().shutdown_request(request)
        with self.lock:
            self.connections.discard(request)
            self.lock.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close_connections(self, timeout: float) -> None:
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.lock.wait_for(lambda: not self.connections, timeout)


class Simulator:
    """Kallglot's recording API on 127.0.0.1.

        with Simulator() as vendor:
            requests.get(f"{vendor.url}/sessions/{id}/recordings", headers=vendor.auth)

    Without `calls` it knows the demo's calls, with times relative to `epoch`. Options, faults
    and calls may be changed while it runs.

    media_certificate: a PEM file with certificate and key. With it the addresses that audio is
    redirected to are served by a second listener over TLS, at `media_origin`.
    """

    def __init__(
        self,
        port: int = 0,
        key: str = DEFAULT_KEY,
        options: Options | None = None,
        calls: Iterable[Call] | None = None,
        epoch: datetime | None = None,
        media_certificate: str | None = None,
    ):
        self.key = key
        self.options = options or Options()
        self.requests = RequestLog()
        self.faults = Faults()
        self.closing = threading.Event()
        self.allowance = Allowance(lambda: self.options.rate_limit)
        self.session_allowance = Allowance(lambda: self.options.session_rate_limit)
        self.vendor = Vendor(self)
        self.epoch = (epoch or datetime.now(UTC)).replace(microsecond=0)
        self._port = port
        self._ahead = timedelta()
        self._lock = threading.Lock()
        self._calls: dict[str, Call] = {}
        self._recordings: dict[str, tuple[Recording, Call]] = {}
        self._first_asked: dict[str, datetime] = {}
        self._times_listed: dict[str, int] = {}
        self._times_remade: dict[str, int] = {}
        self._media_certificate = media_certificate
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []
        for call in demo_calls(self.epoch) if calls is None else calls:
            self.add_call(call)
        # A demo that is started again goes on where it was: what was processing is long ready.
        self._resumed = calls is None and self.now() - self.epoch > _RESUMED_AFTER

    # Running

    def start(self) -> Simulator:
        """Listen; `OSError` when the port is taken."""
        self._servers = [_Server(("127.0.0.1", self._port), self)]
        self._port = self._servers[0].server_address[1]
        if self._media_certificate is not None:
            self._servers.append(_Server(("127.0.0.1", 0), self, self._media_certificate))
        for server in self._servers:
            thread = threading.Thread(
                target=server.serve_forever, args=(0.02,), name="simulator", daemon=True
            )
            thread.start()
            self._threads.append(thread)
        return self

    def close(self) -> None:
        """Stop listening, cut open connections and wait until they are gone."""
        self.closing.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
            server.close_connections(timeout=2)
        for thread in self._threads:
            thread.join(2)
        self._servers, self._threads = [], []

    def __enter__(self) -> Simulator:
        return self if self._servers else self.start()

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def media_origin(self) -> str:
        """Where redirected audio lies, unless the option of this name says otherwise."""
        if len(self._servers) < 2:
            return self.origin
        return f"https://127.0.0.1:{self._servers[1].server_address[1]}"

    @property
    def url(self) -> str:
        """The base address a client is given."""
        return f"{self.origin}/v1"

    @property
    def auth(self) -> dict[str, str]:
        """Headers that authenticate a request."""
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def open_connections(self) -> int:
        return sum(len(server.connections) for server in self._servers)

    # The vendor's knowledge

    def add_call(self, call: Call) -> Call:
        """Make a call known; one with the same id is replaced."""
        with self._lock:
            if (replaced := self._calls.get(call.id)) is not None:
                for recording in replaced.recordings:
                    self._recordings.pop(recording.id, None)
            self._calls[call.id] = call
            for recording in call.recordings:
                self._recordings[recording.id] = (recording, call)
        return call

    def remove_call(self, session_id: str) -> None:
        """Forget a call: from now on 404."""
        with self._lock:
            call = self._calls.pop(session_id)
            for recording in call.recordings:
                self._recordings.pop(recording.id, None)

    def remake(
        self,
        recording_id: str,
        audio: bytes | Path | str | Source | None = None,
        *,
        announced: bool = True,
    ) -> Recording:
        """Give a recording other bytes under the same id; without `audio`, noise of the same size.

        announced: whether `created_at` moves as well, as far as metadata shows that.
        """
        with self._lock:
            before, call = self._recordings[recording_id]
            made = self._times_remade[recording_id] = self._times_remade.get(recording_id, 0) + 1
            if audio is None:
                audio = noise(before.audio.size, before.format, seed=1_000 + made)
            after = replace(before, audio=as_source(audio), as_mp3=None)
            if announced:
                after = replace(after, created_at=before.created_at + timedelta(seconds=1))
            recordings = tuple(after if r.id == recording_id else r for r in call.recordings)
            self._calls[call.id] = call = replace(call, recordings=recordings)
            for recording in recordings:
                self._recordings[recording.id] = (recording, call)
        return after

    def call(self, session_id: str) -> Call | None:
        """The call of this id; asking starts the clock of what is processing in it."""
        call = self._calls.get(session_id)
        if call is not None:
            unwatched = max((recording.unwatched for recording in call.recordings), default=0)
            if self._times_listed.get(call.id, 0) >= unwatched:
                self._first_asked.setdefault(call.id, self.now())
        return call

    def listed(self, session_id: str) -> Call | None:
        """The call of this id, whose recordings somebody lists."""
        call = self.call(session_id)
        if call is not None:
            with self._lock:
                self._times_listed[call.id] = self._times_listed.get(call.id, 0) + 1
        return call

    def recording(self, recording_id: str) -> tuple[Recording, Call] | None:
        found = self._recordings.get(recording_id)
        if found is not None:
            self.call(found[1].id)
        return found

    @property
    def calls(self) -> list[Call]:
        return list(self._calls.values())

    def now(self) -> datetime:
        """The vendor's clock."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the vendor's clock forward: recordings get ready and expire."""
        self._ahead += timedelta(seconds=seconds)

    def recording_status(self, recording: Recording) -> str:
        """`processing`, `ready` or `failed` by the vendor's clock."""
        if recording.ready_after is None:
            return recording.status
        if self._resumed:
            return "ready"
        _, call = self._recordings[recording.id]
        asked = self._first_asked.get(call.id)
        wait = timedelta(seconds=recording.ready_after)
        return "ready" if asked is not None and self.now() - asked >= wait else "processing"

    def expired(self, recording: Recording) -> bool:
        return recording.expires_at is not None and self.now() >= recording.expires_at
