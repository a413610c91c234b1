"""Until when Kallglot keeps recordings, and whether it still does.

The newer API lists recordings without `expires_at`, `size` and `channel`; only the response about
one recording has them. They are asked for once, and again with each check. A call of which all is
known is checked at about half of its recordings' lifetime and about a day before they expire, so
an early deletion at Kallglot is noticed without a user; pruning then deletes our copy.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from recordings.kallglot import errors, types
from recordings.models import Lanes, Lease, Recording, Session

from . import listening, schedule, sync, urgency, vendor, work_round

log = logging.getLogger(__name__)

# What was listed so lately is not listed again for a check.
_LISTED_LATELY = timedelta(minutes=1)


class _Checks(work_round.Round[Session]):
    name = "retention"

    def next_item(self, resting: QuerySet) -> Session | None:
        if urgency.more_urgent_work():
            return None
        return _planned(resting).filter(next_check_at__lte=timezone.now()).first()

    def next_at(self, resting: QuerySet):
        return _planned(resting).values_list("next_check_at", flat=True).first()

    def work(self, session: Session, lease: Lease) -> None:
        try:
            _check(session)
        except schedule.RETRY_LATER:
            raise
        except errors.KallglotError as error:
            log.warning("%s could not be checked: %s", session.kallglot_id, error.reason)
            Session.objects.filter(pk=session.pk).update(
                next_check_at=schedule.after_failed_check(session, error)
            )

    def give_up(self, session: Session) -> None:
        Session.objects.filter(pk=session.pk).update(next_check_at=None)


_ROUND = _Checks()


def check_due() -> float | None:
    """Check the calls whose time has come; see `Round.run` for what is returned."""
    return _ROUND.run()


def _planned(resting: QuerySet) -> QuerySet:
    planned = Session.objects.exclude(next_check_at=None).exclude(pk__in=resting)
    return planned.order_by("next_check_at", "pk")


def _check(session: Session) -> None:
    begun_at = timezone.now()
    if session.refreshed_at is None or session.refreshed_at < begun_at - _LISTED_LATELY:
        try:
            sync.refresh(session.kallglot_id, background=True)
        except (errors.NotFound, errors.Gone):
            sync.mark_erased(session)
            return
    for recording in _without_details(session, begun_at):
        _ask_about(recording)
    session.refresh_from_db()
    session.summarise()
    session.next_check_at = schedule.next_check(session.recordings.all())
    session.save(update_fields=["next_check_at"])


def _without_details(session: Session, begun_at: datetime) -> list[Recording]:
    """The recordings whose expiry the list does not tell."""
    never_asked = Q(expires_at=None, details_at=None)
    # Asked before, so it is this list that does not tell it.
    asked_before = Q(details_at__lt=begun_at - _LISTED_LATELY)
    # The same recordings as `schedule.next_check` plans for, or the call would stay due.
    asked_about = session.recordings.filter(never_asked | asked_before)
    return [recording for recording in asked_about if recording.state.may_have_audio]


def _ask_about(recording: Recording) -> None:
    mine = Recording.objects.filter(pk=recording.pk)
    now = timezone.now()
    try:
        told = vendor.client(background=True).recording(recording.kallglot_id)
    except (errors.NotFound, errors.Gone):
        mine.update(gone_since=now, details_at=now)
    except errors.KallglotError as error:
        if not schedule.is_permanent(error):
            raise
        mine.update(details_at=now)
    else:
        mine.update(details_at=now, **_details(recording, told))


def _details(recording: Recording, told: types.Recording) -> dict:
    """The columns that the list left empty; `expires_at` as Kallglot reports it now."""
    found = {
        "expires_at": told.expires_at,
        "sample_rate": told.sample_rate or recording.sample_rate,
        "bit_depth": told.bit_depth or recording.bit_depth,
    }
    if told.channel in types.CHANNELS:
        found["channel"] = told.channel
    if recording.size is None and not _is_in_use(recording):
        found["size"] = told.size
    return found


def _is_in_use(recording: Recording) -> bool:
    """Whether there is something under the name that the size is a part of (`listening.key`)."""
    entry = listening.relay().store.entry(listening.key(recording))
    return entry.audio.exists() or Lanes.objects.filter(recording=recording).exists()
