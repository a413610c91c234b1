"""Parts of audio that were asked for, and the parts that came."""

import pytest

from recordings.kallglot import errors

from .bodies import BYTES, CHUNKED, chunked, read_all
from .vendor import audio

RANGES = {
    # asked start, end, Content-Range, body length -> total length
    "from": (2, None, "bytes 2-9/10", 8, 10),
    "from to": (2, 5, "bytes 2-5/10", 4, 10),
    "end beyond the last byte": (2, 50, "bytes 2-9/10", 8, 10),
    "total unknown": (2, 5, "bytes 2-5/*", 4, None),
    "open and total unknown": (2, None, "bytes 2-9/*", 8, None),
    "zero is asked for": (0, None, "bytes 0-9/10", 10, 10),
}


@pytest.mark.parametrize(
    ("start", "end", "content_range", "length", "total"), RANGES.values(), ids=RANGES
)
def test_range(vendor, client, start, end, content_range, length, total):
    body = BYTES[start : start + length]
    vendor.script(audio(body, f"Content-Range: {content_range}", status=206))
    with client.open_audio("rec_1", start=start, end=end) as stream:
        assert read_all(stream) == body
    assert (stream.status, stream.first_byte_position) == (206, start)
    assert (stream.content_length, stream.total_length) == (length, total)
    assert vendor.requests[0].headers["range"] == f"bytes={start}-{'' if end is None else end}"


WRONG_RANGES = [
    (2, None, "bytes 0-9/10", 10),
    (2, None, "bytes 3-9/10", 7),
    (2, None, "bytes 2-8/10", 7),
    (2, 5, "bytes 2-9/10", 8),
    (2, 5, "bytes 2-4/10", 3),
    (2, 5, "bytes 2-6/*", 5),
    (2, 5, "bytes 2-5/4", 4),
    (2, 5, "bytes 5-2/10", 4),
    (2, 5, "items 2-5/10", 4),
    (2, 5, "bytes */10", 4),
    (2, 5, "bytes 2-5/10, bytes 2-5/10", 4),
]


@pytest.mark.parametrize(("start", "end", "content_range", "length"), WRONG_RANGES)
def test_wrong_range(vendor, client, fails, start, end, content_range, length):
    vendor.script(audio(b"x" * length, f"Content-Range: {content_range}", status=206))
    with fails(errors.BadAnswer, status=206, reason="vendor_range"):
        client.open_audio("rec_1", start=start, end=end)


def test_range_ignored_is_visible(vendor, client):
    vendor.script(audio(BYTES))
    with client.open_audio("rec_1", start=5) as stream:
        assert (stream.status, stream.first_byte_position) == (200, 0)
        assert read_all(stream) == BYTES


def test_whole_as_206(vendor, client):
    vendor.script(audio(BYTES[:10], "Content-Range: bytes 0-9/10", status=206))
    with client.open_audio("rec_1") as stream:
        assert read_all(stream) == BYTES[:10]


def test_chunked_range_is_counted_against_its_declaration(vendor, client, fails):
    vendor.script(
        audio(chunked(b"abc"), CHUNKED, "Content-Range: bytes 2-9/10", status=206, length=None)
    )
    with client.open_audio("rec_1", start=2) as stream, fails(errors.TruncatedAudio):
        read_all(stream)


@pytest.mark.parametrize(("start", "end"), [(-1, None), (5, 4), (None, 4)])
def test_impossible_range(vendor, client, start, end):
    with pytest.raises(ValueError, match="start"):
        client.open_audio("rec_1", start=start, end=end)
    assert not vendor.requests
