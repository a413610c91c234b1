"""What the vendor knows of a call: the session, its recordings, and who said what when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from recordings.simulator.sources import Source, as_source

CHANNELS = ("mixed", "agent", "customer")


@dataclass(frozen=True)
class Turn:
    """One utterance; `start` and `end` are seconds after the session's start."""

    speaker: str
    language: str
    text: str
    translation: str
    translated_to: str
    start: float
    end: float


@dataclass(frozen=True)
class Recording:
    """One audio file of a session.

    `ready_after` makes a recording that is processing until that many seconds after somebody
    first asked for it; with `unwatched` lists, only after its call was listed that often before.
    `as_mp3` is what a leg announced as WAV turns out to be when the
    simulator plays the vendor that only ever sends MP3.
    """

    id: str
    channel: str
    format: str
    duration: float
    audio: Source
    created_at: datetime
    expires_at: datetime | None = None
    status: str = "ready"
    ready_after: float | None = None
    unwatched: int = 0
    as_mp3: Source | None = None
    sample_rate: int = 8000
    bit_depth: int = 16


@dataclass(frozen=True)
class Call:
    """One session."""

    id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    status: str = "ended"
    mode: str = "bidirectional_translation"
    source_language: str | None = "en"
    target_language: str | None = "de"
    provider: str = "twilio"
    phone_number: str = "+4930901820"
    end_reason: str = "completed"
    recording_enabled: bool = True
    metadata: Mapping[str, Any] | None = None
    recordings: tuple[Recording, ...] = ()
    turns: tuple[Turn, ...] = field(default=())

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 while it is not known."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at).total_seconds()


def whole_second(moment: datetime) -> datetime:
    """The vendor's times carry no fractions."""
    return moment.astimezone(UTC).replace(microsecond=0)


def make_call(
    session_id: str,
    audio: Mapping[str, bytes | Path | str | Source] | None = None,
    *,
    formats: Mapping[str, str] | None = None,
    duration: float = 10.0,
    ended_at: datetime | None = None,
    expires_in: timedelta | None = timedelta(days=30),
    status: str = "ready",
    ready_after: float | None = None,
    parts: int = 1,
    **session: Any,
) -> Call:
    """Build a call for a test from bytes: `make_call("sess_a", {"mixed": noise(10_000)})`.

    The recordings are named after the session: `rec_a_mixed`, and with several `parts`, as after
    pauses, `rec_a_mixed_2` and so on. Everything else has a default; further keywords are fields
    of `Call`.
    """
    ended = whole_second(ended_at or datetime.now(UTC))
    started = ended - timedelta(seconds=round(duration))
    formats = {"mixed": "mp3", "agent": "wav", "customer": "wav", **(formats or {})}
    recordings = tuple(
        Recording(
            id=f"rec_{session_id.removeprefix('sess_')}_{channel}"
            + (f"_{part}" if part > 1 else ""),
            channel=channel,
            format=formats[channel],
            duration=duration,
            audio=as_source(body),
            created_at=ended,
            expires_at=None if expires_in is None else ended + expires_in,
            status=status,
            ready_after=ready_after,
        )
        for part in range(1, parts + 1)
        for channel, body in (audio or {}).items()
    )
    call = Call(
        id=session_id,
        created_at=started - timedelta(seconds=7),
        started_at=started,
        ended_at=ended,
        recordings=recordings,
    )
    return replace(call, **session)
