"""The one retry, caps, and what leaves the house."""

import logging
import re
import time

import pytest

from recordings.kallglot import connections, errors

from .conftest import KEY
from .vendor import SESSION, answer, audio, then_close, then_hang, then_reset


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


def test_one_line_per_call(vendor, client, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.script(
        answer(500),
        SESSION,
        answer(404, b"", "X-Request-ID: req 2"),
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
