"""The measurements of a call and the check of its channels, from the lanes made so far."""

import logging
import zlib
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone

from recordings.audio import channel_check
from recordings.audio.measurements import SIDES, Part
from recordings.audio.measurements import measure as figures_of
from recordings.models import CallFigures, Lanes, LanesState, RecordingState, Session

from . import listening

log = logging.getLogger(__name__)

LEGS, MIXED, ONE_LANE, ONE_LEG = _RICHEST_FIRST = "legs", "mixed", "one lane", "one leg"

_ROUNDED_S = 1.0
_MEASURED = (RecordingState.READY, RecordingState.PROCESSING, RecordingState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Channel:
    """The recordings of one channel: several where the call was paused.

    lanes: of those that were analysed, in the order of the recordings. complete: all of them.
    settled: none waits for its analysis.
    """

    lanes: list[Lanes]
    complete: bool
    settled: bool


def measure(session: Session, fresh: Lanes | None = None) -> CallFigures | None:
    """Work out the figures of `session` and store them; None while there is nothing to go by.

    fresh: lanes that were made, and become ready with the figures.

    Taken are the agent's and the customer's own recordings where both were analysed, else the
    mixed one, else the one leg there is. Doing it again changes nothing, nor does what is left
    when a part of the sound is over.
    """
    before = CallFigures.objects.filter(session=session).first()
    channels = _channels(session, fresh)
    kept = _check(channels) or _still_told(before, channels["mixed"])
    source, parts = _parts(channels, kept)
    if not parts:
        return before
    figures = figures_of(parts)
    facts = {
        "measured_at": timezone.now(),
        "channel_check": asdict(kept) if kept else {},
        "outdated": False,
    }
    is_news = not (
        before and _is_less(before, source, figures.duration_s) and _is_partly_over(session)
    )
    if is_news:
        facts |= {"source": source, "figures": figures.figures()}
    with transaction.atomic():
        stored, _ = CallFigures.objects.update_or_create(session=session, defaults=facts)
        if is_news:
            Session.objects.filter(pk=session.pk).update(
                longest_silence_s=figures.longest_silence_s,
                overlap_share=figures.overlap_share,
                agent_talk_share=figures.agent_share,
            )
        if all(channel.settled for channel in channels.values()):
            # Nothing is left to compare.
            Lanes.objects.filter(recording__session=session).update(levels=b"")
    return stored


def measure_anew(most: int) -> bool:
    """Measure up to `most` calls whose figures are outdated; whether there are any left.

    What was measured is kept as it is where that sound, or a part of it, is not known any more.
    """
    outdated = CallFigures.objects.filter(outdated=True).select_related("session").order_by("pk")
    found = list(outdated[: most + 1])
    for before in found[:most]:
        try:
            _measure_again(before)
        except Exception:
            # What was measured before is kept; the next call is not kept waiting.
            log.exception("%s could not be measured again", before.session.kallglot_id)
            CallFigures.objects.filter(pk=before.pk).update(outdated=False)
    return len(found) > most


def _measure_again(before: CallFigures) -> None:
    source, parts = _parts(_channels(before.session), _told(before))
    length = figures_of(parts).duration_s
    if (source, length) == (before.source, before.figures["duration_s"]):
        measure(before.session)
    else:
        CallFigures.objects.filter(pk=before.pk).update(outdated=False)


def lacking_levels(fresh: Lanes) -> list[Lanes]:
    """The lanes that `fresh` is to be compared with and whose levels are not kept any more.

    That is so where a file came, or was made anew, after the others had been compared.
    """
    channels = _channels(fresh.recording.session, fresh)
    firsts = [channel.lanes[0] for channel in channels.values() if channel.complete]
    if fresh not in firsts or not channels["mixed"].complete:
        return []
    return [lanes for lanes in firsts if not lanes.levels]


def _is_less(before: CallFigures, source: str, duration_s: float) -> bool:
    """Whether that is less sound than what was measured before, or tells less of it."""
    rank = _RICHEST_FIRST.index
    shorter = duration_s < before.figures.get("duration_s", 0.0) - _ROUNDED_S
    return shorter or rank(source) > rank(before.source)


def _is_partly_over(session: Session) -> bool:
    over = (RecordingState.EXPIRED, RecordingState.MISSING)
    return any(recording.state in over for recording in session.recordings.all())


def _still_told(before: CallFigures | None, mixed: _Channel) -> channel_check.ChannelCheck | None:
    """What was told of the mixed file, unless that was made anew since."""
    if before and mixed.lanes and mixed.lanes[0].analysed_at > before.measured_at:
        return None
    return _told(before)


def _told(before: CallFigures | None) -> channel_check.ChannelCheck | None:
    if before is None or not before.channel_check:
        return None
    return channel_check.ChannelCheck(**before.channel_check)


def _channels(session: Session, fresh: Lanes | None = None) -> dict[str, _Channel]:
    return {name: _channel(session, name, fresh) for name in (*SIDES, "mixed")}


def _channel(session: Session, name: str, fresh: Lanes | None) -> _Channel:
    found = session.recordings.filter(channel=name).in_order().select_related("lanes")
    recordings = [r for r in found if r.state in _MEASURED]
    rows = [getattr(recording, "lanes", None) for recording in recordings]
    current = [
        row if row and row.key == listening.key(recording) else None
        for row, recording in zip(rows, recordings, strict=True)
    ]
    ready = [row for row in current if row and (row.state == LanesState.READY or row == fresh)]
    return _Channel(
        lanes=ready,
        complete=bool(recordings) and len(ready) == len(recordings),
        settled=all(row and (row.state != LanesState.WANTED or row == fresh) for row in current),
    )


def _parts(
    channels: dict[str, _Channel], check: channel_check.ChannelCheck | None
) -> tuple[str, list[Part]]:
    """What to measure, and its name."""
    agent, customer = (channels[side] for side in SIDES)
    mixed = channels["mixed"]
    verdict = check.verdict if check else ""
    legs = agent.complete and customer.complete and len(agent.lanes) == len(customer.lanes)
    if legs and verdict not in ("alike", "one sound"):
        pairs = zip(agent.lanes, customer.lanes, strict=True)
        return LEGS, [
            Part(
                max(lanes.duration_ms for lanes in pair),
                {side: _voice(lanes) for side, lanes in zip(SIDES, pair, strict=True)},
            )
            for pair in pairs
        ]
    if mixed.complete:
        two = all(lanes.count == 2 for lanes in mixed.lanes)
        if two and verdict not in ("duplicate", "one sound"):
            sides = SIDES[::-1] if verdict == "swapped" else SIDES
            return MIXED, [
                Part(lanes.duration_ms, dict(zip(sides, lanes.spans, strict=True)))
                for lanes in mixed.lanes
            ]
        return ONE_LANE, [
            Part(lanes.duration_ms, {"mixed": _voice(lanes)}) for lanes in mixed.lanes
        ]
    if legs:
        return ONE_LANE, [
            Part(lanes.duration_ms, {"mixed": _voice(lanes)}) for lanes in agent.lanes
        ]
    for side in SIDES:
        if channels[side].complete:
            own = channels[side].lanes
            return ONE_LEG, [Part(lanes.duration_ms, {side: _voice(lanes)}) for lanes in own]
    return "", []


def _voice(lanes: Lanes) -> list:
    """The speech in a file of one voice; a leg in stereo has it on either side."""
    return max(lanes.spans, key=lambda spans: sum(end - start for start, end in spans), default=[])


def _check(channels: dict[str, _Channel]) -> channel_check.ChannelCheck | None:
    """The check of the first part, None where there is nothing to compare any more, or yet."""
    mixed = _levels(channels["mixed"])
    sides = {side: _levels(channels[side]) for side in SIDES}
    legs = {side: max(levels, key=sum) for side, levels in sides.items() if levels}
    left, right = mixed if len(mixed) == 2 else (b"", b"")
    found = channel_check.check(left, right, **legs)
    # Without anything to compare with, "unknown" says nothing.
    return found if (left and legs) or found.verdict != "unknown" else None


def _levels(channel: _Channel) -> list[bytes]:
    """The levels of each lane of the first part; none where they were not kept."""
    if not channel.complete or not channel.lanes[0].levels:
        return []
    first = channel.lanes[0]
    levels = zlib.decompress(first.levels)
    length = len(levels) // first.count
    return [levels[lane * length : (lane + 1) * length] for lane in range(first.count)]
