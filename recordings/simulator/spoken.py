"""The committed speech, cut and repeated to the length a call needs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

from recordings.simulator.calls import Turn
from recordings.simulator.sources import MP3_FRAME_SECONDS, Bytes, Repeated, Source, wav_header

SPEECH = Path(__file__).parent / "speech"
RATE = 8000
SAMPLES_PER_FRAME = 576


def _linear_from_mulaw() -> tuple[bytes, bytes]:
    """For each mu-law byte the low and the high byte of its 16-bit sample (ITU-T G.711)."""
    samples = []
    for code in range(256):
        inverted = ~code & 0xFF
        step = (((inverted & 0x0F) << 3) + 0x84) << ((inverted >> 4) & 0x07)
        sample = step - 0x84
        samples.append((-sample if inverted & 0x80 else sample) & 0xFFFF)
    return bytes(s & 0xFF for s in samples), bytes(s >> 8 for s in samples)


_LOW, _HIGH = _linear_from_mulaw()


class Clip:
    """A dialogue from one MP3 frame to another, so many times over.

    Cuts fall between frames (72 ms), which hold without their neighbours; so the MP3 and the
    WAV files of a clip are equally long.
    """

    def __init__(self, dialogue: Dialogue, first: int, last: int, times: int = 1):
        self._dialogue, self._first, self._last, self._times = dialogue, first, last, times

    @property
    def duration(self) -> float:
        return round((self._last - self._first) * MP3_FRAME_SECONDS * self._times, 3)

    def repeated(self, times: int) -> Clip:
        return Clip(self._dialogue, self._first, self._last, times)

    def leg(self, channel: str, *, mulaw: bool = False) -> Source:
        """The agent's or the customer's voice as WAV: 16-bit, or mu-law as it was on the line."""
        samples = self._dialogue.samples(channel)
        samples = samples[self._first * SAMPLES_PER_FRAME : self._last * SAMPLES_PER_FRAME]
        if not mulaw:
            linear = bytearray(2 * len(samples))
            linear[0::2], linear[1::2] = samples.translate(_LOW), samples.translate(_HIGH)
            samples = bytes(linear)
        size = len(samples) * self._times
        return self._body(wav_header(size, mulaw=mulaw), samples)

    def mp3(self, channel: str) -> Source:
        """The mixed file, or a leg as the vendor's MP3."""
        data = self._dialogue.file(f"{channel}.mp3")
        frame = len(data) // self._dialogue.frames
        return self._body(b"", data[self._first * frame : self._last * frame])

    def turns(self, offset: float = 0.0) -> list[Turn]:
        """What is said in the clip, `offset` seconds after the session's start."""
        start = self._first * MP3_FRAME_SECONDS
        length = (self._last - self._first) * MP3_FRAME_SECONDS
        inside = [t for t in self._dialogue.turns if start <= t.start < start + length]
        return [
            replace(
                turn,
                start=round(turn.start - start + offset + number * length, 3),
                end=round(turn.end - start + offset + number * length, 3),
            )
            for number in range(self._times)
            for turn in inside
        ]

    def _body(self, head: bytes, data: bytes) -> Source:
        if self._times == 1:
            return Bytes(head + data)
        return Repeated(head, data, len(head) + len(data) * self._times)


class Dialogue:
    """One folder of `speech/`."""

    def __init__(self, name: str):
        self._folder = SPEECH / name
        self.manifest = json.loads((self._folder / "call.json").read_text("utf-8"))
        self.frames: int = self.manifest["frames"]
        self.languages: dict[str, str] = self.manifest["languages"]

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(**turn) for turn in self.manifest["turns"])

    @lru_cache(maxsize=8)  # noqa: B019  # dialogues live as long as the process
    def file(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def samples(self, channel: str) -> bytes:
        """The mu-law samples of a leg."""
        wav = self.file(f"{channel}.wav")
        return wav[wav.index(b"data") + 8 :]

    def whole(self) -> Clip:
        return Clip(self, 0, self.frames)

    def split(self) -> tuple[Clip, Clip]:
        """Two parts, cut in the longest silence between turns."""
        pairs = zip(self.turns, self.turns[1:], strict=False)
        silences = [(after.start - before.end, before.end) for before, after in pairs]
        length, start = max(silences)
        cut = round((start + length / 2) / MP3_FRAME_SECONDS)
        return Clip(self, 0, cut), Clip(self, cut, self.frames)


@lru_cache
def dialogue(name: str) -> Dialogue:
    return Dialogue(name)
