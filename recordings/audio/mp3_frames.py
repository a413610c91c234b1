"""Walk over the frame headers of an MPEG audio file: how long it plays, and where each second is.

What an MP3 says about itself (an index frame, tags, the browser's own guess) is often missing or
wrong; counting the frames is right, and takes some hundredths of a second for an hour of speech.
Index frames: the Xing/Info tag as LAME writes it, the VBRI tag as Fraunhofer does. Tags around
the audio: ID3v2.4 structure, ID3v1, APEv2.
"""

import os
import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .index_tag import IndexTag, read_index_tag
from .mpeg_header import RESERVED_EMPHASIS, FrameHeader, id3v2_bytes, parse_word

BLOCK_BYTES = 256 * 1024
MARKS = 2048
"""At most so many frame offsets are kept, whatever the length of the file."""

MOST_GAPS = 1000

_MAX_FALSE_SYNCS = 20_000  # a hostile file may look like a header every few bytes: give up then
_SEARCH_BYTES = 8 * 1024  # blocks start small and grow, else each piece of rubbish costs a block
_SYNC = re.compile(rb"\xff(?=[\xe2-\xff])")
_WORD = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Mp3Facts:
    """What the frames of a file say. Offsets are bytes from the start of the file.

    `frames` counts the whole audio frames; an index frame and a truncated last frame are left
    out. `first_frame_offset` is where the first frame of any kind starts, `audio_offset` the
    first audio frame, `audio_end` the end of the last; `audio_bytes` is the sum of the frames,
    without rubbish between them. `bitrate_kind` is "cbr", "vbr", or "free" (free format: then
    nothing was counted and `duration_s` is None). `duration_s` leaves out the padding that a true
    index frame tells of, as browsers do. `bitrate` is the average in bit/s.
    `gaps` are the stretches between two frames that hold something else, start and end, at most
    `MOST_GAPS` of them.
    `marks` holds the offset of every `mark_stride`-th audio frame, the first included.
    `complete` is False where the scan gave up in a file full of false headers.
    """

    header: FrameHeader
    header_word: int
    frames: int
    duration_s: float | None
    bitrate_kind: str
    bitrate: int
    index_tag: IndexTag | None
    first_frame_offset: int
    audio_offset: int
    audio_end: int
    audio_bytes: int
    marks: tuple[int, ...]
    mark_stride: int
    truncated: bool
    complete: bool
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def sample_rate(self) -> int:
        """Samples per second and channel."""
        return self.header.sample_rate

    @property
    def channels(self) -> int:
        """1 or 2, as the first audio frame has it."""
        return self.header.channels

    def positions(self, points: int = 100) -> list[int]:
        """The offsets at which the `points` equal parts of the playing time begin."""
        positions: list[int] = []
        for point in range(points if self.marks else 0):
            mark, within = divmod(point * self.frames / points / self.mark_stride, 1)
            start = self.marks[int(mark)]
            following = self.marks[int(mark) + 1] if int(mark) + 1 < len(self.marks) else None
            span = (following or self.audio_end) - start
            positions.append(start + int(within * span))
        return positions


