"""Peaks and speech of recordings, and the measurements of calls: made once, by the worker.

A wish is a row (`Lanes`, wanted); a lost job therefore only makes it later.
"""

import gzip
import logging
import zlib
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from recordings.audio.analysis import Analysis
from recordings.audio.apart import analyse_apart
from recordings.audio.decode import Undecodable
from recordings.audio.store import StorageFailed
from recordings.audio.waveform import pack
from recordings.kallglot import errors
from recordings.models import Lanes, LanesState, Lease, Recording, RecordingState

from . import figures, listening, prefetching, schedule

log = logging.getLogger(__name__)

_NOT_TO_BE_HAD = (Undecodable, listening.NotPlayable, errors.KallglotError, StorageFailed)
_MOST_ATTEMPTS = 6
# While somebody else's download of the file is under way, there is no use in waiting for it here.
_LOOK_AGAIN = timedelta(seconds=2)
_STORAGE_WAIT = timedelta(minutes=1)
_PLAYED_LATELY = timedelta(days=1)
# Rounds come by themselves every minute; what is due sooner is worth one in between.
_WORTH_A_ROUND = timedelta(minutes=1)
# Calls whose figures are outdated wait behind those that somebody wants to see now.
_ANEW_PER_ROUND = 100
_NEXT_ROUND_S = 1.0


def want(recording: Recording) -> tuple[Lanes, bool]:
    """The lanes of `recording` as its file is now, and whether the wish for them is new.

    They may be ready, impossible, or waiting for the worker.
    """
    key = listening.key(recording)
    lanes = Lanes.objects.filter(recording=recording).first()
    if lanes and lanes.key == key:
        return lanes, False
    fresh = {
        field.name: field.get_default()
        for field in Lanes._meta.concrete_fields
        if field.name not in ("id", "recording")
    }
    lanes, _ = Lanes.objects.update_or_create(recording=recording, defaults={**fresh, "key": key})
    return lanes, True


def analyse(recording: Recording) -> Lanes:
    """Make the lanes of `recording` from its whole file, which is fetched if it is not here.

    Does nothing where they are made already, or cannot be. Raises NotPlayable,
    `errors.KallglotError`, StorageFailed, and OSError when the file cannot be read.
    """
    lanes, _ = want(recording)
    if lanes.state != LanesState.WANTED:
        return lanes
    try:
        found = _find(recording)
    except Undecodable as error:
        lanes.give_up(str(error))
        figures.measure(recording.session)
    else:
        _keep(lanes, found)
        _bring_levels_back(lanes)
        # Whoever learns that the waveform is ready asks for the figures at once, and only then.
        figures.measure(recording.session, lanes)
        lanes.make_ready()
    return lanes


def _find(recording: Recording) -> Analysis:
    whole = listening.fetch(recording)
    try:
        return analyse_apart(whole.file_at(0))
    finally:
        whole.close()


def _bring_levels_back(fresh: Lanes) -> None:
    """Make those anew that `fresh` is to be compared with; without them nothing is told."""
    for other in figures.lacking_levels(fresh):
        try:
            levels = _levels(_find(other.recording))
        except (*_NOT_TO_BE_HAD, OSError) as error:
            log.warning("%s is not compared: %s", other.recording.kallglot_id, error)
        else:
            Lanes.objects.filter(pk=other.pk, key=other.key).update(levels=levels)


def analyse_wanted() -> float | None:
    """Work off the wishes, one at a time, then measure some calls anew where that is due.

    Returns the seconds after which another round is worth it; None: the next usual round is soon
    enough, or another worker is at it.
    """
    lease = Lease.take("lanes")
    if lease is None:
        # Whoever holds it may have looked a moment too early to see the newest wish.
        return _LOOK_AGAIN.total_seconds() if _due().exists() else None
    with lease:
        _want_what_is_here()
        while lanes := _due().first():
            if not lease.prolong():
                return None
            try:
                with lease.kept():
                    _attempt(lanes)
            except schedule.NOT_NOW as error:
                return schedule.wait_after(error)
        if figures.measure_anew(_ANEW_PER_ROUND):
            return _NEXT_ROUND_S
    soon = Lanes.objects.filter(
        state=LanesState.WANTED, next_at__lt=timezone.now() + _WORTH_A_ROUND
    ).order_by("next_at")
    if first := soon.first():
        return max(1.0, (first.next_at - timezone.now()).total_seconds())
    return None


def forget_expired() -> int:
    """Delete what was found in recordings that have expired or are gone; the figures stay."""
    over = Q(recording__expires_at__lte=timezone.now()) | Q(recording__gone_since__isnull=False)
    number, _ = Lanes.objects.filter(over).delete()
    return number


def _due():
    """The wishes whose time has come, the oldest first."""
    wanted = Lanes.objects.filter(state=LanesState.WANTED, next_at__lte=timezone.now())
    return wanted.select_related("recording__session").order_by("wanted_at", "pk")


def _attempt(lanes: Lanes) -> None:
    """Analyse one; whatever happens, it is no longer due."""
    recording = lanes.recording
    now = timezone.now()
    if recording.state is not RecordingState.READY:
        # Whoever asks again, when there is audio again, makes a new wish.
        lanes.delete()
        return
    if listening.relay().store.is_being_filled(listening.key(recording)):
        lanes.put_off(now + _LOOK_AGAIN, failed=False)
        return
    try:
        analyse(recording)
    except schedule.NOT_NOW:
        raise
    except listening.NotPlayable:
        lanes.delete()
    except errors.KallglotError as error:
        if isinstance(error, errors.Gone) or lanes.attempts + 1 >= _MOST_ATTEMPTS:
            lanes.give_up("The audio could not be fetched from Kallglot.")
        else:
            lanes.put_off(now + schedule.failure_delay(lanes.attempts), failed=True)
    except (StorageFailed, OSError) as error:
        log.warning("%s could not be analysed: %s", recording.kallglot_id, error)
        lanes.put_off(now + _STORAGE_WAIT, failed=True)


def _want_what_is_here() -> None:
    """What was played lately or prefetched, and is here as a whole, is analysed unasked."""
    now = timezone.now()
    prefetched = Q(prefetch__outcome=prefetching.FETCHED)
    played = Q(access__last_at__gte=now - _PLAYED_LATELY)
    unknown = Recording.objects.filter(lanes=None, status="ready", gone_since=None)
    store = listening.relay().store
    for recording in unknown.filter(prefetched | played).exclude(expires_at__lte=now).distinct():
        if store.entry(listening.key(recording)).audio.is_file():
            want(recording)


def _keep(lanes: Lanes, found: Analysis) -> None:
    packed = pack(found.peaks, found.spans, found.duration_ms)
    lanes.keep(
        count=len(found.peaks),
        duration_ms=found.duration_ms,
        cut=found.cut,
        # The time of compression stays out, so that the same sound is the same bytes.
        waveform=gzip.compress(packed, 9, mtime=0),
        spans=[[list(span) for span in lane] for lane in found.spans],
        levels=_levels(found),
    )


def _levels(found: Analysis) -> bytes:
    return zlib.compress(b"".join(found.levels))
