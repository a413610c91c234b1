"""Deadlines, the one retry, caps, and what leaves the house."""

import logging
import re
import socket
import threading
import time

import pytest

from recordings.kallglot import Client, Limits, connections, dialling, errors

from .conftest import DATA, KEY
from .vendor import answer, audio, then_close, then_hang, then_reset, then_trickle

SESSION = answer(200, b'{"id": "sess_1", "status": "ended"}', "X-Request-ID: req_1")


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


def test_request(vendor, client):
    vendor.script(SESSION)
    assert client.session("sess_1").status == "ended"
    sent = vendor.requests[0]
    assert sent.target == "/v1/sessions/sess_1"
    assert sent.headers == {
        "host": f"127.0.0.1:{vendor.port}",
        "user-agent": "kallglot-portal",
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {KEY}",
    }


def test_connection_is_kept(vendor, client):
    vendor.script(SESSION)
    for _ in range(3):
        client.session("sess_1")
    assert vendor.connections == 1


def test_cookies_are_never_stored(vendor, client):
    vendor.script(answer(200, b'{"id": "sess_1"}', "Set-Cookie: a=b; Path=/"))
    client.session("sess_1")
    client.session("sess_1")
    assert "cookie" not in vendor.requests[1].headers


def test_environment_is_not_trusted(vendor, client, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    vendor.script(SESSION)
    assert client.session("sess_1").id == "sess_1"
    assert vendor.requests[0].headers["authorization"] == f"Bearer {KEY}"


# Retry


@pytest.mark.parametrize(
    "first",
    [
        answer(500),
        answer(502, b"<html>bad gateway", kind="text/html"),
        then_close(b""),
        then_reset(b""),
        then_close(b"HTTP/1.1 200 OK\r\nContent-"),
        then_close(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"),
        then_reset(answer(200, b'{"id"', length=100)),
    ],
    ids=["500", "502", "closed", "reset", "cut head", "cut between headers", "reset in the body"],
)
def test_one_retry(vendor, client, first):
    vendor.script(first, SESSION)
    assert client.session("sess_1").id == "sess_1"
    assert len(vendor.requests) == 2


def test_only_one_retry(vendor, client, fails):
    vendor.script(then_reset(b""))
    with fails(errors.ConnectFailed, reason="vendor_connect", status=None):
        client.session("sess_1")
    assert len(vendor.requests) == 2


def test_refused_connection(make_client, dead_port, fails, quick):
    client = make_client(f"http://127.0.0.1:{dead_port}/v1")
    with fails(errors.ConnectFailed, reason="vendor_connect"):
        client.open_audio("rec_1")


def test_retry_waits_a_random_while(vendor, make_client):
    vendor.script(answer(500), SESSION)
    waits = {"retry_wait_min_seconds": 0.1, "retry_wait_max_seconds": 0.15}
    began = time.monotonic()
    make_client(limits=waits).session("sess_1")
    assert time.monotonic() - began >= 0.1


def test_cut_json_is_not_retried(vendor, client, fails):
    vendor.script(then_close(answer(200, b'{"id"', "X-Request-ID: req_1", length=100)))
    with fails(errors.BadAnswer, reason="vendor_cut", status=200, request_id="req_1"):
        client.session("sess_1")
    assert len(vendor.requests) == 1


# Deadlines


@pytest.mark.parametrize("method", ["session", "open_audio"])
@pytest.mark.parametrize(
    "step",
    [
        then_hang(b""),
        then_hang(b"HTTP/1.1 200 OK\r\nConte"),
        then_trickle(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 5000, 0.02),
        then_trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500, 0.01),
    ],
    ids=["silent", "head stops", "head trickles", "continues for ever"],
)
def test_no_head_in_time(vendor, make_client, fails, quick, step, method):
    client = make_client(limits={"json_seconds": 60, "audio_seconds": 60})
    vendor.script(step)
    with fails(errors.TimedOut, reason="vendor_timeout", status=None):
        getattr(client, method)("sess_1" if method == "session" else "rec_1")
    assert len(vendor.requests) == 1


def test_late_head_is_fine(vendor, client):
    def late(link):
        link.over.wait(0.2)
        link.send(SESSION)

    vendor.script(late)
    assert client.session("sess_1").id == "sess_1"


def test_silent_json(vendor, client, fails, quick):
    vendor.script(then_hang(answer(200, b"{", "X-Request-ID: req_1", length=100)))
    with fails(errors.Stalled, status=200, request_id="req_1"):
        client.session("sess_1")
    assert len(vendor.requests) == 1


def test_json_trickle_ends_at_the_deadline(vendor, make_client, fails, quick):
    client = make_client(limits={"json_seconds": 1.5, "rate_bytes_per_second": 1})
    vendor.script(then_trickle(answer(200, b"", length=10_000), b" " * 10_000, 0.02))
    with fails(errors.Stalled):
        client.session("sess_1")


def test_deadline_spans_the_retry(vendor, make_client, fails, quick):
    client = make_client(limits={"json_seconds": 1.5, "first_byte_seconds": 60})

    def late(link):
        link.over.wait(1)
        link.send(answer(500))

    vendor.script(late, then_hang(b""))
    with fails(errors.TimedOut):
        client.session("sess_1")


@pytest.fixture
def black_hole():
    """An address that answers no handshake, as behind a firewall that drops packets."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):  # fills the backlog
            yield listener.getsockname()


def test_black_hole(make_client, black_hole, fails, quick):
    client = make_client(f"http://127.0.0.1:{black_hole[1]}/v1")
    with fails(errors.TimedOut, status=None):
        client.session("sess_1")


# Names and addresses


def lookup(*addresses):
    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    return getaddrinfo


def test_unknown_name(make_client, monkeypatch, fails, quick):
    calls = []

    def getaddrinfo(*_, **__):
        calls.append(1)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with fails(errors.ConnectFailed, reason="vendor_dns"):
        make_client("https://api.test/v1").session("sess_1")
    assert len(calls) == 1


def test_resolver_that_hangs(make_client, monkeypatch, fails, quick):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30))
    try:
        with fails(errors.ConnectFailed, reason="vendor_dns"):
            make_client("https://api.test/v1").session("sess_1")
    finally:
        over.set()


@pytest.mark.parametrize("first", ["dead_port", "black_hole"])
def test_second_address_is_tried(vendor, make_client, monkeypatch, request, first):
    address = request.getfixturevalue(first)
    if first == "dead_port":
        address = ("127.0.0.1", address)
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", address),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", vendor.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    vendor.script(SESSION)
    client = make_client(f"http://localhost:{vendor.port}/v1")
    assert client.session("sess_1").id == "sess_1"
    assert vendor.connections == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::10.0.0.1", False),
        ("2002:0a00:0001::1", False),
    ],
)
def test_public_addresses(address, public):
    assert dialling.is_public(address) is public


# TLS


@pytest.fixture
def api_test(monkeypatch):
    """The name api.test leads to this machine."""
    monkeypatch.setattr(socket, "getaddrinfo", lookup("127.0.0.1"))


def test_tls_with_own_authorities(tls_vendor, make_client, api_test):
    tls_vendor.script(SESSION)
    client = make_client(f"https://api.test:{tls_vendor.port}/v1", ca_file=str(DATA / "ca.pem"))
    for _ in range(2):
        assert client.session("sess_1").id == "sess_1"
    assert tls_vendor.connections == 1


@pytest.mark.parametrize("host", ["api.test", "wrong.test"])
def test_certificate_must_be_trusted(tls_vendor, make_client, api_test, fails, quick, host):
    ca_file = str(DATA / "ca.pem") if host == "wrong.test" else None
    client = make_client(f"https://{host}:{tls_vendor.port}/v1", ca_file=ca_file)
    with fails(errors.ConnectFailed, reason="vendor_tls"):
        client.session("sess_1")
    assert not tls_vendor.requests
    assert tls_vendor.connections == 1


def test_tls_handshake_that_hangs(make_client, api_test, fails, quick):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = make_client(f"https://api.test:{listener.getsockname()[1]}/v1")
        with fails(errors.TimedOut):
            client.session("sess_1")


def test_abort_over_tls(tls_vendor, make_client, api_test, fails):
    tls_vendor.script(then_hang(audio(b"x" * 10, length=100)))
    client = make_client(
        f"https://api.test:{tls_vendor.port}/v1",
        ca_file=str(DATA / "ca.pem"),
        limits={"gap_seconds": 20, "audio_seconds": 20},
    )
    with client.open_audio("rec_1") as stream:
        assert stream.read1() == b"x" * 10
        timer = threading.Timer(0.05, stream.abort)
        timer.start()
        with fails(errors.TruncatedAudio, reason="aborted"):
            stream.read1()
        timer.join()


@pytest.fixture
def tls_client(tls_vendor, make_client, api_test):
    return make_client(f"https://api.test:{tls_vendor.port}/v1", ca_file=str(DATA / "ca.pem"))


def test_undeclared_length_over_tls_ends_with_a_goodbye(tls_vendor, tls_client, fails):
    def goodbye(link):
        link.send(audio(b"abc", length=None))
        link.sock.unwrap()
        link.close()

    tls_vendor.script(goodbye, then_close(audio(b"abc", length=None)))
    with tls_client.open_audio("rec_1") as stream:
        assert (stream.read1(), stream.read1()) == (b"abc", b"")
    with tls_client.open_audio("rec_1") as stream, fails(errors.TruncatedAudio):
        while stream.read1():
            pass


def test_tls_connection_that_ends_before_the_head_is_retried(tls_vendor, tls_client):
    tls_vendor.script(then_close(b""), SESSION)
    assert tls_client.session("sess_1").id == "sess_1"
    assert len(tls_vendor.requests) == 2


# Caps and bodies


def test_declared_json_too_large(vendor, make_client, fails):
    vendor.script(then_hang(answer(200, b"", length=1001)))
    with fails(errors.TooLarge, status=200):
        make_client(limits={"json_bytes": 1000}).session("sess_1")


def test_equal_lengths_twice_are_one(vendor, client):
    vendor.script(answer(200, b'{"id": "sess_1"}', "Content-Length: 16"))
    assert client.session("sess_1").id == "sess_1"


def test_endless_json_is_cut(vendor, make_client, fails):
    def step(link):
        link.send(answer(200, b"", length=None))
        while not link.over.is_set():
            link.send(b" " * 10_000)

    vendor.script(step)
    with fails(errors.TooLarge):
        make_client(limits={"json_bytes": 100_000}).session("sess_1")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'"sess_1"']
)
def test_not_a_json_object(vendor, client, fails, body):
    vendor.script(answer(200, body))
    with fails(errors.BadAnswer, reason="vendor_not_json"):
        client.session("sess_1")


def test_encoded_json(vendor, client, fails):
    vendor.script(answer(200, b"\x1f\x8b", "Content-Encoding: gzip"))
    with fails(errors.BadAnswer, reason="vendor_encoding"):
        client.session("sess_1")


def test_surplus_does_not_answer_the_next_call(vendor, client):
    forged = answer(200, b'{"id": "sess_2", "status": "forged"}')
    vendor.script(SESSION + forged, answer(200, b'{"id": "sess_2", "status": "true"}'))
    assert client.session("sess_1").status == "ended"
    assert client.session("sess_2").status == "true"
    assert vendor.connections == 2


# Settings


@pytest.mark.parametrize(
    "url",
    [
        "http://api.kallglot.com/v1",
        "http://127.0.0.1.evil.test/v1",
        "http://10.0.0.1/v1",
        "ftp://127.0.0.1/v1",
        "https://user:pw@api.kallglot.com/v1",
        "https://api.kallglot.com/v1?a=b",
        "https://api.kallglot.com/v1?",
        "https://api.kallglot.com/v1#x",
        "https://api.kallglot.com/v1#",
        "https:///v1",
        "https://api.kallglot.com:99999/v1",
        "https://api.kallglot.com:0/v1",
        "https://api.kallglot.com\\@evil.test/v1",
        "https://api.kallglot.com/v 1",
        "https://\u00e4pi.kallglot.com/v1",
        "api.kallglot.com/v1",
        "",
    ],
)
def test_bad_base_url(url):
    with pytest.raises(ValueError, match=r"base_url|address|Port") as caught:
        Client(KEY, url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.kallglot.com/v1",
        "https://api.kallglot.com:8443/v1/",
        "http://localhost:8000/v1",
        "http://127.3.2.1/v1",
        "http://[::1]:8000/v1",
    ],
)
def test_good_base_url(url):
    client = Client(KEY, url)
    assert KEY not in repr(client)
    client.close()


@pytest.mark.parametrize("host", ["https://a.test", "a.test/x", "a.test?x", "u@a.test", "", "a b"])
def test_bad_media_host(host):
    with pytest.raises(ValueError, match=r"host|address"):
        Client(KEY, media_hosts=(host,))


@pytest.mark.parametrize("key", ["", "sk test", "sk\r\nX: y", "sk_\u00e4"])
def test_bad_key(key):
    with pytest.raises(ValueError, match="api_key") as caught:
        Client(key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sess_",
        "rec_1",
        "sess_1/../x",
        "sess_1\n",
        "sess_\u0661",
        "SESS_1",
        "sess_" + "a" * 65,
        None,
        5,
    ],
)
def test_malformed_id_makes_no_call(vendor, client, value):
    for method in (client.session, client.recordings, client.transcript):
        with pytest.raises(ValueError, match="not an id"):
            method(value)
    for method in (client.recording, client.open_audio):
        with pytest.raises(ValueError, match="not an id"):
            method("sess_1" if value == "rec_1" else value)
    assert not vendor.requests


def test_limits_are_frozen_and_named_with_their_units():
    limits = Limits()
    with pytest.raises(AttributeError):
        limits.json_bytes = 5
    units = r".*(_seconds|_bytes|_per_second|_hops|_pages)$"
    assert all(re.fullmatch(units, name) for name in limits.__dataclass_fields__)


# Log


def test_one_line_per_call(vendor, client, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.script(
        answer(500),
        SESSION,
        answer(404, b"", "X-Request-ID: req\x0b2"),
        audio(b"abc", "X-Request-ID: req_3"),
    )
    client.session("sess_1")
    with pytest.raises(errors.NotFound):
        client.session("sess_2")
    client.open_audio("rec_1").close()
    lines = [re.sub(r"ms=\d+", "ms=N", record.getMessage()) for record in caplog.records]
    assert lines == [
        "GET /sessions/sess_1 status=200 request=req_1 ms=N",
        "GET /sessions/sess_2 status=404 request=- ms=N error=vendor_not_found",
        "GET /recordings/rec_1/audio status=200 request=req_3 ms=N",
    ]
    assert {record.name for record in caplog.records} == {"recordings.kallglot"}


def test_connections_work_within_a_call_only(vendor):
    session = connections.make_session(None)
    with pytest.raises(RuntimeError):
        session.get(vendor.url, timeout=1)
    session.close()
