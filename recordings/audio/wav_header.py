"""The chunks of a WAV file: which codec, how much sound, and whether the sizes are true.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE), RFC 2361 (the
registered format tags), EBU Tech 3306 (RF64 and its ds64 chunk), ITU-R BS.2088 (BW64).
"""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

CONTAINERS = (b"RIFF", b"RF64", b"BW64")
PCM, MS_ADPCM, IEEE_FLOAT, A_LAW, MU_LAW, IMA_ADPCM = 0x01, 0x02, 0x03, 0x06, 0x07, 0x11
GSM_610, MPEG_LAYER_3, EXTENSIBLE = 0x31, 0x55, 0xFFFE

CODECS = {
    PCM: "PCM",
    MS_ADPCM: "Microsoft ADPCM",
    IEEE_FLOAT: "IEEE float",
    A_LAW: "A-law",
    MU_LAW: "mu-law",
    IMA_ADPCM: "IMA ADPCM",
    GSM_610: "GSM 6.10",
    0x40: "G.721 ADPCM",
    0x45: "G.726 ADPCM",
    0x50: "MPEG layer I or II",
    MPEG_LAYER_3: "MP3",
    0x64: "G.726 ADPCM",
}

_PLAYABLE_BITS = {PCM: (8, 16, 24, 32), IEEE_FLOAT: (32,), A_LAW: (8,), MU_LAW: (8,)}
_BLOCK_CODECS = (MS_ADPCM, IMA_ADPCM, GSM_610)  # the format chunk tells the samples of a block
UNKNOWN_SIZE = 0xFFFFFFFF
_MAX_CHUNKS = 1000
_MAX_FMT_BYTES = 4096
# The last fourteen bytes of the identifiers that extensible headers use for the old format tags.
_SUBFORMAT_TAIL = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")


@dataclass(frozen=True, slots=True)
class WavFacts:
    """What the chunks of a WAV file say. Offsets and sizes are bytes.

    `container` is RIFF, RF64 or BW64. `format_tag` is that of the sub-format in an extensible
    header. `fmt` is the body of the format chunk as found. `declared_data_size` is what the file
    claims, `data_size` what is there (of PCM and its like, whole samples). `duration_s` follows
    from `data_size`; None where the codec does not tell. `declared_end` is where the file ends by
    the size at its beginning.
    """

    container: str
    format_tag: int
    codec: str
    channels: int
    sample_rate: int
    bits_per_sample: int
    block_align: int
    fmt: bytes
    data_offset: int
    declared_data_size: int
    data_size: int
    duration_s: float | None
    sizes_wrong: bool
    declared_end: int

    @property
    def browser_playable(self) -> bool:
        """Whether browsers decode this codec; the sizes are another matter."""
        usual_blocks = self.block_align == self.channels * self.bits_per_sample // 8
        return usual_blocks and self.bits_per_sample in _PLAYABLE_BITS.get(self.format_tag, ())


@dataclass(slots=True)
class _Chunks:
    """The three chunks that count, as far as they were found."""

    fmt: bytes = b""
    samples: int | None = None
    data_offset: int | None = None
    declared: int = 0
    ds64_riff_size: int | None = None
    ds64_data_size: int | None = None


