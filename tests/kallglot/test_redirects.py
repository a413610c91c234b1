"""A redirect leads to where the operator said it may, without the key, or nowhere."""

import socket

import pytest

from recordings.kallglot import dialling, errors

from .conftest import DATA, KEY, OpenGate
from .vendor import Vendor, answer, audio, then_close, then_hang

SESSION = answer(200, b'{"id": "sess_1"}')


def moved(location: str, status: int = 302) -> bytes:
    return answer(status, b"<p>moved", f"Location: {location}", kind="text/html")


@pytest.fixture
def names(monkeypatch):
    """Every name leads to this machine, which counts as public; returns the names looked up."""
    asked = []

    def getaddrinfo(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(dialling, "is_public", lambda address: True)
    return asked


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_same_origin(vendor, client, status):
    vendor.script(moved("/v1/elsewhere?x=1#part", status), SESSION)
    assert client.session("sess_1").id == "sess_1"
    assert vendor.requests[1].target == "/v1/elsewhere?x=1"
    assert vendor.requests[1].headers["authorization"] == f"Bearer {KEY}"
    assert vendor.connections == 1


def test_three_hops_and_no_more(vendor, client, fails):
    hops = [moved(f"/v1/{n}") for n in range(3)]
    vendor.script(*hops, SESSION)
    assert client.session("sess_1").id == "sess_1"
    vendor.script(moved("/v1/loop"))
    vendor.requests.clear()
    with fails(errors.BadAnswer, reason="vendor_redirect", status=302):
        client.session("sess_1")
    assert len(vendor.requests) == 4


def test_media_host_gets_no_credentials(vendor, tls_vendor, make_client, names):
    tls_vendor.script(
        moved("/v1/again"), audio(b"abc", "Set-Cookie: a=b", "X-Request-ID: req_m"), audio(b"abc")
    )
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem")
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/r.mp3?signature=s3cr3t"))
    for _ in range(2):
        with client.open_audio("rec_1", start=0) as stream:
            assert stream.read1() == b"abc"
    assert len(tls_vendor.requests) == 3
    for request in tls_vendor.requests:
        assert request.headers.keys().isdisjoint({"authorization", "x-api-key", "cookie"})
        assert request.headers["range"] == "bytes=0-"
        assert KEY not in str(request)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (answer(401), errors.MediaFailed),
        (answer(402), errors.MediaFailed),
        (answer(403), errors.MediaFailed),
        (answer(429, b"", "Retry-After: 70"), errors.MediaFailed),
        (answer(503), errors.MediaFailed),
        (then_close(b""), errors.MediaFailed),
        (answer(404), errors.NotFound),
        (answer(410), errors.Gone),
        (answer(504), errors.TimedOut),
        (moved("/v1/again"), errors.BadAnswer),
    ],
)
def test_what_a_media_host_does_says_nothing_about_the_api(
    vendor, tls_vendor, make_client, fails, names, step, kind
):
    gate = OpenGate()
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem"), gate=gate
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/r.mp3"))
    tls_vendor.script(step)
    with fails(kind):
        client.open_audio("rec_1")
    assert gate.outcomes == [None]
    # The key did not go along, so a refusal on the way back to the origin is none of the key.
    tls_vendor.script(moved(f"{vendor.url}/private"))
    vendor.requests.clear()
    vendor.script(vendor.steps[0], answer(401))
    with fails(errors.MediaFailed, status=401):
        client.open_audio("rec_1")
    assert gate.outcomes == [None, None]


def test_way_back_from_a_media_host_is_without_the_key(vendor, tls_vendor, make_client, names):
    tls_vendor.script(moved(f"{vendor.url}/private"))
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem")
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/"), audio(b"abc"))
    with client.open_audio("rec_1") as stream:
        assert stream.read1() == b"abc"
    assert "authorization" not in vendor.requests[1].headers


def test_json_does_not_come_from_a_media_host(vendor, tls_vendor, make_client, fails, names):
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem")
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/"))
    with fails(errors.BadAnswer, reason="vendor_redirect"):
        client.session("sess_1")
    assert not tls_vendor.connections


