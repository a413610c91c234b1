"""An MP3 inside an MP4: every frame is listed where it stands."""

import io
import struct

import pytest

from recordings.audio.mp3_frames import scan
from recordings.audio.mpeg_header import parse_header
from recordings.audio.playable import exact_form, read_at
from recordings.audio.sniff import MP3, MP4, WAV, sniff

from .files import data, frame
from .odd import odd

VARIED = (frame() + frame(0xFFE348C4, 288)) * 400


def boxes(content: bytes, start: int = 0, end: int | None = None) -> dict[bytes, tuple[int, int]]:
    """The bounds of each box's body, by name, those inside others included."""
    found, end = {}, len(content) if end is None else end
    while start + 8 <= end:
        length, name = struct.unpack_from(">I4s", content, start)
        found[name] = (start + 8, start + length)
        if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            found |= boxes(content, start + 8, start + length)
        start += length
    assert start == end
    return found


def frames_of(content: bytes) -> list[tuple[int, int]]:
    """Offset and length of every frame, as the tables tell."""
    found = boxes(content)

    def numbers(name):
        start, end = found[name]
        return struct.unpack(f">{(end - start - 4) // 4}I", content[start + 4 : end])

    lengths, chunks, runs = numbers(b"stsz")[2:], numbers(b"stco")[1:], numbers(b"stsc")[1:]
    assert runs[::3] == tuple(range(1, len(chunks) + 1))
    placed, at = [], 0
    for offset, count in zip(chunks, runs[1::3], strict=True):
        for length in lengths[at : at + count]:
            placed.append((offset, length))
            offset += length
        at += count
    assert at == len(lengths) == numbers(b"stts")[1]
    start, end = found[b"mdat"]
    assert all(start <= offset and offset + length <= end for offset, length in placed)
    return placed


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(data("vbr-8k-mono-untagged.mp3"), id="no index"),
        pytest.param(data("vbr-8k-mono-xing.mp3"), id="index"),
        pytest.param(data("vbr-44k-stereo-untagged-id3.mp3"), id="MPEG-1 stereo with tags"),
        pytest.param(odd("picture-vbr.mp3"), id="picture"),
        pytest.param(odd("damaged-vbr.mp3"), id="damaged"),
        pytest.param(VARIED + b"?" * 999 + VARIED, id="rubbish between"),
        pytest.param(frame() * 800 + bytes(50_000), id="constant, rubbish behind"),
        pytest.param(VARIED * 400, id="more than a block"),
    ],
)
def test_every_frame_is_listed_where_it_stands(content):
    form, found = exact_form(io.BytesIO(content), MP3), scan(io.BytesIO(content))
    played = b"".join(read_at(io.BytesIO(content), form))
    assert (form.mime, sniff(played)) == (MP4.mime, MP4)
    assert len(played) == form.length(len(content))
    placed = frames_of(played)
    assert len(placed) == found.frames
    assert sum(length for _, length in placed) == found.audio_bytes
    assert all(parse_header(played, offset).frame_bytes == length for offset, length in placed)


@pytest.mark.parametrize("name", ["cbr-8k-mono.mp3", "cbr-8k-stereo-info.mp3"])
def test_a_constant_bitrate_needs_none(name):
    assert exact_form(io.BytesIO(data(name)), MP3) is None
    assert exact_form(io.BytesIO(data(name)), WAV) is None


@pytest.mark.parametrize(
    "content", [b"", b"ID3", bytes(5000), odd("layer2.mp3"), odd("free-format.mp3")]
)
def test_nothing_is_made_of_what_has_no_frames(content):
    assert exact_form(io.BytesIO(content), MP3) is None
