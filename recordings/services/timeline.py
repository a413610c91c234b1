"""The recordings of a call on one timeline, in seconds from the call's start.

A call that was paused has several recordings per channel; between them there is a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings.models import Lanes, LanesState, Recording, Session

from . import listening

# Kallglot tells moments in whole seconds, so channels cut at the same time may differ by one.
_SAME_MOMENT_S = 1.6
# A recording is filed a moment after it ends.
_FILED_LATE_S = 30.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A recording and the part of the call that it holds."""

    recording: Recording
    start: float
    duration: float

    @property
    def end(self) -> float:
        return self.start + self.duration


def pieces(session: Session, recordings: Sequence[Recording]) -> dict[str, list[Piece]]:
    """The `recordings` (in order) of each voice, placed on the call's timeline.

    A voice has the name of its channel, whatever word Kallglot has for that. Where recordings of
    one channel cannot be told to follow each other, as the length of one that may be played is
    not known, each of the later ones is a voice of its own: "mixed", "mixed 2".

    Where a part is left out, because it cannot be played, those after it may stand elsewhere.
    A recording whose length nobody tells is as long as the others of a call that was not paused.
    """
    lengths = _lengths(recordings)
    channels = _voices(recordings, lengths)
    parted = any(len(found) > 1 for found in channels.values())
    if not parted:
        told = [length for length in lengths.values() if length is not None]
        whole = max(told, default=0.0) or session.length or 0.0
        lengths = {key: whole if length is None else length for key, length in lengths.items()}
    lengths = {key: length or 0.0 for key, length in lengths.items()}
    known: list[float] = []
    return {
        channel: _placed(session, found, lengths, known if parted else None)
        for channel, found in channels.items()
    }


def _voices(
    recordings: Sequence[Recording], lengths: dict[int, float]
) -> dict[str, list[Recording]]:
    channels: dict[str, list[Recording]] = {}
    for recording in recordings:
        channels.setdefault(recording.channel, []).append(recording)
    voices: dict[str, list[Recording]] = {}
    for channel, found in channels.items():
        if not any(r.state.may_have_audio and not lengths[r.pk] for r in found):
            voices[channel] = found
            continue
        for number, recording in enumerate(found, 1):
            voices[f"{channel} {number}" if number > 1 else channel] = [recording]
    return voices


def length_of(pieces_by_channel: dict[str, list[Piece]], session: Session) -> float:
    """The seconds that the timeline has."""
    ends = [piece.end for found in pieces_by_channel.values() for piece in found]
    parted = any(len(found) > 1 for found in pieces_by_channel.values())
    # A file may be empty, and is then all there is of a call that was not paused.
    if ends and (max(ends) or not parted):
        return max(ends)
    return session.length or 0.0


def _placed(session, recordings, lengths, known: list[float] | None) -> list[Piece]:
    if known is None:
        return [Piece(recordings[0], 0.0, lengths[recordings[0].pk])]
    starts = [_start(session, recording, lengths[recording.pk]) for recording in recordings]
    placed, after = [], 0.0
    if None not in starts and _apart(starts, [lengths[r.pk] for r in recordings]):
        for recording, told in zip(recordings, starts, strict=True):
            start = next((k for k in known if abs(k - told) <= _SAME_MOMENT_S), max(told, after))
            if start not in known:
                known.append(start)
            placed.append(Piece(recording, start, lengths[recording.pk]))
            after = placed[-1].end
        return placed
    for recording in recordings:
        placed.append(Piece(recording, after, lengths[recording.pk]))
        after = placed[-1].end
    return placed


def _start(session: Session, recording: Recording, length: float) -> float | None:
    """Where the recording begins by its creation, if that lies within the call."""
    if recording.created_at is None or session.begun_at is None:
        return None
    end = (recording.created_at - session.begun_at).total_seconds()
    start = end - length
    call = session.length
    if start < -_SAME_MOMENT_S or (call is not None and end > call + _FILED_LATE_S):
        return None
    return 0.0 if start < _SAME_MOMENT_S else start


def _apart(starts: Sequence[float], lengths: Sequence[float]) -> bool:
    """Whether no recording begins before the one before it has ended."""
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    return all(
        following >= end - _SAME_MOMENT_S for end, following in zip(ends, starts[1:], strict=False)
    )


def _lengths(recordings: Sequence[Recording]) -> dict[int, float | None]:
    """Seconds by recording: the file's own, else as decoded, else as Kallglot says, if it does."""
    made = Lanes.objects.filter(recording__in=recordings, state=LanesState.READY, cut=False)
    decoded = dict(made.values_list("key", "duration_ms"))
    lengths = {}
    for recording in recordings:
        ms = decoded.get(listening.key(recording))
        own = recording.file_seconds if recording.is_known else None
        if own is None and ms is not None:
            own = ms / 1000
        lengths[recording.pk] = (recording.duration or None) if own is None else own
    return lengths