def read_header(file: BinaryIO) -> WavFacts | None:
    """The facts of a file open for reading; None where no format and data chunks are found.

    Reads a few hundred bytes, moves the position of the file, and raises nothing but what
    reading raises (OSError), whatever the bytes are.
    """
    size = file.seek(0, os.SEEK_END)
    head = _read(file, 0, 12)
    if len(head) < 12 or head[:4] not in CONTAINERS or head[8:] != b"WAVE":
        return None
    chunks = _find_chunks(file, size)
    if len(chunks.fmt) < 14 or chunks.data_offset is None:
        return None
    tag, channels, rate, _, align = struct.unpack_from("<HHIIH", chunks.fmt)
    bits = struct.unpack_from("<H", chunks.fmt, 14)[0] if len(chunks.fmt) >= 16 else 0
    tag = _sub_format(chunks.fmt) if tag == EXTENSIBLE else tag

    available = size - chunks.data_offset
    to_the_end = chunks.declared > available or not _chunks_follow(
        file, chunks.data_offset + chunks.declared, size
    )
    data_size = available if to_the_end else chunks.declared
    if tag in _PLAYABLE_BITS:
        data_size -= data_size % (align or 1)
    data_wrong = to_the_end and chunks.declared != available
    riff_size = struct.unpack_from("<I", head, 4)[0]
    if chunks.ds64_riff_size is not None and riff_size == UNKNOWN_SIZE:
        riff_size = chunks.ds64_riff_size
    # Writers disagree on whether the size counts the pad byte of an odd last chunk.
    riff_wrong = abs(riff_size + 8 - size) > 1
    return WavFacts(
        container=head[:4].decode(),
        format_tag=tag,
        codec=_codec(tag, bits),
        channels=channels,
        sample_rate=rate,
        bits_per_sample=bits,
        block_align=align,
        fmt=chunks.fmt,
        data_offset=chunks.data_offset,
        declared_data_size=chunks.declared,
        data_size=data_size,
        duration_s=_duration(tag, chunks, data_size, trust_fact=not data_wrong),
        sizes_wrong=data_wrong or riff_wrong,
        declared_end=riff_size + 8,
    )


def head_bytes(head: bytes) -> int:
    """How many leading bytes of the WAV file that begins with `head` show where its data begin.

    More than `head` has where they lie beyond; 0 where this is no WAV file.
    """
    if head[:4] not in CONTAINERS or head[8:12] != b"WAVE":
        return 0
    offset = 12
    while offset + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, offset)
        if name == b"data":
            return offset + 8
        offset += 8 + length + length % 2
    return offset + 8


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _find_chunks(file: BinaryIO, size: int) -> _Chunks:
    """Walk over the chunks up to the data, whose size may be untrue."""
    found = _Chunks()
    offset = 12
    for _ in range(_MAX_CHUNKS):
        head = _read(file, offset, 8)
        if len(head) < 8:
            break
        name, length = struct.unpack("<4sI", head)
        offset += 8
        if name == b"data":
            known = found.ds64_data_size if length == UNKNOWN_SIZE else None
            found.data_offset, found.declared = offset, length if known is None else known
            break
        if name == b"fmt ":
            found.fmt = _read(file, offset, min(length, _MAX_FMT_BYTES))
        elif name == b"fact" and length >= 4:
            found.samples = int.from_bytes(_read(file, offset, 4), "little")
        elif name == b"ds64" and length >= 16:
            sizes = _read(file, offset, 16).ljust(16, b"\0")
            found.ds64_riff_size, found.ds64_data_size = struct.unpack("<QQ", sizes)
        offset += length + length % 2
    return found


def _chunks_follow(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether the file ends at `offset`, or goes on there with chunks as it should.

    If not, the declared size of the data is too small and what follows is still sound.
    """
    if offset >= size - 1:
        return True
    for start in (offset + offset % 2, offset):
        head = _read(file, start, 8)
        if len(head) == 8 and all(0x20 <= byte < 0x7F for byte in head[:4]):
            return start + 8 + int.from_bytes(head[4:], "little") <= size
    return False


def _sub_format(fmt: bytes) -> int:
    tail = fmt[26:40]
    return int.from_bytes(fmt[24:26], "little") if tail == _SUBFORMAT_TAIL else EXTENSIBLE


def _codec(tag: int, bits: int) -> str:
    name = CODECS.get(tag, f"format 0x{tag:04x}")
    return f"{name} {bits} bit" if tag in (PCM, IEEE_FLOAT) else name


def _duration(tag: int, chunks: _Chunks, data_size: int, *, trust_fact: bool) -> float | None:
    _, _, rate, byte_rate, align = struct.unpack_from("<HHIIH", chunks.fmt)
    if not rate or not align:
        return None
    if tag in _PLAYABLE_BITS:
        return data_size / align / rate
    if tag in _BLOCK_CODECS and len(chunks.fmt) >= 20:
        samples_per_block = struct.unpack_from("<H", chunks.fmt, 18)[0]
        return data_size // align * samples_per_block / rate
    if trust_fact and chunks.samples:
        return chunks.samples / rate
    return data_size / byte_rate if byte_rate else None
