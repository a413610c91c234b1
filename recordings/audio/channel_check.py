"""Are the two channels of the mixed file what they are taken for: agent left, customer right?

The loudness of each channel over time is laid over that of the agent's and the customer's own
file, and moved until it fits best. Loudness survives MP3 coding and another volume, which
samples do not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from .speech import FRAME_MS

LONGEST_SHIFT_MS = 10_000
"""Files that are further apart are not recognised as the same speech."""

_FLOOR = 60  # half decibels: what is quieter is the line, not a voice
_WINDOW_FRAMES = 5 * 60 * 1000 // FRAME_MS  # five minutes from the first word on tell enough
_COARSE = 5  # frames of 10 ms in a step of the first search
_FINE_FRAMES = 8
_LEAST_SPEECH_FRAMES = 100
# Correlations: the same speech has more than 0.9, different speech less than 0.3. The two sides of
# a call have 0.8 where each is heard on the other's line, one sound on both channels 0.98.
_FITS, _CLEARLY, _ALIKE = 0.6, 0.15, 0.95


@dataclass(frozen=True, slots=True)
class ChannelCheck:
    """What was found.

    verdict: "same", "swapped", "duplicate" (both channels of the mixed file), "alike" (both legs),
    "one sound" (all of them) or "unknown". agent_shift_ms, customer_shift_ms: by how much the voice
    comes later in the mixed file than in its own (negative: earlier), to about 5 ms; None where
    that file is missing or does not fit.
    """

    verdict: str
    agent_shift_ms: int | None = None
    customer_shift_ms: int | None = None


def check(
    left: bytes, right: bytes, agent: bytes | None = None, customer: bytes | None = None
) -> ChannelCheck:
    """Compare the levels (see `speech`) of the mixed file's channels with those of the legs.

    One leg is enough to tell the sides apart, none only to notice a duplicate. Two legs without
    a mixed file (nothing left and right) may be alike. Takes about a second, whatever the length.
    """
    duplicate = _fit(right, left).correlation >= _ALIKE
    if _fit(customer or b"", agent).correlation >= _ALIKE:
        return ChannelCheck("one sound" if duplicate else "alike")
    if duplicate:
        return ChannelCheck("duplicate")
    straight = _fit(left, agent), _fit(right, customer)
    crossed = _fit(right, agent), _fit(left, customer)
    for verdict, fits, others in (("same", straight, crossed), ("swapped", crossed, straight)):
        if _holds(fits, others):
            return ChannelCheck(verdict, *(fit.shift_ms if fit.fits else None for fit in fits))
    return ChannelCheck("unknown")


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well two lanes fit (-1 to 1), and how much later the first is then."""

    correlation: float = 0.0
    shift_ms: int = 0

    @property
    def fits(self) -> bool:
        return self.correlation >= _FITS


def _holds(fits: Sequence[_Fit], others: Sequence[_Fit]) -> bool:
    """Whether at least one side fits, and none fits better the other way round."""
    pairs = list(zip(fits, others, strict=True))
    return any(fit.fits for fit in fits) and all(
        fit.correlation >= other.correlation + _CLEARLY
        for fit, other in pairs
        if fit.fits or other.fits
    )


def _fit(mixed: bytes, leg: bytes | None) -> _Fit:
    """Where a leg fits best in a channel of the mixed file: first roughly, then within a frame."""
    if not leg:
        return _Fit()
    first = next((n for n, level in enumerate(leg) if level > _FLOOR), None)
    if first is None:
        return _Fit()
    voice = [max(0, level - _FLOOR) for level in leg[first : first + _WINDOW_FRAMES]]
    if sum(1 for level in voice if level) < _LEAST_SPEECH_FRAMES:
        return _Fit()
    reach = LONGEST_SHIFT_MS // FRAME_MS
    # As much of the channel as the voice can reach; before its start there is silence.
    around = [max(0, level - _FLOOR) for level in mixed[max(0, first - reach) :]]
    around = ([0] * max(0, reach - first) + around)[: len(voice) + 2 * reach]
    around += [0] * (len(voice) + 2 * reach - len(around))

    rough = _correlations(_coarser(around), _coarser(voice), range(2 * reach // _COARSE + 1))
    middle = max(rough, key=rough.get) * _COARSE
    near = range(max(0, middle - _FINE_FRAMES), min(2 * reach, middle + _FINE_FRAMES) + 1)
    fine = _correlations(around, voice, near)
    best = max(fine, key=fine.get)
    within = _summit(fine.get(best - 1), fine[best], fine.get(best + 1))
    return _Fit(fine[best], round((best - reach + within) * FRAME_MS))


def _coarser(levels: list[int]) -> list[int]:
    whole = len(levels) - len(levels) % _COARSE
    return [sum(levels[n : n + _COARSE]) for n in range(0, whole, _COARSE)]


def _correlations(around: list[int], voice: list[int], lags: range) -> dict[int, float]:
    """Pearson's correlation of `voice` with what of `around` begins at each lag."""
    count, total = len(voice), sum(voice)
    spread = math.sqrt(max(0, count * sum(map(mul, voice, voice)) - total * total))
    found = {}
    for lag in lags:
        piece = around[lag : lag + count]
        piece_total = sum(piece)
        square = count * sum(map(mul, piece, piece)) - piece_total * piece_total
        product = count * sum(map(mul, piece, voice[: len(piece)])) - piece_total * total
        found[lag] = product / (spread * math.sqrt(square)) if spread and square > 0 else 0.0
    return found


def _summit(before: float | None, at: float, after: float | None) -> float:
    """How far, in frames, the top of a parabola through three points is from the middle one."""
    if before is None or after is None:
        return 0.0
    bend = before - 2 * at + after
    return (before - after) / (2 * bend) if bend < 0 else 0.0
