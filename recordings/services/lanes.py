"""Peaks and speech of recordings, and the measurements of calls: made once, by the worker.

A wish is a row (`Lanes`, wanted); a lost job therefore only makes it later.
"""

import gzip
import logging
import zlib
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from recordings.audio.analysis import Analysis
from recordings.audio.apart import analyse_apart
from recordings.audio.decode import Undecodable
from recordings.audio.store import StorageFailed
from recordings.audio.waveform import pack
from recordings.kallglot import errors
from recordings.models import Lanes, LanesState, Lease, Recording

from . import figures, listening, prefetching, schedule, work_round

log = logging.getLogger(__name__)

_NOT_TO_BE_HAD = (Undecodable, listening.NotPlayable, errors.KallglotError, StorageFailed)
_MOST_ATTEMPTS = 6
# While somebody else's download of the file is under way, there is no use in waiting for it here.
_LOOK_AGAIN = timedelta(seconds=2)
_STORAGE_WAIT = timedelta(minutes=1)
_PLAYED_LATELY = timedelta(days=1)
NOT_ALLOWED = "Your Kallglot key may not read this recording."
NOT_FETCHED = "The audio could not be fetched from Kallglot."
_UNREADABLE = "The portal could not read its copy of the audio."
_OUR_FAULT = "The portal failed on this file; its log says why."
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
        except Exception:
            log.exception("%s is not compared", other.recording.kallglot_id)
        else:
            Lanes.objects.filter(pk=other.pk, key=other.key).update(levels=levels)


class _Analyses(work_round.Round[Lanes]):
    """The wishes, then some calls whose measurements are outdated."""

    name = "lanes"

    def prepare(self) -> None:
        _want_what_is_here()

    def next_item(self, resting: QuerySet) -> Lanes | None:
        return _due(resting).first()

    def next_at(self, resting: QuerySet):
        wanted = Lanes.objects.filter(state=LanesState.WANTED).exclude(pk__in=resting)
        return wanted.order_by("next_at").values_list("next_at", flat=True).first()

    def work(self, lanes: Lanes, lease: Lease) -> None:
        _attempt(lanes)

    def give_up(self, lanes: Lanes) -> None:
        lanes.give_up(_OUR_FAULT)

    def finish(self) -> float | None:
        return _NEXT_ROUND_S if figures.measure_anew(_ANEW_PER_ROUND) else None


_ROUND = _Analyses()


def analyse_wanted() -> float | None:
    """Work off the wishes, one at a time, then measure some calls again where that is due.

    See `Round.run` for what is returned.
    """
    return _ROUND.run()


def forget_expired() -> int:
    """Delete what was found in recordings that have expired or are gone; the figures stay."""
    over = Q(recording__expires_at__lte=timezone.now()) | Q(recording__gone_since__isnull=False)
    number, _ = Lanes.objects.filter(over).delete()
    return number


def _due(resting: QuerySet) -> QuerySet:
    """The wishes whose time has come, the oldest first."""
    wanted = Lanes.objects.filter(state=LanesState.WANTED, next_at__lte=timezone.now())
    return (
        wanted.exclude(pk__in=resting)
        .select_related("recording__session")
        .order_by("wanted_at", "pk")
    )


def _attempt(lanes: Lanes) -> None:
    """Analyse one; whatever happens, it is no longer due."""
    recording = lanes.recording
    now = timezone.now()
    if not recording.state.may_have_audio:
        # Whoever asks again, when there is audio again, makes a new wish.
        lanes.delete()
        return
    if listening.relay().store.is_being_filled(listening.key(recording)):
        lanes.put_off(now + _LOOK_AGAIN, failed=False)
        return
    try:
        analyse(recording)
    except schedule.RETRY_LATER:
        raise
    except listening.NotPlayable:
        lanes.delete()
    except errors.KallglotError as error:
        # A 404 may come too early.
        is_final = schedule.is_permanent(error) and not isinstance(error, errors.NotFound)
        if isinstance(error, errors.NotAllowed):
            lanes.give_up(NOT_ALLOWED)
        elif is_final or lanes.attempts + 1 >= _MOST_ATTEMPTS:
            lanes.give_up(NOT_FETCHED)
        else:
            lanes.put_off(now + schedule.failure_delay(lanes.attempts), failed=True)
    except (StorageFailed, OSError) as error:
        log.warning("%s could not be analysed: %s", recording.kallglot_id, error)
        if isinstance(error, OSError) and lanes.attempts + 1 >= _MOST_ATTEMPTS:
            # The folder works, so it is this file.
            lanes.give_up(_UNREADABLE)
        else:
            lanes.put_off(now + _STORAGE_WAIT, failed=True)
    except Exception:
        if not _is_here(recording):
            # Another attempt would download the file again, and nothing says that this helps.
            lanes.give_up(_OUR_FAULT)
        raise


def _want_what_is_here() -> None:
    """What was played lately or prefetched, and is here as a whole, is analysed unasked."""
    now = timezone.now()
    prefetched = Q(prefetch__outcome=prefetching.FETCHED)
    played = Q(access__last_at__gte=now - _PLAYED_LATELY)
    unknown = Recording.objects.with_audio().filter(prefetched | played, lanes=None)
    for recording in unknown.distinct():
        if _is_here(recording):
            want(recording)


def _is_here(recording: Recording) -> bool:
    return listening.relay().store.entry(listening.key(recording)).audio.is_file()


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
