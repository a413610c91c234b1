"""What a player and the listening room need of a call: sound, timeline, place, measurements."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from recordings import permissions
from recordings.audio.measurements import DEFINITIONS
from recordings.models import ListeningPosition, Note, Recording, RecordingState, Session

from . import clock, heard, listening, notes, timeline

# Somebody who stopped this close to the end begins anew.
_AT_THE_END_S = 3.0
_PER_SIDE = (
    ("Talk time", "talk_s", "seconds"),
    ("Share of talk", "share", "share"),
    ("Longest monologue", "monologue_s", "seconds"),
    ("Wait caused, median", "wait_median_s", "seconds"),
    ("Wait caused, worst", "wait_worst_s", "seconds"),
)
_OF_ALL = (
    ("Silence", "silence_s", "seconds"),
    ("Longest silence", "longest_silence_s", "seconds"),
    ("Both at once", "overlap_s", "seconds"),
    ("Both at once, share", "overlap_share", "share"),
)
_VERDICTS = {
    "same": "Left is the agent, right is the customer.",
    "swapped": "Swapped: left is the customer, right is the agent.",
    "duplicate": "Both channels of the mixed file hold the same sound.",
    "alike": "The agent's and the customer's own files hold the same sound.",
    "one sound": "All files of this call hold the same sound, on every channel.",
    "unknown": (
        "It cannot be told which channel is whose: they fit neither side's own file, "
        "or too little is said."
    ),
}
_REASONS = {
    RecordingState.PROCESSING: "Kallglot is still preparing it",
    RecordingState.FAILED: "Kallglot could not make it",
    RecordingState.EXPIRED: "it has expired",
    RecordingState.MISSING: "Kallglot no longer lists it",
}
# What is less is the codec's doing, and nobody hears it.
_LEAST_SHIFT_MS = 40


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the measurements: a value per side, or one of the whole call."""

    label: str
    kind: str
    values: tuple[float | None, ...]
    definitions: tuple[str, ...]


def playable(
    session: Session,
    user,
    recordings: list[Recording] | None = None,
    noted: list[Note] | None = None,
) -> dict | None:
    """The call as a player takes it, as JSON; None where nothing can be played.

    recordings, noted: of this call and for this person, where they were fetched already.
    """
    known = list(session.recordings.in_order()) if recordings is None else recordings
    for recording in known:
        listening.look_at_file(recording)
    placed = _placed(session, known)
    voices = _that_are_ready(placed)
    if not voices:
        return None
    last = max(piece.end for found in voices.values() for piece in found)
    place = ListeningPosition.objects.filter(session=session, user=user).first()
    downloads = user.has_perm(permissions.DOWNLOAD)
    second = place.second if place and place.second < last - _AT_THE_END_S else 0.0
    return {
        "id": session.kallglot_id,
        "title": session.caller or session.kallglot_id,
        "room": reverse("session", args=[session.kallglot_id]),
        "place": reverse("listening", args=[session.kallglot_id]),
        "began": session.begun_at.isoformat() if session.begun_at else None,
        "length": round(timeline.length_of(placed, session), 3),
        "voices": {
            channel: [_piece(piece, downloads) for piece in found]
            for channel, found in voices.items()
        },
        "missing": {
            channel: _why_missing(known, channel)
            for channel in Recording.CHANNELS
            if channel not in voices
        },
        "remarks": [remark for recording in known for remark in _remarks(recording)],
        "verdict": _check(session).get("verdict", ""),
        "second": round(second, 2),
        "channel": place.channel if place and place.channel in voices else "",
        "heard": heard.text(place.heard) if place else "",
        "notes": notes.facts(notes.seen(session, user) if noted is None else noted),
    }


def longest(session: Session) -> float | None:
    """The seconds that the call's timeline has; None without recordings, or if nobody tells."""
    known = list(session.recordings.in_order())
    return timeline.length_of(_placed(session, known), session) or None if known else None


def has_voice(session: Session, voice: str) -> bool:
    """Whether `voice` is one of the call's, as `playable` names them."""
    return voice in _placed(session, session.recordings.in_order())


