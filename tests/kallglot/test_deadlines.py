"""How long the vendor may take: for the head, for the body, for all of it."""

import pytest

from recordings.kallglot import errors

from .vendor import SESSION, answer, then_hang, then_trickle


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


def test_black_hole(make_client, black_hole, fails, quick):
    client = make_client(f"http://127.0.0.1:{black_hole[1]}/v1")
    with fails(errors.TimedOut, status=None):
        client.session("sess_1")
