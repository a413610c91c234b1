"""One MPEG audio frame header: four bytes that tell the length of a frame and its sound format.

Source of the bit layout and of the tables: ISO/IEC 11172-3 section 2.4.1.3 (MPEG-1),
ISO/IEC 13818-3 (MPEG-2, half the sample rates); MPEG-2.5 is the customary extension of the
version field for 8, 11.025 and 12 kHz, which telephony uses.
"""

from dataclasses import dataclass
from functools import lru_cache

HEADER_BYTES = 4
RESERVED_EMPHASIS = 2
"""The last two bits of no header: real encoders never write it, random bytes do."""

_VERSIONS = {0b00: 2.5, 0b10: 2.0, 0b11: 1.0}
_LAYERS = {0b01: 3, 0b10: 2, 0b11: 1}
_SAMPLE_RATES = {
    1.0: (44100, 48000, 32000),
    2.0: (22050, 24000, 16000),
    2.5: (11025, 12000, 8000),
}
_KBITS_1_I = (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)
_KBITS_1_II = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_KBITS_1_III = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2_I = (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_KBITS_2_II_III = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What one valid header says. `bitrate` is in bit/s, 0 for free format (length unknown)."""

    version: float
    layer: int
    bitrate: int
    sample_rate: int
    channels: int
    has_crc: bool
    samples: int
    frame_bytes: int

    @property
    def side_info_bytes(self) -> int:
        """Length of the layer III side information, after which a Xing tag stands."""
        if self.version == 1.0:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17

    def continues(self, first: "FrameHeader") -> bool:
        """Whether this can be a later frame of the stream that `first` belongs to.

        Bitrate and channel mode may change from frame to frame, the rest may not.
        """
        return (
            self.version == first.version
            and self.layer == first.layer
            and self.sample_rate == first.sample_rate
            and bool(self.bitrate) == bool(first.bitrate)
        )


def parse_header(data: bytes, offset: int = 0) -> FrameHeader | None:
    """The header at `offset`, or None where the four bytes are not one (or are not all there)."""
    if offset < 0 or len(data) - offset < HEADER_BYTES:
        return None
    return parse_word(int.from_bytes(data[offset : offset + HEADER_BYTES]))


@lru_cache(maxsize=1024)
def parse_word(word: int) -> FrameHeader | None:
    """The same for the four bytes read as one big-endian number."""
    version = _VERSIONS.get(word >> 19 & 3)
    layer = _LAYERS.get(word >> 17 & 3)
    bitrate_index, rate_index = word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version is None or layer is None:
        return None
    if bitrate_index == 15 or rate_index == 3 or word & 3 == RESERVED_EMPHASIS:
        return None
    bitrate = _kbits(version, layer)[bitrate_index] * 1000
    sample_rate = _SAMPLE_RATES[version][rate_index]
    samples = _samples(version, layer)
    padding = word >> 9 & 1
    if layer == 1:
        frame_bytes = (12 * bitrate // sample_rate + padding) * 4
    else:
        frame_bytes = samples // 8 * bitrate // sample_rate + padding
    return FrameHeader(
        version=version,
        layer=layer,
        bitrate=bitrate,
        sample_rate=sample_rate,
        channels=1 if word >> 6 & 3 == 3 else 2,
        has_crc=not word >> 16 & 1,
        samples=samples,
        frame_bytes=frame_bytes if bitrate else 0,
    )


def id3v2_bytes(head: bytes, offset: int = 0) -> int:
    """Length in bytes of the ID3v2 tag at `offset` with its header and footer; 0 if there is none.

    Source: ID3v2.4 structure, section 3.1: the size is syncsafe (seven bits a byte).
    """
    tag = head[offset : offset + 10]
    if len(tag) < 10 or tag[:3] != b"ID3" or tag[3] not in (2, 3, 4) or max(tag[6:10]) > 0x7F:
        return 0
    body = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
    return 10 + body + (10 if tag[5] & 0x10 else 0)


def tells_bitrate(frame: bytes, header: FrameHeader) -> bool:
    """Whether a whole layer III frame shows what bitrate its stream has.

    Encoders of varying bitrate give silence the lowest one, so a frame of the lowest bitrate shows
    nothing unless sound fills it. Source of the side information's layout: ISO/IEC 11172-3 section
    2.4.1.7, ISO/IEC 13818-3 section 2.4.1.7.
    """
    if header.bitrate > _kbits(header.version, header.layer)[1] * 1000:
        return True
    start = HEADER_BYTES + 2 * header.has_crc
    side = frame[start : start + header.side_info_bytes]
    bits = int.from_bytes(side.ljust(header.side_info_bytes, b"\0"))
    if header.version == 1.0:
        offset = (18, 20)[header.channels - 1]
        blocks, block_bits = 2 * header.channels, 59
    else:
        offset = (9, 10)[header.channels - 1]
        blocks, block_bits = header.channels, 63
    # Each block begins with the length of its main data in bits.
    used = 0
    for block in range(blocks):
        end = header.side_info_bytes * 8 - offset - block * block_bits - 12
        used += bits >> end & 0xFFF
    room = (header.frame_bytes - start - header.side_info_bytes) * 8
    return used * 2 >= room


def _kbits(version: float, layer: int) -> tuple[int, ...]:
    if version == 1.0:
        return (_KBITS_1_I, _KBITS_1_II, _KBITS_1_III)[layer - 1]
    return _KBITS_2_I if layer == 1 else _KBITS_2_II_III


def _samples(version: float, layer: int) -> int:
    if layer == 1:
        return 384
    return 576 if layer == 3 and version != 1.0 else 1152
