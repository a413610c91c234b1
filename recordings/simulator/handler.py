"""One connection: read requests, answer them, note them in the log."""

from __future__ import annotations

import hashlib
import itertools
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recordings.simulator import control
from recordings.simulator.faulty_delivery import deliver_faulty
from recordings.simulator.messages import Request
from recordings.simulator.request_log import LoggedRequest
from recordings.simulator.wire import Gone, Wire

if TYPE_CHECKING:
    from recordings.simulator.server import Simulator

MAX_REQUEST_BODY = 1 << 20
_numbers = itertools.count(1)


def _request_id() -> str:
    return "req_" + hashlib.sha256(str(next(_numbers)).encode()).hexdigest()[:16]


class VendorRequestHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with connections kept open, on the simulator given by the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # No buffer between an answer and the socket: faults count bytes.
    wbufsize = 0

    def do_GET(self) -> None:
        self._handle()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        """The request log is the log; standard error stays quiet."""

    def _handle(self) -> None:
        simulator: Simulator = self.server.simulator  # type: ignore[attr-defined]
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_REQUEST_BODY:
            self.close_connection = True
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        target = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if target.path.startswith("/_simulator"):
            control.handle(self, simulator, target.path, body)
            return
        entry = LoggedRequest(self.command, target.path, target.query, headers)
        simulator.requests.add(entry)
        wire = Wire(self.connection, entry, simulator.closing, simulator.options.bandwidth)
        request = Request(self.command, target.path, target.query, headers, _request_id())
        try:
            wire.wait(simulator.options.latency_ms / 1000)
            answer = simulator.vendor.answer(request)
            faults = simulator.faults.take(target.path)
            entry.faults = tuple(fault.kind for fault in faults)
            keep_open = deliver_faulty(wire, entry, request, answer, faults, simulator)
            if not keep_open:
                self.close_connection = True
        except (Gone, OSError):
            self.close_connection = True
        finally:
            simulator.requests.finish(entry)
