"""`requests` with sockets that obey the clock of the call, and heads that are checked strictly."""

import functools
import http.client
import http.cookiejar
import io
import logging
import re
import socket
import ssl

import requests
from requests.adapters import HTTPAdapter
from requests.certs import where as default_authorities
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import pacing
from .dialling import dial
from .errors import BadAnswer

_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # folded lines hold CR and LF
_POOLED_CONNECTIONS = 32

# At DEBUG these write whole addresses, and an address of the media host may carry a signature.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class _ClockedSocket(io.RawIOBase):
    """The raw stream under one answer."""

    def __init__(self, sock: socket.socket, clock: pacing.CallClock) -> None:
        self.clock = clock
        self._socket = sock
        self._finishing = False
        # http.client closes its socket while the body of a "Connection: close" answer is still
        # to be read; an open file keeps the descriptor alive until we are done.
        self._holder = sock.makefile("rb", buffering=0)
        if isinstance(sock, ssl.SSLSocket):
            # Without a length, only TLS's own goodbye tells the end of a body from a cut
            # (RFC 9112, section 9.8); by default a cut would look the same.
            sock.suppress_ragged_eofs = False
        clock.attach(sock)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        if not self._finishing:
            return self.clock.receive(self._socket, buffer)
        try:
            self._socket.settimeout(0)
            return self._socket.recv_into(buffer)
        except (OSError, ValueError):
            return None

    def finish(self) -> None:
        """From now on only tell what has arrived already."""
        self._finishing = True

    def spoil(self) -> None:
        """Make sure that the pool does not use this connection again."""
        pacing.shut_down(self._socket)

    def close(self) -> None:
        if not self.closed:
            self.clock.detach()
            self._holder.close()
        super().close()


class _ClockedReader(io.BufferedReader):
    raw: _ClockedSocket

    def close(self) -> None:
        # http.client closes its file as soon as the declared body is read. Whatever is there by
        # then was not declared: the length was wrong, or it is the start of a forged answer.
        if not self.closed:
            self.raw.finish()
            if self.peek(1):
                self.raw.clock.surplus = True
                self.raw.spoil()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args, **options) -> None:
        super().__init__(sock, *args, **options)
        clock = pacing.current()
        clock.start_head()
        self.fp.close()
        self.fp = _ClockedReader(_ClockedSocket(sock, clock))

    def begin(self) -> None:
        """Read the head. Raises BadAnswer when it breaks RFC 9112 in a way that matters.

        http.client takes the first of two lengths, ignores one it cannot read, and takes
        everything behind a broken header line for the body.
        """
        broken = False
        try:
            super().begin()
        except http.client.RemoteDisconnected:
            raise
        except (http.client.HTTPException, ValueError):
            broken = True
        if broken or not self._framing_is_sound():
            raise BadAnswer("The head of Kallglot's answer is broken.", reason="vendor_bad_head")
        pacing.current().start_body()

    def _framing_is_sound(self) -> bool:
        lengths = [value.strip(" \t") for value in self.msg.get_all("content-length", ())]
        codings = [
            value.strip(" \t").lower() for value in self.msg.get_all("transfer-encoding", ())
        ]
        if self.msg.defects or self.msg.get_payload():
            return False
        # Refuse control characters in the whole head (RFC 9110, section 5.5).
        fields = (self.reason, *(text for field in self.msg.items() for text in field))
        if any(_CONTROLS.search(text or "") for text in fields):
            return False
        if codings:
            return codings == ["chunked"] and not lengths
        return len(set(lengths)) <= 1 and all(_LENGTH.fullmatch(value) for value in lengths)


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return dial(self._dns_host, self.port, pacing.current())

    def connect(self) -> None:
        with pacing.current().spending():
            super().connect()


class _TLSConnection(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return dial(self._dns_host, self.port, pacing.current())

    def connect(self) -> None:
        with pacing.current().spending():
            super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


@functools.cache
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or default_authorities())


class _Adapter(HTTPAdapter):
    def __init__(self, ca_file: str | None) -> None:
        self._tls = _tls_context(ca_file)
        super().__init__(max_retries=0, pool_maxsize=_POOLED_CONNECTIONS)

    def init_poolmanager(self, connections, maxsize, block=False, **options) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def cert_verify(self, conn, url, verify, cert) -> None:
        # The context holds the authorities already; loading them per connection costs 20 ms.
        conn.cert_reqs = "CERT_REQUIRED"


class _NoCookies(http.cookiejar.DefaultCookiePolicy):
    def set_ok(self, cookie, request) -> bool:
        return False


class _Session(requests.Session):
    def get_redirect_target(self, resp) -> None:
        """No redirect is followed here; `requests` would also read its whole body."""
        return


def make_session(ca_file: str | None) -> requests.Session:
    """Return a session without cookies, proxies, netrc or any other trust in the environment."""
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(_NoCookies())
    session.headers.clear()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(ca_file))
    return session
