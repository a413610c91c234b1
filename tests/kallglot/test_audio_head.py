"""What the head of an audio answer may say, and what is refused for it."""

import threading

import pytest

from recordings.kallglot import errors

from .bodies import BYTES, CHUNKED, chunked, read_all
from .vendor import answer, audio, then_hang


def test_headers_that_could_not_be_passed_on(vendor, client):
    vendor.script(
        answer(
            200,
            BYTES,
            'ETag: "\xe4"',
            "Last-Modified: a\tb",
            "X-Request-ID: a b",
            kind="audio/" + "x" * 300,
        )
    )
    with client.open_audio("rec_1") as stream:
        assert (stream.etag, stream.last_modified, stream.request_id) == (None, None, None)
        assert stream.content_type is None
        assert read_all(stream) == BYTES


BAD_HEADS = {
    "html": (answer(200, b"<p>", kind="text/html; charset=utf-8"), "vendor_not_audio"),
    "json": (answer(200, b"{}", kind="Application/JSON"), "vendor_not_audio"),
    "gzip": (audio(b"\x1f\x8b", "Content-Encoding: gzip"), "vendor_encoding"),
    "other encoding": (audio(b"x", "Content-Encoding: identity, br"), "vendor_encoding"),
    "206 not asked, a part": (
        audio(b"x" * 5, "Content-Range: bytes 0-4/10", status=206),
        "vendor_range",
    ),
    "206 not asked, no total": (
        audio(b"x" * 5, "Content-Range: bytes 0-4/*", status=206),
        "vendor_range",
    ),
    "206 without Content-Range": (audio(b"x" * 5, status=206), "vendor_range"),
    "206 of other length": (
        audio(b"x" * 5, "Content-Range: bytes 0-5/6", status=206),
        "vendor_range",
    ),
    "204": (answer(204, kind=None, length=None), "vendor_bad_answer"),
    "201": (audio(BYTES, status=201), "vendor_bad_answer"),
    "203": (audio(BYTES, status=203), "vendor_bad_answer"),
    "304": (answer(304, kind=None, length=None), "vendor_bad_answer"),
    "two lengths": (audio(BYTES, "Content-Length: 3"), "vendor_bad_head"),
    "joined lengths": (audio(BYTES, "Content-Length: 3, 4", length=None), "vendor_bad_head"),
    "negative length": (audio(BYTES, "Content-Length: -1", length=None), "vendor_bad_head"),
    "signed length": (audio(BYTES, "Content-Length: +3", length=None), "vendor_bad_head"),
    "length 1_0": (audio(BYTES, "Content-Length: 1_0", length=None), "vendor_bad_head"),
    "huge length": (
        audio(BYTES, "Content-Length: " + "9" * 30, length=None),
        "vendor_bad_head",
    ),
    "length and chunks": (audio(chunked(BYTES), CHUNKED), "vendor_bad_head"),
    "other transfer coding": (
        audio(chunked(BYTES), "Transfer-Encoding: xchunked", length=None),
        "vendor_bad_head",
    ),
    "no header line": (audio(BYTES, "no colon here"), "vendor_bad_head"),
    "NUL in a header": (audio(BYTES, "X-Thing: a\x00b"), "vendor_bad_head"),
    "NUL in the name of a header": (audio(BYTES, "X-\x00Thing: a"), "vendor_bad_head"),
    "NUL in the kind": (answer(200, BYTES, kind="audio/mpeg\x00"), "vendor_bad_head"),
    "space before colon": (audio(BYTES, "Content-Length : 3"), "vendor_bad_head"),
    "not http": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "vendor_bad_head"),
    "endless line": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "vendor_bad_head"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n", "vendor_bad_head"),
}


@pytest.mark.parametrize(("data", "reason"), BAD_HEADS.values(), ids=BAD_HEADS)
def test_bad_head(vendor, client, fails, data, reason):
    usable = reason == "vendor_bad_answer"  # sound HTTP, only not what was asked for
    vendor.script(data if usable else then_hang(data), audio(BYTES))
    with fails(errors.BadAnswer, reason=reason):
        client.open_audio("rec_1")
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES
    assert vendor.connections == (1 if usable else 2)


@pytest.mark.parametrize("status", [202, 409, 425])
def test_not_ready(vendor, client, fails, status):
    vendor.script(audio(BYTES, "Retry-After: 4", status=status))
    with fails(errors.NotReady, status=status, retry_after=4):
        client.open_audio("rec_1")


def test_equal_lengths_twice_are_one(vendor, client):
    vendor.script(audio(BYTES, f"Content-Length: {len(BYTES)}"))
    with client.open_audio("rec_1") as stream:
        assert stream.content_length == len(BYTES)
        assert read_all(stream) == BYTES


def test_declared_too_large(vendor, make_client, fails):
    vendor.script(then_hang(audio(b"", length=1001)))
    with fails(errors.TooLarge, status=200, reason="vendor_too_large"):
        make_client(limits={"audio_bytes": 1000}).open_audio("rec_1", size_hint=10)


def test_size_hint_only_raises_the_cap(vendor, make_client):
    vendor.script(audio(BYTES))
    client = make_client(limits={"audio_bytes": 1000})
    with client.open_audio("rec_1", size_hint=len(BYTES)) as stream:
        assert read_all(stream) == BYTES


def test_socket_is_closed_when_the_head_is_refused(vendor, client, fails):
    gone = threading.Event()

    def step(link):
        link.send(answer(200, b"", kind="text/html", length=10_000))
        link.sock.settimeout(5)
        try:
            if link.sock.recv(1) == b"":
                gone.set()
        except (ConnectionError, TimeoutError):
            gone.set()
        link.close()

    vendor.script(step)
    with fails(errors.BadAnswer):
        client.open_audio("rec_1")
    assert gone.wait(20)
