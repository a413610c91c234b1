"""When somebody speaks in a lane, told from how loud it is.

Loudness is measured in frames of 10 ms and kept as a byte of half decibels. A frame is speech
where it rises above the noise around it; the noise is what the quieter frames within some
seconds have, so a line that hums or a caller in a street is heard all the same. Short pauses
belong to speech; short noises do not. Words on a telephone are meant: music on hold, or a tone,
counts as speech where it swells and fades like it.
"""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise

from .decode import RATE

FRAME_MS = 10

BRIDGED_MS = 500
"""A pause shorter than this within one side's words is part of their speech."""
SHORTEST_MS = 150
"""What is shorter is a click or a breath."""

_FRAME = RATE * FRAME_MS // 1000

# Half decibels above one step of 16 bits; full scale is 180.
_QUIETEST_SPEECH = 70
_QUIETEST_FRAME = 56
_LEAST_SWELL = 24
_ABOVE_NOISE = 17
_BELOW_LOUD_MOST, _BELOW_LOUD_LEAST = 62, 30
_GOES_ON_BELOW = 8
_STEADY = 8  # words rise and fall by more, hiss and tones by less

_NOISE_SHARE = 0.15
_NOISE_EVERY, _NOISE_AROUND = 200, 800  # frames

_JOINED_FRAMES = 12  # the stops within a word
_LEAST_RUN_FRAMES = 5


class LevelMeter:
    """Takes the samples of one lane, a block after the other, and gives its levels."""

    def __init__(self) -> None:
        self._levels = bytearray()
        self._rest = array("h")

    def feed(self, samples: array) -> None:
        """Take the next samples, an array of type "h" and any length."""
        samples = self._rest + samples
        whole = len(samples) - len(samples) % _FRAME
        frames = (samples[start : start + _FRAME] for start in range(0, whole, _FRAME))
        hypot, level = math.hypot, _level
        # `hypot` is the root of the sum of squares, in C.
        self._levels.extend(level(hypot(*frame), sum(frame)) for frame in frames)
        self._rest = samples[whole:]

    def levels(self) -> bytes:
        """One byte for each whole frame: its RMS in half decibels above 1; silence is 0.

        A constant offset, as some lines have, is no sound and does not count.
        """
        return bytes(self._levels)


def _level(length: float, total: int) -> int:
    """From the root of the sum of a frame's squares, and the sum of its samples."""
    mean = total / _FRAME
    power = length * length / _FRAME - mean * mean
    return round(20 * math.log10(power)) if power > 1 else 0


def spans(levels: bytes) -> list[tuple[int, int]]:
    """Start and end in milliseconds of each stretch of speech in a lane, in order.

    Accuracy on speech without noise is some tens of milliseconds: words begin and end softly.
    """
    runs = _join(_runs(levels, _thresholds(levels)), _JOINED_FRAMES)
    runs = [
        (start, end)
        for start, end in runs
        if end - start >= _LEAST_RUN_FRAMES and not _is_steady(levels[start:end])
    ]
    # Speech begins and ends somewhere within its first and last frame: on average in the middle.
    found = [
        (start * FRAME_MS + FRAME_MS // 2, end * FRAME_MS - FRAME_MS // 2)
        for start, end in _join(runs, BRIDGED_MS // FRAME_MS)
    ]
    return [span for span in found if span[1] - span[0] >= SHORTEST_MS]


def _thresholds(levels: bytes) -> list[int]:
    """For each stretch of `_NOISE_EVERY` frames the level at which speech begins; empty: none."""
    noises = [_noise(levels, start) for start in range(0, len(levels), _NOISE_EVERY)]
    # However seldom somebody speaks, how loud they are is told by what stands out alone.
    loud = _share_of(
        [
            level
            for number, noise in enumerate(noises)
            for level in levels[number * _NOISE_EVERY : (number + 1) * _NOISE_EVERY]
            if level >= max(noise + _ABOVE_NOISE, _QUIETEST_FRAME)
        ],
        0.95,
    )
    if loud < _QUIETEST_SPEECH or loud - _share_of(levels, 0.1) < _LEAST_SWELL:
        return []
    return [
        min(
            max(noise + _ABOVE_NOISE, loud - _BELOW_LOUD_MOST, _QUIETEST_FRAME),
            loud - _BELOW_LOUD_LEAST,
        )
        for noise in noises
    ]


def _noise(levels: bytes, start: int) -> int:
    """How loud the line is without words in the stretch of frames that begins at `start`."""
    own = levels[start : start + _NOISE_EVERY]
    if _is_steady(own):
        return _share_of(own, 0.9)
    around = levels[max(0, start - _NOISE_AROUND) : start + _NOISE_EVERY + _NOISE_AROUND]
    return _share_of(around, _NOISE_SHARE)


def _is_steady(levels: bytes) -> bool:
    """Whether this is equally loud all the time."""
    return _share_of(levels, 0.9) - _share_of(levels, 0.1) < _STEADY


def _share_of(levels: Sequence[int], share: float) -> int:
    """The level that this share of them does not exceed; 0 of none."""
    return sorted(levels)[int(len(levels) * share)] if levels else 0


def _runs(levels: bytes, thresholds: list[int]) -> list[tuple[int, int]]:
    """The frames, from and to before, in which the level is that of speech."""
    runs = []
    begun = None
    for number, threshold in enumerate(thresholds):
        first = number * _NOISE_EVERY
        goes_on = threshold - _GOES_ON_BELOW
        for frame, level in enumerate(levels[first : first + _NOISE_EVERY], first):
            if begun is None:
                if level >= threshold:
                    begun = frame
            elif level < goes_on:
                runs.append((begun, frame))
                begun = None
    if begun is not None:
        runs.append((begun, len(levels)))
    return runs


def _join(runs: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """The same runs, those less than `gap` apart made one."""
    if not runs:
        return []
    breaks = [
        number
        for number, (before, after) in enumerate(pairwise(runs), 1)
        if after[0] - before[1] >= gap
    ]
    edges = [0, *breaks, len(runs)]
    return [(runs[a][0], runs[b - 1][1]) for a, b in pairwise(edges)]
