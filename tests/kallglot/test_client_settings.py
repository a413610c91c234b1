"""What the client may be made with, and the ids that it takes."""

import re

import pytest

from recordings.kallglot import Client, Limits

from .conftest import KEY


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
