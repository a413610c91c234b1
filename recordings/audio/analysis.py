"""Everything the lanes of one file tell, in one pass: peaks, levels, speech."""

from dataclasses import dataclass
from typing import BinaryIO

from .decode import RATE, Undecodable, open_sound
from .speech import LevelMeter, spans
from .waveform import PeakMeter


@dataclass(frozen=True, slots=True)
class Analysis:
    """The lanes of a file, agent or left first.

    duration_ms: of what was decoded. peaks: see `waveform`. levels, spans: see `speech`.
    cut: whether the file could only be decoded in part.
    """

    duration_ms: int
    peaks: tuple[bytes, ...]
    levels: tuple[bytes, ...]
    spans: tuple[tuple[tuple[int, int], ...], ...]
    cut: bool = False


def analyse(file: BinaryIO) -> Analysis:
    """Decode a whole file open for reading; memory stays at some MB for an hour.

    Raises Undecodable, and OSError when reading fails.
    """
    sound = open_sound(file)
    peaks = [PeakMeter() for _ in range(sound.lanes)]
    levels = [LevelMeter() for _ in range(sound.lanes)]
    samples = 0
    for block in sound.blocks():
        samples += len(block[0])
        for lane, peak, level in zip(block, peaks, levels, strict=True):
            peak.feed(lane)
            level.feed(lane)
    if not samples:
        raise Undecodable("There is no sound in this file.")
    heard = tuple(meter.levels() for meter in levels)
    return Analysis(
        duration_ms=round(samples * 1000 / RATE),
        peaks=tuple(meter.peaks() for meter in peaks),
        levels=heard,
        spans=tuple(tuple(spans(lane)) for lane in heard),
        cut=sound.cut,
    )
