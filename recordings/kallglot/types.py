"""What the vendor tells us, as plain frozen values. Made by `parsing`, never by hand from JSON.

Every field except the ids may be missing in an answer: it is None then. Times are aware and in
UTC, durations are seconds, sizes are bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

# The vendor does not specify alphabet or length (vendor documentation, "Conventions"); this is
# wide enough for all examples and safe in a path and in a file name.
_LONGEST_BODY = 64
SESSION_ID = re.compile(rf"\Asess_[A-Za-z0-9_-]{{1,{_LONGEST_BODY}}}\Z")
RECORDING_ID = re.compile(rf"\Arec_[A-Za-z0-9_-]{{1,{_LONGEST_BODY}}}\Z")

CHANNELS = ("mixed", "agent", "customer")

# An id may follow anything but a letter or digit ("recording-sess_1.mp3"), a percent escape or a
# written-out line break. Keyboards of phones begin it with a capital. Another id ends it.
_ID_IN_TEXT = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"(?P<kind>[Ss]ess|[Rr]ec)_(?P<body>(?!(?:sess|rec)_)(?:(?![_-](?:sess|rec)_)[A-Za-z0-9_-])+)"
)
# What hangs on to an id: the end of a name that the portal gives to files, then marks of emphasis.
_END_OF_FILE_NAME = re.compile(
    r"_(?:mixed|agent|customer|transcript_(?:original|translation|both))(?:-\d+)?[_-]*\Z"
)
# Markdown and Jira write "sess\_1", forms "sess%5F1"; invisible marks come from chats and pages.
_ESCAPED = re.compile(r"\\_|%5[Ff]")
_INVISIBLE = (0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))
_PLAIN_CHARACTERS = {
    **{0xFEE0 + number: number for number in range(0x21, 0x7F)},  # full-width forms
    **dict.fromkeys((*_INVISIBLE, 0xFEFF)),
}
_LAST_TURN_SECONDS = 3.0  # shown length of the last turn when nothing tells its end


@dataclass(frozen=True, slots=True)
class FoundId:
    """A session or recording id in a text, which has it from `start` to `end`.

    `written` is the id with all that could be part of it. `id` is the likely one, without what
    hangs on: "sess_1" where "sess_1_mixed" or "sess_1__" is written.
    """

    id: str
    written: str
    start: int
    end: int


def plain(text: str) -> str:
    """`text` without invisible marks and the escapes that ids are pasted with."""
    if not text.isascii():
        text = text.translate(_PLAIN_CHARACTERS)
    return _ESCAPED.sub("_", text)


def ids_in(text: str) -> Iterator[FoundId]:
    """All ids in a `plain` text, in order, doubles included."""
    for match in _ID_IN_TEXT.finditer(text):
        kind, body = match["kind"].lower(), match["body"]
        bare = _END_OF_FILE_NAME.sub("", body) if kind == "sess" else body
        bare = bare.rstrip("_-")
        if 0 < len(bare) <= _LONGEST_BODY:
            written = body if len(body) <= _LONGEST_BODY else bare
            yield FoundId(f"{kind}_{bare}", f"{kind}_{written}", *match.span())


def find_ids(text: str) -> list[str]:
    """Return all session and recording ids in `text`, in order, each once.

    >>> find_ids("see https://x/sessions/sess_01J9?rec=rec_01A, again sess_01J9")
    ['sess_01J9', 'rec_01A']
    """
    return list(dict.fromkeys(found.id for found in ids_in(plain(text))))


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