def scan(file: BinaryIO, start: int = 0, stop: int | None = None) -> Mp3Facts | None:
    """Count the frames between two offsets of a file open for reading; None if there are none.

    Needs memory for one block, moves the position of the file, and raises nothing but what
    reading raises (OSError), whatever the bytes are.
    """
    size = file.seek(0, os.SEEK_END)
    reader = _Reader(file, start, size if stop is None else min(stop, size))
    reader.skip_tags()
    first_offset = reader.find_first(reader.start)
    if first_offset is None:
        return None
    first = parse_word(reader.word(first_offset))
    audio_offset, tag = first_offset, None
    if first.layer == 3 and first.frame_bytes:
        tag = read_index_tag(reader.read(first_offset, first.frame_bytes), first)
        if tag:
            audio_offset += first.frame_bytes
    word = reader.word(audio_offset)
    header = parse_word(word) if word >= 0 else None
    if header is None or not header.continues(first):
        header, word = first, reader.word(first_offset)
    walk = _Walk(reader, header, word)
    if header.frame_bytes:
        walk.run(audio_offset)
    seconds = walk.frames * header.samples / header.sample_rate
    bitrate = round(walk.audio_bytes * 8 / seconds) if seconds else 0
    if tag and tag.frames == walk.frames:
        # What the encoder added, browsers leave out. Of a cut file its end is unknown.
        seconds = max(0.0, seconds - tag.padding / header.sample_rate)
    return Mp3Facts(
        header=header,
        header_word=word,
        frames=walk.frames,
        duration_s=seconds if header.frame_bytes else None,
        bitrate_kind=walk.bitrate_kind,
        bitrate=bitrate,
        index_tag=tag,
        first_frame_offset=first_offset,
        audio_offset=walk.marks[0] if walk.marks else audio_offset,
        audio_end=walk.end or audio_offset,
        audio_bytes=walk.audio_bytes,
        marks=tuple(walk.marks),
        mark_stride=walk.stride,
        truncated=walk.truncated,
        complete=reader.false_syncs < _MAX_FALSE_SYNCS,
        gaps=tuple(walk.gaps),
    )


def frame_lengths(file: BinaryIO, found: Mp3Facts) -> tuple[list[tuple[int, int]], array]:
    """The runs of frames that `scan` found, each with its offset and number, and all lengths.

    Raises nothing but what reading raises (OSError).
    """
    lookup = _like(found.header_word)
    edges = [found.audio_offset, *(edge for gap in found.gaps for edge in gap), found.audio_end]
    runs, lengths = [], array("H")
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        before = len(lengths)
        for key in _keys(file, start, end, lookup):
            lengths.append(lookup[key])
        if len(lengths) > before:
            runs.append((start, len(lengths) - before))
    return runs, lengths


def _keys(file: BinaryIO, start: int, end: int, lookup: dict[int, int]) -> Iterator[int]:
    """The first three bytes of each header between two offsets where frames follow each other."""
    block, at = b"", start
    while start + 4 <= end:
        if start + 4 > at + len(block) or start < at:
            file.seek(start)
            block, at = file.read(BLOCK_BYTES), start
        if len(block) < start - at + 4:
            return
        key = _WORD.unpack_from(block, start - at)[0] >> 8
        length = lookup.get(key)
        if length is None or start + length > end:
            return
        yield key
        start += length


