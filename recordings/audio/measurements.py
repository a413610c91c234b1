"""What the speech of two sides tells of a call: who talked, who was silent, who had to wait.

Times are worked out in whole milliseconds and told in seconds. What each figure means stands in
`DEFINITIONS`, in words for the people who read it, and in docs/measurements.md.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import median

from .waveform import Spans

PAUSE_IN_MONOLOGUE_MS = 2000
"""Somebody who pauses longer has ended their monologue, even if nobody else speaks."""

SIDES = ("agent", "customer")

DEFINITIONS = {
    "duration_s": "The length of the audio; where a call was paused, its parts added up.",
    "agent_talk_s": "The time in which the agent speaks, with pauses under half a second.",
    "customer_talk_s": "The time in which the customer speaks, with pauses under half a second.",
    "agent_share": "The agent's talk time as a share of both sides' talk time.",
    "customer_share": "The customer's talk time as a share of both sides' talk time.",
    "silence_s": "The time in which nobody speaks, the start and the end of the call included.",
    "longest_silence_s": "The longest time without a break in which nobody speaks.",
    "overlap_s": "The time in which both sides speak at once.",
    "overlap_share": "The time of both speaking as a share of the time in which anybody speaks.",
    "agent_monologue_s": (
        "The longest the agent speaks, pauses of up to two seconds included, until the customer "
        "begins to speak; words wholly within the agent's do not count."
    ),
    "customer_monologue_s": (
        "The longest the customer speaks, pauses of up to two seconds included, until the agent "
        "begins to speak; words wholly within the customer's do not count."
    ),
    "agent_wait_median_s": (
        "How long the customer usually waits for the agent: the median time from the end of the "
        "customer's words to the agent's next; 0 where the agent begins before that end."
    ),
    "agent_wait_worst_s": "The longest the customer waits until the agent speaks.",
    "customer_wait_median_s": (
        "How long the agent usually waits for the customer: the median time from the end of the "
        "agent's words to the customer's next; 0 where the customer begins before that end."
    ),
    "customer_wait_worst_s": "The longest the agent waits until the customer speaks.",
}
"""One sentence for each figure."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was spoken in one piece of a call; a call that was paused has several.

    duration_ms: of the audio. spans: speech of "agent" and "customer", or of "mixed" where the
    two cannot be told apart; a side that is missing was not recorded.
    """

    duration_ms: int
    spans: Mapping[str, Spans]


@dataclass(frozen=True, slots=True)
class Measurements:
    """Seconds, and shares from 0 to 1; None where a figure cannot be had.

    That is so for what takes two sides where only one was recorded, for shares of nothing, and
    for waits where nobody ever answered.
    """

    duration_s: float = 0.0
    agent_talk_s: float | None = None
    customer_talk_s: float | None = None
    agent_share: float | None = None
    customer_share: float | None = None
    silence_s: float | None = None
    longest_silence_s: float | None = None
    overlap_s: float | None = None
    overlap_share: float | None = None
    agent_monologue_s: float | None = None
    customer_monologue_s: float | None = None
    agent_wait_median_s: float | None = None
    agent_wait_worst_s: float | None = None
    customer_wait_median_s: float | None = None
    customer_wait_worst_s: float | None = None

    def figures(self) -> dict[str, float]:
        """The figures that could be had, by name."""
        everything = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in everything.items() if value is not None}


def measure(parts: Sequence[Part]) -> Measurements:
    """The figures of a call. Silence, monologues and waits do not reach over a pause of the call.

    The parts have the same sides; where they differ, only the sides that all of them have count.
    """
    found: dict[str, float] = {"duration_s": _seconds(sum(part.duration_ms for part in parts))}
    sides = set.intersection(*(set(part.spans) for part in parts)) if parts else set()
    for side in sides & set(SIDES):
        found[f"{side}_talk_s"] = _seconds(sum(_length(part.spans[side]) for part in parts))
    if sides >= set(SIDES):
        found |= _of_both(parts)
    if sides >= set(SIDES) or "mixed" in sides:
        gaps = [gap for part in parts for gap in _gaps(part)]
        found["silence_s"] = _seconds(sum(gaps))
        found["longest_silence_s"] = _seconds(max(gaps, default=0))
    return Measurements(**found)


def _of_both(parts: Sequence[Part]) -> dict[str, float]:
    found: dict[str, float] = {}
    talk = {side: sum(_length(part.spans[side]) for part in parts) for side in SIDES}
    anybody = sum(_length(_union(part)) for part in parts)
    both = sum(talk.values()) - anybody
    found["overlap_s"] = _seconds(both)
    if anybody:
        found["overlap_share"] = round(both / anybody, 4)
        for side in SIDES:
            found[f"{side}_share"] = round(talk[side] / sum(talk.values()), 4)
    waits: dict[str, list[int]] = {side: [] for side in SIDES}
    for part in parts:
        for side, wait in _waits(part):
            waits[side].append(wait)
    for side, other in (SIDES, SIDES[::-1]):
        longest = [_monologue(part.spans[side], part.spans[other]) for part in parts]
        found[f"{side}_monologue_s"] = _seconds(max(longest))
        if waits[side]:
            found[f"{side}_wait_median_s"] = _seconds(median(waits[side]))
            found[f"{side}_wait_worst_s"] = _seconds(max(waits[side]))
    return found


def _seconds(milliseconds: float) -> float:
    return round(milliseconds / 1000, 3)


def _length(spans: Spans) -> int:
    return sum(end - start for start, end in spans)


def _union(part: Part) -> list[tuple[int, int]]:
    """When anybody speaks."""
    union: list[tuple[int, int]] = []
    for start, end in sorted(span for lane in part.spans.values() for span in lane):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


def _gaps(part: Part) -> list[int]:
    """The lengths of the times in which nobody speaks."""
    edges = [0, *(moment for span in _union(part) for moment in span), part.duration_ms]
    return [max(0, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _monologue(own: Spans, others: Spans) -> int:
    """The longest stretch of one side's speech that neither the other nor a long pause ends.

    Words of the other side wholly within one span ("mhm") end nothing.
    """
    longest = 0
    begins = _begins_beyond(others, own)
    position = 0
    begun: int | None = None
    before = 0
    for start, end in own:
        interrupted = False
        while position < len(begins) and begins[position] <= start:
            interrupted = interrupted or begins[position] >= before
            position += 1
        if begun is None or interrupted or start - before > PAUSE_IN_MONOLOGUE_MS:
            begun = start
        # Whoever begins while this goes on, and goes on after it, ends the monologue there.
        stop = end
        if position < len(begins) and begins[position] < end:
            stop = begins[position]
        longest = max(longest, stop - begun)
        if stop < end:
            begun = None
        before = end
    return longest


def _begins_beyond(spans: Spans, around: Spans) -> list[int]:
    """When those of `spans` begin that are not wholly within one span of `around`, in order."""
    starts = [start for start, _ in around]
    found = []
    for start, end in sorted(spans):
        before = bisect_right(starts, start)
        if not before or end > around[before - 1][1]:
            found.append(start)
    return found


def _waits(part: Part) -> list[tuple[str, int]]:
    """Who answered, and after how long, at each change of the speaker.

    Words wholly within the other side's speech ("mhm") take no turn, so nobody waits for an
    answer to them.
    """
    turns: list[tuple[str, int, int]] = []
    spoken = [(start, end, side) for side in SIDES for start, end in part.spans[side]]
    # Of what begins at once the longer first: the other is within it.
    for start, end, side in sorted(spoken, key=lambda words: (words[0], -words[1])):
        if turns and turns[-1][0] == side:
            turns[-1] = (side, turns[-1][1], end)
        elif not turns or end > turns[-1][2]:
            turns.append((side, start, end))
    return [(after[0], max(0, after[1] - before[2])) for before, after in pairwise(turns)]
