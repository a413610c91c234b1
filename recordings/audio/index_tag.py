"""The index frame at the start of an MP3: read one, make one.

It is a silent frame whose body says how many frames follow and where each hundredth of the
playing time begins, so that a player need not guess. Source of the layouts: the Xing VBR header
SDK as LAME writes it (Xing for varying, Info for constant bitrate), and Fraunhofer's VBRI.
"""

import struct
from dataclasses import dataclass, field
from itertools import pairwise

from .mpeg_header import FrameHeader, parse_word

TOC_POINTS = 100

_HAS_FRAMES, _HAS_BYTES, _HAS_TOC, _HAS_QUALITY = 1, 2, 4, 8
_ENCODERS = (b"LAME", b"Lavf", b"Lavc")  # those known to fill the fields behind the index
_NO_CRC = 1 << 16
_BITRATE_INDEX = 15 << 12
_PADDING = 1 << 9


@dataclass(frozen=True, slots=True)
class IndexTag:
    """An index frame as found: `kind` is Xing, Info or VBRI; `frames` is what it claims.

    `padding` is how many samples the encoder added before and after the sound; players that
    read this leave them out. `audio_bytes` is the length it claims, from its own first byte on.
    `toc` holds, for each hundredth of the playing time, where it begins in 256ths of that.
    """

    kind: str
    frames: int | None
    has_toc: bool
    padding: int = 0
    audio_bytes: int | None = field(default=None, compare=False)
    toc: bytes = field(default=b"", compare=False, repr=False)

    @property
    def steers_browsers(self) -> bool:
        """Whether browsers seek by this index: they do not by VBRI's, nor without a table."""
        rises = all(a <= b for a, b in pairwise(self.toc)) and len(set(self.toc)) > 1
        return self.kind != "VBRI" and self.has_toc and rises


def read_index_tag(frame: bytes, header: FrameHeader) -> IndexTag | None:
    """The index in a whole layer III frame that begins with `header`; None in an audio frame."""
    # Encoders differ in whether the two bytes of a checksum come before the side information.
    for offset in (4 + header.side_info_bytes, 6 + header.side_info_bytes):
        kind = frame[offset : offset + 4]
        if kind in (b"Xing", b"Info") and len(frame) >= offset + 12:
            flags = struct.unpack_from(">I", frame, offset + 4)[0]
            fields = _fields(frame[offset + 8 :], flags)
            claimed = {
                flag: int.from_bytes(fields[flag])
                for flag in (_HAS_FRAMES, _HAS_BYTES)
                if len(fields.get(flag, b"")) == 4
            }
            return IndexTag(
                kind.decode(),
                claimed.get(_HAS_FRAMES),
                has_toc=bool(flags & _HAS_TOC),
                padding=_lame_padding(frame[offset + 8 + sum(map(len, fields.values())) :]),
                audio_bytes=claimed.get(_HAS_BYTES),
                toc=fields.get(_HAS_TOC, b""),
            )
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        audio_bytes, frames = struct.unpack_from(">II", frame, 46)
        return IndexTag("VBRI", frames, has_toc=True, audio_bytes=audio_bytes)
    return None


def xing_frame(header_word: int, *, frames: int, audio_bytes: int, positions: list[int]) -> bytes:
    """A Xing frame to stand before `audio_bytes` bytes of audio in `frames` frames.

    `header_word` is a header of that stream; version, sample rate and channel mode are its.
    `positions` holds `TOC_POINTS` offsets from the first audio frame, one for each hundredth of
    the playing time. The frame is the shortest that holds the index: 192 to 417 bytes at the
    usual sample rates. Raises ValueError where the header is not of layer III.
    """
    header = parse_word(header_word)
    if header is None or header.layer != 3:
        raise ValueError(f"not a layer III header: {header_word:#010x}")
    body_offset = 4 + header.side_info_bytes
    needed = body_offset + 16 + TOC_POINTS
    word = (header_word | _NO_CRC) & ~_BITRATE_INDEX & ~_PADDING
    length = 0
    while length < needed:
        word += 1 << 12
        length = parse_word(word).frame_bytes
    total = length + audio_bytes
    toc = bytes(min(255, round((length + at) * 256 / total)) for at in positions)
    index = struct.pack(">4sIII", b"Xing", _HAS_FRAMES | _HAS_BYTES | _HAS_TOC, frames, total)
    # The side information is all zero: a decoder that knows no index plays one silent frame.
    return (word.to_bytes(4) + bytes(header.side_info_bytes) + index + toc).ljust(length, b"\0")


def silent_frame(header_word: int) -> bytes:
    """A frame without sound of the stream of `header_word`, of the same bitrate."""
    word = (header_word | _NO_CRC) & ~_PADDING
    return word.to_bytes(4).ljust(parse_word(word).frame_bytes, b"\0")


def _fields(body: bytes, flags: int) -> dict[int, bytes]:
    """The fields of an index by their flags, in the order in which they stand."""
    fields = {}
    for flag, length in (
        (_HAS_FRAMES, 4),
        (_HAS_BYTES, 4),
        (_HAS_TOC, TOC_POINTS),
        (_HAS_QUALITY, 4),
    ):
        if flags & flag:
            fields[flag], body = body[:length], body[length:]
    return fields


def _lame_padding(extension: bytes) -> int:
    """Samples of encoder delay and padding: two numbers of 12 bits, 21 bytes into the extension."""
    if extension[:4] not in _ENCODERS or len(extension) < 24:
        return 0
    both = int.from_bytes(extension[21:24])
    return (both >> 12) + (both & 0xFFF)
