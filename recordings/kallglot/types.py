"""What the vendor tells us, as plain frozen values. Made by `parsing`, never by hand from JSON.

Every field except the ids may be missing in an answer: it is None then. Times are aware and in
UTC, durations are seconds, sizes are bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

# The vendor does not specify alphabet or length (vendor documentation, "Conventions"); this is
# wide enough for all examples and safe in a path and in a file name.
SESSION_ID = re.compile(r"\Asess_[A-Za-z0-9_-]{1,64}\Z")
RECORDING_ID = re.compile(r"\Arec_[A-Za-z0-9_-]{1,64}\Z")

CHANNELS = ("mixed", "agent", "customer")

# An id may follow anything but a letter or digit ("recording-sess_1.mp3"), a percent escape or a
# written-out line break.
_ID_IN_TEXT = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))(?:sess|rec)_([A-Za-z0-9_-]+)"
)
_LAST_TURN_SECONDS = 3.0  # shown length of the last turn when nothing tells its end


def find_ids(text: str) -> list[str]:
    """Return all session and recording ids in `text`, in order, each once.

    >>> find_ids("see https://x/sessions/sess_01J9?rec=rec_01A, again sess_01J9")
    ['sess_01J9', 'rec_01A']
    """
    found = (match[0] for match in _ID_IN_TEXT.finditer(text) if len(match[1]) <= 64)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One call. Both generations of the vendor's answer fit (GET /sessions/{id}).

    The answer's `stream` (a live credential) is dropped while parsing and exists nowhere here.
    """

    id: str
    status: str | None = None
    mode: str | None = None
    source_language: str | None = None
    target_language: str | None = None
    provider: str | None = None
    phone_number: str | None = None
    duration: float | None = None
    recording_enabled: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded file (GET /recordings/{id}, or an entry of a session's list).

    `size` is a hint only: the vendor's own examples contradict the audio's Content-Length.
    `created_at` is when the file came to be, not when the call began.
    """

    id: str
    session_id: str | None = None
    channel: str = "mixed"
    status: str | None = None
    duration: float | None = None
    format: str | None = None
    size: int | None = None
    sample_rate: int | None = None
    bit_depth: int | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingList:
    """The recordings of one session; `skipped` counts entries that could not be used."""

    session_id: str
    data: tuple[Recording, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance. `start` and `end` are seconds into the call, None when not known."""

    sequence: int
    text: str = ""
    speaker: str | None = None
    language: str | None = None
    translation: str | None = None
    translation_language: str | None = None
    timestamp: datetime | None = None
    start: float | None = None
    end: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, in the order it was said (GET /sessions/{id}/transcript)."""

    session_id: str
    id: str | None = None
    status: str | None = None
    turns: tuple[Turn, ...] = ()
    languages: tuple[str, ...] = ()
    duration: float | None = None
    skipped: int = 0

    @property
    def is_complete(self) -> bool:
        """One generation says "complete", the other "completed"."""
        return (self.status or "").startswith("complete")

    def turns_with_offsets(
        self, started_at: datetime | None, duration: float | None
    ) -> tuple[Turn, ...]:
        """Return the turns with `start` and `end` in seconds from `started_at`.

        Segments that carry offsets keep them. Timestamps are whole seconds, so offsets made of
        them are right to about a second. Without `started_at` the first timed turn is second 0.
        A turn lasts until the next one starts, the last until `duration`; all are clamped to
        [0, duration]. A turn that tells no time at all keeps None.
        """
        anchor = started_at or min((t.timestamp for t in self.turns if t.timestamp), default=None)
        longest = float("inf") if duration is None else duration
        timed: list[Turn] = []
        next_start: float | None = None
        for turn in reversed(self.turns):
            start = _start(turn, anchor)
            if start is None:
                timed.append(replace(turn, start=None, end=None))
                continue
            last = start + _LAST_TURN_SECONDS if duration is None else duration
            end = next(t for t in (turn.end, next_start, last) if t is not None)
            next_start = start
            start = min(max(0.0, start), longest)
            end = min(max(start, end), longest)
            timed.append(replace(turn, start=round(start, 3), end=round(end, 3)))
        return tuple(reversed(timed))


def _start(turn: Turn, anchor: datetime | None) -> float | None:
    if turn.start is not None:
        return turn.start
    if turn.timestamp is None or anchor is None:
        return None
    return (turn.timestamp - anchor).total_seconds()
