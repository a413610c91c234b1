"""The bytes of audio as they come: whole, cut, late, aborted."""

import threading
import time

import pytest

from recordings.kallglot import errors

from .bodies import BYTES, CHUNKED, chunked, read_all
from .vendor import answer, audio, then_close, then_hang, then_reset, then_trickle


def test_whole_audio(vendor, client):
    vendor.script(
        answer(
            200,
            BYTES,
            'ETag: "a1"',
            "Last-Modified: Mon, 11 May 2026 09:17:42 GMT",
            "Accept-Ranges: bytes",
            "X-Request-ID: req_7f3c",
            kind="Audio/MPEG; rate=8000",
        )
    )
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES
        assert stream.read1(10) == b""
    assert (stream.status, stream.content_type) == (200, "audio/mpeg")
    assert stream.content_length == stream.total_length == len(BYTES)
    assert stream.first_byte_position == 0
    assert stream.accepts_ranges
    assert (stream.etag, stream.request_id) == ('"a1"', "req_7f3c")
    assert stream.last_modified == "Mon, 11 May 2026 09:17:42 GMT"
    sent = vendor.requests[0]
    assert sent.target == "/v1/recordings/rec_1/audio"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["authorization"].startswith("Bearer ")
    assert "range" not in sent.headers
    assert "cookie" not in sent.headers


def test_undeclared_length_and_type(vendor, client):
    vendor.script(then_close(answer(200, BYTES, kind=None, length=None)))
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES
    assert (stream.content_type, stream.content_length, stream.total_length) == (None, None, None)
    assert not stream.accepts_ranges


def test_chunked_audio_and_the_connection_is_used_again(vendor, client):
    vendor.script(audio(chunked(BYTES[:100], BYTES[100:]), CHUNKED, length=None))
    for _ in range(3):
        with client.open_audio("rec_1") as stream:
            assert read_all(stream) == BYTES
    assert vendor.connections == 1


def test_connection_is_used_again_after_a_whole_body_only(vendor, client):
    vendor.script(audio(BYTES))
    with client.open_audio("rec_1") as stream:
        read_all(stream, n=1000)
    with client.open_audio("rec_1") as stream:
        stream.read1(10)
    with client.open_audio("rec_1") as stream:
        read_all(stream)
    assert [request.connection for request in vendor.requests] == [1, 1, 2]


def test_first_bytes_come_before_the_rest_was_sent(vendor, client):
    go_on = threading.Event()

    def step(link):
        link.send(audio(BYTES[:100], length=len(BYTES)))
        assert go_on.wait(20)
        link.send(BYTES[100:])

    vendor.script(step)
    with client.open_audio("rec_1") as stream:
        assert stream.read1(262_144) == BYTES[:100]
        go_on.set()
        assert read_all(stream) == BYTES[100:]


def test_empty_body_is_let_through(vendor, client):
    vendor.script(audio(b""))
    with client.open_audio("rec_1") as stream:
        assert stream.content_length == 0
        assert stream.read1() == b""
    with client.open_audio("rec_1") as stream:
        assert stream.read1() == b""
    assert vendor.connections == 1


CUT = {
    "short": then_close(audio(BYTES[:500], length=len(BYTES))),
    "nothing": then_close(audio(b"", length=5)),
    "reset": then_reset(audio(BYTES[:500], length=len(BYTES))),
    "chunked without an end": then_close(
        audio(chunked(BYTES[:500], end=b""), CHUNKED, length=None)
    ),
    "cut in a chunk": then_close(audio(b"ff\r\nabc", CHUNKED, length=None)),
    "cut in a chunk's size": then_close(
        audio(chunked(BYTES[:500], end=b"1"), CHUNKED, length=None)
    ),
    "bad chunk size": then_close(audio(b"zz\r\nabc\r\n0\r\n\r\n", CHUNKED, length=None)),
    "negative chunk size": then_close(audio(b"-5\r\nabc\r\n0\r\n\r\n", CHUNKED, length=None)),
    "more than declared": audio(BYTES, length=len(BYTES) - 1),
    "more than nothing": audio(BYTES, length=0),
    "more than the last chunk": audio(chunked(BYTES) + b"more", CHUNKED, length=None),
}


@pytest.mark.parametrize("step", CUT.values(), ids=CUT)
def test_wrong_length_is_truncated(vendor, client, fails, step):
    vendor.script(step, audio(BYTES))
    with client.open_audio("rec_1") as stream:
        with fails(errors.TruncatedAudio, status=200, reason="vendor_truncated"):
            read_all(stream)
        with pytest.raises(errors.TruncatedAudio):
            stream.read1()
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES
    assert vendor.connections == 2  # the broken connection was not used again


def test_silence_is_stalled(vendor, make_client, fails):
    client = make_client(limits={"rate_window_seconds": 60, "audio_seconds": 60})
    began = time.monotonic()
    vendor.script(then_hang(audio(BYTES[:500], "X-Request-ID: req_1", length=len(BYTES))))
    with (
        client.open_audio("rec_1") as stream,
        fails(errors.Stalled, status=200, request_id="req_1", reason="vendor_stalled"),
    ):
        read_all(stream)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("body", [BYTES, chunked(BYTES)], ids=["length", "chunked"])
