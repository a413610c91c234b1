"""From a recording's bytes to samples: one or two lanes of 16 bits at 8 kHz, block by block.

Speech on a telephone has nothing above 4 kHz, so one rate serves whoever comes after. Memory is
that of one block, whatever the length. What is decoded is the player's form of the file (see
`playable`), so that a second here is the same second in the browser.
"""

import io
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

import miniaudio

from . import playable
from .sniff import FLAC, MP2, MP3, WAV
from .wav_header import A_LAW, IEEE_FLOAT, IMA_ADPCM, MS_ADPCM, MU_LAW, PCM, read_header

RATE = 8000
"""Samples per second of every lane."""

LONGEST_S = 12 * 3600
"""What lies beyond is left out: a few hostile bytes can be decoded into days of sound."""

_BLOCK_FRAMES = 2 * RATE
_MOST_CHANNELS = 8
_RATES = range(1000, 400_000)
_FORMATS = {
    MP3: miniaudio.FileFormat.MP3,
    MP2: miniaudio.FileFormat.MP3,
    WAV: miniaudio.FileFormat.WAV,
    FLAC: miniaudio.FileFormat.FLAC,
}
# For others the decoder has no word of refusal, only no samples.
_WAV_CODECS = {PCM, IEEE_FLOAT, A_LAW, MU_LAW, MS_ADPCM, IMA_ADPCM}
# The sample rate, channels and depth in FLAC's STREAMINFO, which comes first (RFC 9639).
_FLAC_FACTS_AT = 18


class Undecodable(Exception):  # noqa: N818  (it says what is the case)
    """No sound can be had from these bytes; the message is a sentence for people."""


@dataclass(slots=True)
class Sound:
    """A file ready to be decoded once.

    lanes: 1 or 2; of more channels the first two. `cut` is True, after `blocks`, where the decoder
    gave up before the end or the sound was longer than `LONGEST_S`.
    """

    lanes: int
    cut: bool
    _channels: int
    _source: "_Bytes"
    _format: miniaudio.FileFormat

    def blocks(self) -> Iterator[tuple[array, ...]]:
        """Equally long arrays of type "h", one per lane: agent or left first. Ends at a fault.

        Raises Undecodable where nothing at all could be decoded, OSError when reading fails.
        """
        done = 0
        try:
            stream = miniaudio.stream_any(
                self._source,
                self._format,
                nchannels=self._channels,
                sample_rate=RATE,
                frames_to_read=_BLOCK_FRAMES,
            )
            for samples in stream:
                done += len(samples) // self._channels
                if done > LONGEST_S * RATE:
                    self.cut = True
                    stream.close()
                    break
                yield tuple(samples[lane :: self._channels] for lane in range(self.lanes))
        except miniaudio.DecodeError as error:
            self.cut = True
            self._source.raise_fault()
            if not done:
                raise Undecodable("The sound in this file cannot be decoded.") from error
        self._source.raise_fault()


def open_sound(file: BinaryIO) -> Sound:
    """What can be decoded of a whole file open for reading; its position is moved.

    Raises Undecodable, and OSError when reading fails; nothing else, whatever the bytes are.
    """
    facts = playable.facts(file)
    kind, channels, rate = facts.audio_type, facts.channels, facts.sample_rate
    form = facts.playable if isinstance(facts.playable, playable.Playable) else None
    if form and form.mime == MP3.mime:
        kind = MP3
    if kind == FLAC:
        channels, rate = _flac_facts(file)
    if kind not in _FORMATS:
        name = f"{kind.name} files" if kind else "Bytes that are no audio"
        raise Undecodable(f"{name} cannot be decoded here.")
    header = read_header(file) if kind == WAV else None
    if header and header.format_tag not in _WAV_CODECS:
        raise Undecodable(f"WAV files with {header.codec} sound cannot be decoded here.")
    if not channels or channels > _MOST_CHANNELS or rate not in _RATES:
        raise Undecodable("The file does not say how its sound is stored.")
    return Sound(
        lanes=min(channels, 2),
        cut=False,
        _channels=channels,
        _source=_Bytes(file, facts),
        _format=_FORMATS[kind],
    )


def _flac_facts(file: BinaryIO) -> tuple[int, int]:
    """Channels and sample rate of a FLAC file; zeros where they are not found."""
    file.seek(0)
    packed = file.read(_FLAC_FACTS_AT + 4)[_FLAC_FACTS_AT:]
    if len(packed) < 4:
        return 0, 0
    word = int.from_bytes(packed)
    return (word >> 9 & 7) + 1, word >> 12


class _Bytes(miniaudio.StreamableSource):
    """The player's form of a file, with its repairs, read and sought by the decoder from C.

    What goes wrong there cannot be raised through C; it is kept, and raised by `raise_fault`.
    """

    def __init__(self, file: BinaryIO, facts: playable.AudioFacts) -> None:
        self._file = file
        self._position = 0
        form = facts.playable if isinstance(facts.playable, playable.Playable) else None
        # Stretches that follow each other: bytes, or the start and end of a part of the file.
        self._stretches: list[bytes | tuple[int, int]] = [form.prefix if form else b""]
        offset, size = (form.source_offset if form else 0), facts.size
        last = size if form is None or form.source_end is None else min(form.source_end, size)
        for start, end, silence in facts.repairs:
            if offset <= start and end <= last:
                self._stretches += [(offset, start), silence]
                offset = end
        self._stretches.append((offset, max(offset, last)))
        lengths = (len(s) if isinstance(s, bytes) else s[1] - s[0] for s in self._stretches)
        self._ends = list(accumulate(lengths))
        self._size = self._ends[-1]

    def read(self, num_bytes: int) -> bytes:
        block = b""
        # A short answer would be taken for the end of the file.
        while len(block) < num_bytes and self._position < self._size:
            piece = self._read_some(num_bytes - len(block))
            if not piece:
                break
            block += piece
            self._position += len(piece)
        return block

    def _read_some(self, most: int) -> bytes:
        number = bisect_right(self._ends, self._position)
        stretch, left = self._stretches[number], self._ends[number] - self._position
        if isinstance(stretch, bytes):
            return stretch[len(stretch) - left :][:most]
        self._file.seek(stretch[1] - left)
        return self._file.read(min(most, left))

    def seek(self, offset: int, origin: miniaudio.SeekOrigin) -> bool:
        start = {
            miniaudio.SeekOrigin.START: 0,
            miniaudio.SeekOrigin.CURRENT: self._position,
        }.get(origin, self._size)
        if not 0 <= start + offset <= self._size:
            raise io.UnsupportedOperation("a seek beyond the file")
        self._position = start + offset
        return True

    def raise_fault(self) -> None:
        """Raise what reading the file raised, if anything."""
        if self.error_in_readcallback is not None:
            raise self.error_in_readcallback
