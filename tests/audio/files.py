"""Sound files for the tests: the real ones in data/, and small ones put together by hand."""

import struct
from pathlib import Path

DATA = Path(__file__).parent / "data"

MPEG1_STEREO = 0xFFFB9064  # layer III, 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes, 26.1 ms
MPEG25_MONO = 0xFFE328C4  # layer III, 16 kbit/s, 8 kHz, mono: 144 bytes, 72 ms


def data(name: str) -> bytes:
    return (DATA / name).read_bytes()


def frame(word: int = MPEG25_MONO, length: int = 144, body: bytes = b"") -> bytes:
    return (word.to_bytes(4) + body).ljust(length, b"\0")


def id3v2(body: int = 100, *, footer: bool = False) -> bytes:
    size = bytes(body >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x04\x00" + (b"\x10" if footer else b"\0") + size + b"\xff\xfb" * (body // 2)
    return tag + (b"3DI\x04\x00\x10" + size if footer else b"")


def apev2(items: bytes = b"\xff\xfb\x90\x64" * 10) -> bytes:
    size = struct.pack("<IIIQ", 2000, len(items) + 32, 0, 0)
    return items + b"APETAGEX" + size


def id3v1() -> bytes:
    return b"TAG" + b"\xff\xfb\x90\x64".ljust(125, b"\0")


def wav(
    payload: bytes,
    *,
    tag: int = 1,
    channels: int = 1,
    rate: int = 8000,
    bits: int = 16,
    data_size: int | None = None,
    riff_size: int | None = None,
    tail: bytes = b"",
) -> bytes:
    """A WAV file with sizes that may lie; `tail` are chunks after the data."""
    align = max(1, channels * bits // 8)
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)
    size = len(payload) if data_size is None else data_size
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", size) + payload + tail
    return b"RIFF" + struct.pack("<I", len(body) if riff_size is None else riff_size) + body