def test_address_of_a_redirect_is_not_logged(vendor, tls_vendor, make_client, fails, names, caplog):
    tls_vendor.script(answer(404))
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem")
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/r.mp3?signature=s3cr3t"))
    with fails(errors.NotFound, status=404):
        client.open_audio("rec_1")
    assert "s3cr3t" not in caplog.text


REFUSED = [
    "http://media.test/r.mp3",
    "https://other.test/r.mp3",
    "https://media.test:444/r.mp3",
    "https://media.test.evil.test/",
    "https://media.test@evil.test/",
    "https://user:pw@media.test/",
    "https://evil.test\\@media.test/",
    "https://media.test\\.evil.test/",
    "https://media.test./",
    "//evil.test/",
    "ftp://media.test/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:audio/mpeg,abc",
    "http://127.0.0.1:{other}/",
    "https://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://10.0.0.1/",
    "https://m\u00e9dia.test/",
    "https://media.test:0/",
    "https://media.test:99999/",
    "https://[media.test/",
    "https://media.test/a b",
    "https://media.test/\tx",
    "",
    "https://media.test/" + "a" * 5000,
]


# Refused like the others, and named to administrators, who may list them.
NOT_LISTED = [
    "https://other.test/r.mp3",
    "https://media.test:444/r.mp3",
    "https://media.test.evil.test/",
]


@pytest.mark.parametrize("location", REFUSED)
def test_refused_without_a_packet(vendor, make_client, fails, names, location):
    other = Vendor(steps=[audio(b"abc")])
    try:
        client = make_client(media_hosts=("media.test",))
        vendor.script(moved(location.format(other=other.port)))
        names.clear()
        kind = errors.HostNotListed if location in NOT_LISTED else errors.BadAnswer
        with fails(kind, reason="vendor_redirect", status=302):
            client.open_audio("rec_1")
    finally:
        other.stop()
    assert set(names) <= {"127.0.0.1"}
    assert not other.connections
    assert vendor.connections == 1
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://storage.example.com/r.mp3?signature=s3cr3t", "storage.example.com"),
        ("https://Storage.Example.com:8443/r.mp3", "storage.example.com:8443"),
    ],
)
def test_a_host_that_is_not_listed_is_named(vendor, client, fails, names, location, host):
    vendor.script(moved(location))
    with fails(errors.HostNotListed, reason="vendor_redirect", status=302) as caught:
        client.open_audio("rec_1")
    assert caught.value.host == host
    assert "s3cr3t" not in repr(vars(caught.value))
    # For JSON no setting would help.
    with fails(errors.BadAnswer, reason="vendor_redirect"):
        client.session("sess_1")


def test_without_or_with_two_locations(vendor, client, fails):
    vendor.script(
        answer(302),
        answer(302, b"", "Location: /v1/a", "Location: /v1/b"),
    )
    for _ in range(2):
        with fails(errors.BadAnswer, reason="vendor_redirect"):
            client.open_audio("rec_1")
    assert len(vendor.requests) == 2


def test_media_host_on_a_private_address(vendor, tls_vendor, make_client, fails, monkeypatch):
    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    client = make_client(
        media_hosts=(f"media.test:{tls_vendor.port}",), ca_file=str(DATA / "ca.pem")
    )
    vendor.script(moved(f"https://media.test:{tls_vendor.port}/r.mp3"))
    with fails(errors.BadAnswer):
        client.open_audio("rec_1")
    assert not tls_vendor.connections


def test_one_private_address_among_public_ones_is_enough(
    vendor, tls_vendor, make_client, fails, monkeypatch
):
    def getaddrinfo(host, port, **_):
        addresses = ("127.0.0.1",) if host == "127.0.0.1" else ("93.184.216.34", "10.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    client = make_client(media_hosts=("media.test",))
    vendor.script(moved("https://media.test/r.mp3"))
    with fails(errors.BadAnswer):
        client.open_audio("rec_1")


def test_body_of_a_redirect_is_not_read(vendor, client, fails):
    vendor.script(then_hang(answer(302, b"", "Location: /v1/x", length=10**9)), SESSION)
    assert client.session("sess_1").id == "sess_1"
