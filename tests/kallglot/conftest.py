import contextlib
import logging
import socket
import time
import traceback
from pathlib import Path

import pytest

from recordings.kallglot import Client, Limits, errors

from .vendor import Vendor

KEY = "sk_test_4f1cSECRETsecret9"
DATA = Path(__file__).parent / "data"

#: Several times quicker than in production; on a busy machine a healthy vendor takes its time.
QUICK = {
    "dns_seconds": 1,
    "connect_seconds": 1,
    "first_byte_seconds": 1.5,
    "gap_seconds": 1.5,
    "rate_window_seconds": 2,
    "json_seconds": 5,
    "audio_seconds": 5,
    "error_body_seconds": 1,
    "retry_wait_min_seconds": 0.01,
    "retry_wait_max_seconds": 0.02,
}


class OpenGate:
    """Lets every call through and remembers how each ended."""

    def __init__(self) -> None:
        self.outcomes = []

    def before_call(self) -> None:
        pass

    def after_call(self, error) -> None:
        self.outcomes.append(error)

    def after_answer(self, headers):
        pass


@pytest.fixture
def vendor():
    server = Vendor()
    yield server
    server.stop()


@pytest.fixture
def tls_vendor():
    server = Vendor(tls_file=str(DATA / "server.pem"))
    yield server
    server.stop()


@pytest.fixture
def make_client(vendor):
    """Return a client of the `vendor` fixture, or of `base_url`; closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(base_url=None, limits=None, **options):
            options.setdefault("gate", OpenGate())
            limits = Limits(**{**QUICK, **(limits or {})})
            client = Client(KEY, base_url or vendor.url, limits=limits, **options)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def fails(caplog):
    """Expect an error of one class; afterwards nothing of it or of the log knows the key."""

    @contextlib.contextmanager
    def expect(kind, **attributes):
        caplog.set_level(logging.DEBUG)
        with pytest.raises(errors.KallglotError) as caught:
            yield caught
        error = caught.value
        assert type(error) is kind
        for name, value in attributes.items():
            assert getattr(error, name) == value, name
        assert error.__cause__ is None
        assert error.__context__ is None
        trace = "".join(traceback.format_exception(error))
        for text in (str(error), repr(error), repr(vars(error)), trace, caplog.text):
            assert KEY not in text
            assert "Bearer" not in text
        assert str(error).endswith(".")
        assert all("\n" not in record.getMessage() for record in caplog.records)
        frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        assert not any("site-packages/urllib3" in name for name in frames)

    return expect


@pytest.fixture
def quick():
    """The test's body must be over long before a vendor that hangs gives up by itself."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 20


@pytest.fixture
def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]  # closed before the test begins


@pytest.fixture
def black_hole():
    """An address that answers no handshake, as behind a firewall that drops packets."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):  # fills the backlog
            yield listener.getsockname()
