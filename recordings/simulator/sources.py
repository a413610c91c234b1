"""Where a recording's bytes come from: memory, a file, a repeated pattern or a function."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20


class Source(Protocol):
    """A body of known size that can be read from any byte on."""

    size: int

    def blocks(self, start: int, stop: int) -> Iterator[bytes | memoryview]:
        """Yield the bytes from `start` up to, not including, `stop`."""


class Bytes:
    """Bytes held in memory."""

    def __init__(self, data: bytes):
        self.data = data
        self.size = len(data)

    def blocks(self, start: int, stop: int) -> Iterator[memoryview]:
        view = memoryview(self.data)
        for position in range(start, stop, BLOCK):
            yield view[position : min(position + BLOCK, stop)]


class File:
    """A file on disk; its bytes go to the socket without passing through Python."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.size = self.path.stat().st_size

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(start)
            while start < stop:
                block = file.read(min(BLOCK, stop - start))
                if not block:
                    return
                start += len(block)
                yield block


class Repeated:
    """A head once, then a pattern again and again until `size` is reached.

    An hour of sound, or 200 MiB of it, costs no more memory than the pattern.
    """

    def __init__(self, head: bytes, pattern: bytes, size: int):
        if size > len(head) and not pattern:
            raise ValueError("a body longer than its head needs a pattern")
        self.size = size
        self._head = head[:size]
        # Tiled, so that a short pattern does not mean a system call for every few bytes.
        self._pattern = pattern * max(1, BLOCK // max(1, len(pattern)))

    def blocks(self, start: int, stop: int) -> Iterator[memoryview]:
        head, pattern = memoryview(self._head), memoryview(self._pattern)
        if start < len(head):
            yield head[start : min(stop, len(head))]
            start = min(stop, len(head))
        while start < stop:
            position = (start - len(head)) % len(pattern)
            block = pattern[position : position + min(stop - start, len(pattern) - position)]
            start += len(block)
            yield block


@dataclass
class Generated:
    """Bytes made on the spot: `make(start, stop)` yields them in blocks."""

    size: int
    make: Callable[[int, int], Iterator[bytes]]

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        return self.make(start, stop)


def as_source(audio: bytes | Path | str | Source) -> Source:
    """Accept what a test has at hand: bytes, a path, or a source."""
    if isinstance(audio, (bytes, bytearray)):
        return Bytes(bytes(audio))
    if isinstance(audio, (Path, str)):
        return File(audio)
    return audio


def wav_header(
    data_size: int, *, rate: int = 8000, channels: int = 1, mulaw: bool = False
) -> bytes:
    """The 44 bytes before the samples of a 16-bit (or mu-law) PCM WAV file."""
    width = 1 if mulaw else 2
    return b"".join(
        (
            b"RIFF",
            (36 + data_size).to_bytes(4, "little"),
            b"WAVEfmt ",
            (16).to_bytes(4, "little"),
            (7 if mulaw else 1).to_bytes(2, "little"),
            channels.to_bytes(2, "little"),
            rate.to_bytes(4, "little"),
            (rate * channels * width).to_bytes(4, "little"),
            (channels * width).to_bytes(2, "little"),
            (8 * width).to_bytes(2, "little"),
            b"data",
            data_size.to_bytes(4, "little"),
        )
    )


# MPEG 2.5, layer III, 8 kHz, 32 kbit/s, stereo: 288 bytes a frame. The rest of a frame may be zero.
MP3_FRAME_HEADER = b"\xff\xe3\x48\x00"
MP3_FRAME_SIZE = 288
MP3_FRAME_SECONDS = 0.072


def noise(size: int, format: str = "mp3", seed: int = 1) -> Source:
    """Exactly `size` bytes that start like audio; the same for the same size, format and seed.

    No byte position looks like another one nearby, so a range that is off by one is noticed.
    Up to 8 MiB it is all random; beyond that a random mebibyte repeats.
    """
    head = wav_header(max(0, size - 44)) if format == "wav" else MP3_FRAME_HEADER
    rng = random.Random(f"{seed}:{format}")  # noqa: S311  # sound, not a secret
    if size <= 8 * BLOCK:
        return Bytes((head + rng.randbytes(max(0, size - len(head))))[:size])
    return Repeated(head, rng.randbytes(BLOCK), size)
