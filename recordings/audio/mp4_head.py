"""The head of an MP4 file around the frames of an MP3, so that browsers find every second exactly.

Browsers seek in an MP3 of varying bitrate by a guess: an index frame has a hundred points of
1/256 of the file, and Firefox does not even number the frames by it, so what is heard may be
seconds away from the clock. An MP4 lists the length of every frame. The frames stay where they are
in the file, and this head is sent in front of them.

Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 14496-14 (the `esds` box), ISO/IEC 14496-1 section 7.2.6
(descriptors). MP3 in MP4 has the object types 0x6B (MPEG-1) and 0x69 (MPEG-2 and 2.5).
"""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from .mpeg_header import FrameHeader

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_MOST_BYTES = 0xFFFFFFFF
MOST_HEAD_BYTES = 4 * 2**20
"""More than the head of `playable` ever has."""


@dataclass(frozen=True, slots=True)
class Run:
    """Frames that follow each other: where the first begins in the file, how many they are."""

    offset: int
    frames: int


def mp4_head(header: FrameHeader, runs: Sequence[Run], lengths: array, end: int) -> bytes | None:
    """The bytes to send before those of the file from the first run to `end` (exclusive).

    lengths: of all frames in bytes. None where the file is too large for this.
    """
    start = runs[0].offset
    if end - start > _MOST_BYTES - 8:
        return None
    # The offsets need the length of the head, which does not depend on them.
    empty = len(_head(header, runs, lengths, 0)) + 8
    head = _head(header, runs, lengths, empty - start)
    return head + struct.pack(">I4s", 8 + end - start, b"mdat")


def _head(header: FrameHeader, runs: Sequence[Run], lengths: array, shift: int) -> bytes:
    rate, frames = header.sample_rate, len(lengths)
    duration = frames * header.samples
    movie = struct.pack(">IIIIIH10x", 0, 0, rate, duration, 0x10000, 0x100) + _MATRIX
    track = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, duration, 0, 0, 0x100, 0) + _MATRIX
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1) + _sample_entry(header, lengths)),
        _full(b"stts", struct.pack(">III", 1, frames, header.samples)),
        _full(b"stsc", _numbers([(n, run.frames, 1) for n, run in enumerate(runs, 1)])),
        _full(b"stsz", struct.pack(">II", 0, frames) + _big_endian(lengths)),
        _full(b"stco", _numbers([(run.offset + shift,) for run in runs])),
    )
    reference = _full(b"dref", struct.pack(">I", 1) + _full(b"url ", flags=1))
    return _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + _box(
        b"moov",
        _full(b"mvhd", movie + struct.pack(">24xI", 2)),
        _box(
            b"trak",
            _full(b"tkhd", track + bytes(8), flags=7),
            _box(
                b"mdia",
                _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, rate, duration, 0x55C4, 0)),
                _full(b"hdlr", b"\0\0\0\0soun" + bytes(13)),
                _box(b"minf", _full(b"smhd", bytes(4)), _box(b"dinf", reference), table),
            ),
        ),
    )


def _sample_entry(header: FrameHeader, lengths: array) -> bytes:
    seconds = len(lengths) * header.samples / header.sample_rate
    average = round(sum(lengths) * 8 / seconds)
    most = round(max(lengths) * 8 * header.sample_rate / header.samples)
    kind = 0x6B if header.version == 1.0 else 0x69
    config = _descriptor(4, struct.pack(">BBHBII", kind, 0x15, 0, 0, most, average))
    stream = _descriptor(3, b"\0\1\0" + config + _descriptor(6, b"\2"))
    entry = struct.pack(">6xH8xHHHHI", 1, header.channels, 16, 0, 0, header.sample_rate << 16)
    return _box(b"mp4a", entry, _full(b"esds", stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes([tag, len(body)]) + body


def _numbers(rows: list[tuple[int, ...]]) -> bytes:
    flat = [number for row in rows for number in row]
    return struct.pack(f">I{len(flat)}I", len(rows), *flat)


def _big_endian(lengths: array) -> bytes:
    wide = array("I", lengths)
    if wide.itemsize == 4 and struct.pack("=I", 1) != struct.pack(">I", 1):
        wide.byteswap()
        return wide.tobytes()
    return struct.pack(f">{len(lengths)}I", *lengths)


def _full(name: bytes, body: bytes = b"", flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), body)


def _box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body
