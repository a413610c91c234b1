"""Audio fetched before anybody asks for it, where PREFETCH_AUDIO says so.

A recording has its row as soon as it was fetched, so it is never fetched a second time by
itself, whatever was evicted since. One that is killed in the middle has none and begins anew.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.models import AudioPrefetch, Lease, Recording

from . import listening, schedule, work_round

OFF, NEW, ALL = "off", "new", "all"
# A call is new for a day: whoever wants to hear it soon does so by then.
NEW_FOR = timedelta(days=1)
FETCHED = "fetched"
_MOST_ATTEMPTS = 4


class _Prefetches(work_round.Round[Recording]):
    name = "prefetching"

    def __init__(self) -> None:
        self._is_full = False

    def prepare(self) -> None:
        self._is_full = False

    def next_item(self, resting: QuerySet) -> Recording | None:
        return None if self._is_full else _waiting(resting).first()

    def work(self, recording: Recording, lease: Lease) -> None:
        try:
            self._is_full = not _fetch(recording)
        except StorageFailed:
            self._is_full = True

    def give_up(self, recording: Recording) -> None:
        AudioPrefetch.objects.update_or_create(
            recording=recording, defaults={"outcome": work_round.GIVEN_UP, "next_at": None}
        )


_ROUND = _Prefetches()


def fetch_waiting() -> float | None:
    """Fetch what is to be fetched; see `Round.run` for what is returned."""
    return None if settings.PREFETCH_AUDIO == OFF else _ROUND.run()


def _waiting(resting: QuerySet) -> QuerySet:
    """Recordings with audio that were not tried yet, or are to be tried again; newest first."""
    now = timezone.now()
    untried = Q(prefetch=None) | Q(prefetch__next_at__lte=now)
    found = Recording.objects.with_audio().filter(untried).exclude(pk__in=resting)
    found = found.select_related("session", "prefetch")
    if settings.PREFETCH_AUDIO == NEW:
        found = found.filter(session__sort_at__gte=now - NEW_FOR)
    return found.order_by(F("created_at").desc(nulls_last=True), "pk")


def _fetch(recording: Recording) -> bool:
    """Fetch one; False when there is no room for it, nor for any other."""
    is_new = recording.session.sort_at >= timezone.now() - NEW_FOR
    if not is_new and not _has_room(recording.size or 0):
        # A new call may push out the longest unheard, as a listener would; an old one may not.
        return False
    try:
        listening.prefetch(recording)
    except schedule.RETRY_LATER:
        raise
    except (errors.KallglotError, listening.NotPlayable) as error:
        permanent = isinstance(error, errors.KallglotError) and schedule.is_permanent(error)
        # A 404 may come too early.
        final = permanent and not isinstance(error, errors.NotFound)
        _note_failure(recording, getattr(error, "reason", "not_playable"), final=final)
    else:
        AudioPrefetch.objects.update_or_create(
            recording=recording, defaults={"outcome": FETCHED, "next_at": None}
        )
    return True


def _note_failure(recording: Recording, reason: str, *, final: bool) -> None:
    before = AudioPrefetch.objects.filter(recording=recording).first()
    attempts = before.attempts if before else 0
    again = not final and attempts + 1 < _MOST_ATTEMPTS
    AudioPrefetch.objects.update_or_create(
        recording=recording,
        defaults={
            "outcome": reason[:40],
            "attempts": attempts + 1,
            "next_at": timezone.now() + schedule.failure_delay(attempts) if again else None,
        },
    )


def _has_room(size: int) -> bool:
    quota = listening.relay().store.quota
    return not quota.max_bytes or quota.used_bytes() + size <= quota.max_bytes