def keep_place(session: Session, user, second: float, channel: str, ranges) -> ListeningPosition:
    """Remember where `user` is in the call and which seconds they have heard since the last time.

    Raises `django.db.DatabaseError` while it cannot be stored.
    """
    placed = _placed(session, session.recordings.in_order())
    length = timeline.length_of(placed, session)
    parts = max(placed.values(), key=len, default=[])
    whole = sum(piece.duration for piece in parts) or length
    with transaction.atomic():
        ListeningPosition.objects.get_or_create(session=session, user=user)
        place = ListeningPosition.objects.select_for_update().get(session=session, user=user)
        place.second = min(max(second, 0.0), length)
        place.channel = channel
        place.heard = heard.add(bytes(place.heard), ranges, math.ceil(length))
        place.heard_s = heard.seconds(place.heard)
        place.heard_share = min(1.0, place.heard_s / whole) if whole else 0.0
        place.updated_at = timezone.now()
        place.save()
    return place


def per_side(session: Session) -> list[Figure]:
    """The measurements that there are of the agent and of the customer."""
    found = _figures(session)
    return [
        Figure(
            label,
            kind,
            tuple(found.get(f"{side}_{name}") for side in ("agent", "customer")),
            tuple(DEFINITIONS[f"{side}_{name}"] for side in ("agent", "customer")),
        )
        for label, name, kind in _PER_SIDE
        if any(f"{side}_{name}" in found for side in ("agent", "customer"))
    ]


def of_all(session: Session) -> list[Figure]:
    """The measurements that there are of the call as a whole."""
    found = _figures(session)
    return [
        Figure(label, kind, (found[name],), (DEFINITIONS[name],))
        for label, name, kind in _OF_ALL
        if name in found
    ]


def channel_check(session: Session) -> tuple[str, str]:
    """The verdict's word and what it means, shifts included; empty where nothing was compared."""
    told = _check(session)
    if not told:
        return "", ""
    sentence = _VERDICTS.get(told["verdict"], "")
    shifts = [
        f"the {side} comes {abs(shift)} ms {'later' if shift > 0 else 'earlier'}"
        for side in ("agent", "customer")
        if abs(shift := told.get(f"{side}_shift_ms") or 0) >= _LEAST_SHIFT_MS
    ]
    if shifts:
        sentence += f" In the mixed file {' and '.join(shifts)}."
    return told["verdict"], sentence


def _placed(session: Session, recordings: Iterable[Recording]) -> dict[str, list[timeline.Piece]]:
    """Every part of the call, playable or not: the others stand where they do because of it."""
    return timeline.pieces(session, list(recordings))


def _that_are_ready(placed: dict[str, list[timeline.Piece]]) -> dict[str, list[timeline.Piece]]:
    ready = {
        channel: [piece for piece in found if piece.recording.state.may_have_audio]
        for channel, found in placed.items()
    }
    return {channel: found for channel, found in ready.items() if found}


def _figures(session: Session) -> dict[str, float]:
    figures = getattr(session, "figures", None)
    return figures.figures if figures else {}


def _check(session: Session) -> dict:
    figures = getattr(session, "figures", None)
    return figures.channel_check if figures else {}


def _piece(piece: timeline.Piece, downloads: bool) -> dict:
    recording_id = piece.recording.kallglot_id
    # Safari chooses its decoder by the end of the address.
    ending = piece.recording.kind if piece.recording.kind in ("mp3", "wav") else ""
    problem = piece.recording.problem
    return {
        "url": reverse("audio", args=[recording_id]) + (ending and f".{ending}"),
        "waveform": reverse("waveform", args=[recording_id]),
        "download": reverse("download", args=[recording_id]) if downloads else "",
        "start": round(piece.start, 3),
        "duration": round(piece.duration, 3),
        **({"problem": problem} if problem else {}),
    }


def _remarks(recording: Recording) -> Iterable[str]:
    """Sentences about a file that is not what Kallglot says of it."""
    name = recording.channel.capitalize()
    if recording.problem:
        yield f"{name}: {recording.problem}"
    if recording.contradicts:
        told, own = (clock.shown(round(s)) for s in (recording.duration, recording.seconds))
        yield f"{name}: Kallglot said {told}, the file holds {own}."


def _why_missing(recordings: list[Recording], channel: str) -> str:
    states = [r.state for r in recordings if r.channel == channel]
    return _REASONS.get(states[0], "it cannot be played") if states else "it was not recorded"