class _Reader:
    """The bytes of the file between two offsets, one block at a time."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self.file, self.start, self.stop = file, start, max(start, stop)
        self.false_syncs = 0

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.stop - offset)
        if length <= 0 or offset < self.start:
            return b""
        self.file.seek(offset)
        return self.file.read(length)

    def word(self, offset: int) -> int:
        """The four bytes at `offset` as a number, -1 where the file ends before."""
        data = self.read(offset, 4)
        return int.from_bytes(data) if len(data) == 4 else -1

    def skip_tags(self) -> None:
        """Move `start` behind the ID3v2 tags and `stop` before the ID3v1 and APEv2 tags."""
        while (length := id3v2_bytes(self.read(self.start, 10))) and (
            self.start + length < self.stop
        ):
            self.start += length
        if self.read(self.stop - 128, 3) == b"TAG":
            self.stop -= 128
        footer = self.read(self.stop - 32, 32)
        if footer[:8] == b"APETAGEX":
            size, _, flags = struct.unpack_from("<III", footer, 12)
            length = size + (32 if flags >> 31 else 0)
            if length <= self.stop - self.start:
                self.stop -= length

    def syncs(self, offset: int) -> Iterator[int]:
        """Offsets from `offset` on that may start a header, until too many were false."""
        size = _SEARCH_BYTES
        while offset < self.stop:
            block = self.read(offset, size)
            size = min(size * 2, BLOCK_BYTES)
            if not block:
                return
            for sync in _SYNC.finditer(block):
                self.false_syncs += 1
                if self.false_syncs >= _MAX_FALSE_SYNCS:
                    return
                yield offset + sync.start()
            # One byte overlaps, so that no sync is lost between two blocks.
            offset += len(block) - 1 if len(block) > 1 else 1

    def find_first(self, offset: int) -> int | None:
        """The first header that two like it follow, or that the file ends after."""
        for sync in self.syncs(offset):
            header = parse_word(self.word(sync))
            if header and self.is_stream(sync, header, 2, sync == offset):
                self.false_syncs = 0
                return sync
        return None

    def is_stream(self, offset: int, header: FrameHeader, following: int, believe: bool) -> bool:
        """Whether headers like this one follow; `believe` answers where the file ends first."""
        current = header
        for _ in range(following):
            if not current.frame_bytes:
                return believe
            offset += current.frame_bytes
            word = self.word(offset)
            if word < 0:
                # Exactly at the end is as good as another header.
                return believe or offset == self.stop
            current = parse_word(word)
            if current is None or not current.continues(header):
                return False
        return True


class _Walk:
    """Count frames from one header to the end, jumping over rubbish."""

    def __init__(self, reader: _Reader, header: FrameHeader, header_word: int) -> None:
        self.reader, self.header = reader, header
        self.frames = self.audio_bytes = self.end = 0
        self.marks: list[int] = []
        self.stride = 1
        self.truncated = False
        self.lengths = _like(header_word)
        self.seen: set[int] = set()
        self.gaps: list[tuple[int, int]] = []

    @property
    def bitrate_kind(self) -> str:
        if not self.header.frame_bytes:
            return "free"
        return "vbr" if len({parse_word(key << 8).bitrate for key in self.seen}) > 1 else "cbr"

    def run(self, offset: int | None) -> None:
        while offset is not None:
            end = self._contiguous(offset)
            offset = self._resync(end)
            if offset is not None and self.frames and len(self.gaps) < MOST_GAPS:
                self.gaps.append((end, offset))

    def _contiguous(self, offset: int) -> int:
        """Count the frames that follow each other from `offset`; where that ends.

        This loop runs once a frame, 140,000 times for an hour: its work is one unpacking, one
        look-up that also checks the header, and three additions.
        """
        unpack, lookup, seen = _WORD.unpack_from, self.lengths.get, self.seen
        stop, read = self.reader.stop, self.reader.read
        next_mark = len(self.marks) * self.stride
        frames, size = self.frames, _SEARCH_BYTES
        while offset + 4 <= stop:
            block = read(offset, size)
            size = min(size * 2, BLOCK_BYTES)
            if len(block) < 4:
                break
            position, last = 0, len(block) - 4
            while position <= last:
                word = unpack(block, position)[0]
                key = word >> 8
                length = lookup(key)
                if length is None or word & 3 == RESERVED_EMPHASIS:
                    break
                if offset + position + length > stop:
                    self.truncated = True
                    break
                if frames == next_mark:
                    next_mark = self._mark(offset + position)
                seen.add(key)
                frames += 1
                position += length
            counted = frames - self.frames
            self.frames = frames
            self.audio_bytes += position
            offset += position
            if counted:
                self.end = offset
            if position <= last:
                break
        return offset

    def _mark(self, offset: int) -> int:
        """Keep the offset of this frame; the number of the next frame to keep."""
        self.marks.append(offset)
        if len(self.marks) == MARKS:
            del self.marks[1::2]
            self.stride *= 2
        return len(self.marks) * self.stride

    def _resync(self, offset: int) -> int | None:
        for sync in self.reader.syncs(offset):
            word = self.reader.word(sync)
            if word < 0 or word >> 8 not in self.lengths or sync == offset:
                continue
            # The look-up knows three of the four bytes; the last one may be refused.
            header = parse_word(word)
            # After rubbish one header proves nothing: another must follow where it says.
            if header and self.reader.is_stream(sync, header, 1, believe=False):
                return sync
        return None


def _like(header_word: int) -> dict[int, int]:
    """The first three bytes of every header that can continue this stream, with frame lengths."""
    fixed = header_word >> 8 & ~0x1F3  # all but checksum, bitrate, padding and private bit
    lengths = {}
    for free in range(0x200):
        if not free & 0x0C:
            found = parse_word((fixed | free) << 8)
            if found and found.frame_bytes:
                lengths[fixed | free] = found.frame_bytes
    return lengths
