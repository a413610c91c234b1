"""Names, addresses and TLS: how the vendor is reached, and when it is not."""

import socket
import threading

import pytest

from recordings.kallglot import dialling, errors

from .conftest import DATA
from .vendor import SESSION, audio, then_close, then_hang


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