def test_trickle_is_stalled(vendor, make_client, fails, body):
    headers = (CHUNKED,) if body != BYTES else ()
    length = None if headers else len(BYTES)
    client = make_client(limits={"audio_seconds": 30})
    vendor.script(then_trickle(audio(b"", *headers, length=length), body, 0.02))
    began = time.monotonic()
    with client.open_audio("rec_1") as stream, fails(errors.Stalled):
        read_all(stream)
    assert time.monotonic() - began < 20


def test_trickle_in_a_chunk_size_is_stalled(vendor, client, fails):
    vendor.script(then_trickle(audio(b"", CHUNKED, length=None), b"0" * 1000, 0.02))
    with client.open_audio("rec_1") as stream, fails(errors.Stalled):
        read_all(stream)


def test_whole_fetch_has_a_deadline(vendor, make_client, fails):
    client = make_client(
        limits={"audio_seconds": 1.5, "rate_bytes_per_second": 1, "audio_bytes_per_second": 1e9}
    )
    vendor.script(then_trickle(audio(b"", length=len(BYTES)), BYTES, 0.02))
    with client.open_audio("rec_1") as stream, fails(errors.Stalled):
        read_all(stream)


def test_long_audio_gets_more_time(vendor, make_client):
    limits = {"audio_seconds": 1, "audio_bytes_per_second": 80}
    client = make_client(limits=limits | {"gap_seconds": 10, "rate_bytes_per_second": 1})

    def step(link):
        link.send(audio(b"", length=800))
        link.over.wait(1.5)
        link.send(BYTES[:800])

    vendor.script(step)
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES[:800]


def test_slow_reader_is_not_a_slow_vendor(vendor, make_client):
    client = make_client(limits={"audio_seconds": 1, "gap_seconds": 1})
    vendor.script(audio(BYTES))
    pause = threading.Event()
    with client.open_audio("rec_1") as stream:
        first = stream.read1(10)
        pause.wait(1.5)
        assert first + read_all(stream) == BYTES


def test_abort_wakes_a_blocked_read(vendor, make_client, fails):
    client = make_client(limits={"gap_seconds": 20, "audio_seconds": 20})
    waiting = threading.Event()

    def step(link):
        link.send(audio(BYTES[:10], length=len(BYTES)))
        waiting.set()
        link.hang()

    vendor.script(step)
    with client.open_audio("rec_1") as stream:
        assert stream.read1() == BYTES[:10]
        waiting.wait(20)
        timer = threading.Timer(0.05, stream.abort)
        timer.start()
        with fails(errors.TruncatedAudio, reason="aborted"):
            stream.read1()
        timer.join()
        with pytest.raises(errors.TruncatedAudio):
            stream.read1()


def test_abort_before_a_read(vendor, client, fails):
    vendor.script(audio(BYTES))
    with client.open_audio("rec_1") as stream:
        stream.abort()
        with fails(errors.TruncatedAudio, reason="aborted"):
            stream.read1()


def test_abort_after_the_end_leaves_the_next_call_alone(vendor, client):
    go_on = threading.Event()

    def step(link):
        link.send(audio(BYTES[:10], length=len(BYTES)))
        assert go_on.wait(20)
        link.send(BYTES[10:])

    vendor.script(audio(BYTES), step)
    with client.open_audio("rec_1") as stream:
        read_all(stream)
    with client.open_audio("rec_1") as other:
        stream.abort()
        go_on.set()
        assert read_all(other) == BYTES
    assert vendor.connections == 1


def test_close_is_idempotent_and_final(vendor, client):
    vendor.script(audio(chunked(BYTES), CHUNKED, length=None))
    stream = client.open_audio("rec_1")
    stream.read1(10)
    stream.close()
    stream.close()
    with pytest.raises(errors.TruncatedAudio) as caught:
        stream.read1()
    assert caught.value.reason == "closed"


def test_nothing_is_read_by_zero(vendor, client):
    vendor.script(audio(BYTES))
    with client.open_audio("rec_1") as stream, pytest.raises(ValueError, match="n must be"):
        stream.read1(0)


def test_endless_audio_is_cut(vendor, make_client, fails):
    def step(link):
        link.send(audio(b"", CHUNKED, length=None))
        while not link.over.is_set():
            link.send(chunked(BYTES, end=b""))

    vendor.script(step)
    with (
        make_client(limits={"audio_bytes": 50_000}).open_audio("rec_1") as stream,
        fails(errors.TooLarge),
    ):
        read_all(stream)


def test_many_streams_at_once(vendor, client):
    vendor.script(audio(BYTES))
    results = []

    def fetch():
        with client.open_audio("rec_1") as stream:
            results.append(read_all(stream) == BYTES)

    threads = [threading.Thread(target=fetch) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == [True] * 16


def test_open_stream_survives_the_client(vendor, client):
    vendor.script(audio(BYTES))
    with client.open_audio("rec_1") as stream:
        client.close()
        assert read_all(stream) == BYTES
