"""The worker's round: calls that are due for a refresh, one after the other."""

import logging

from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Lease, Session

from . import schedule, sync

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 5.0
# Rounds come by themselves every minute; what is due sooner is worth one in between.
_WORTH_A_ROUND_S = 60.0


def refresh_due() -> float | None:
    """Refresh calls whose time has come; the seconds after which another round is worth it.

    None: the next usual round is soon enough. Every call keeps its due time until its refresh is
    stored, so whoever is killed here loses nothing.
    """
    lease = Lease.take("refreshing")
    if lease is None:
        # Whoever holds it may have looked a moment too early to see what is due for us.
        session = _next()
        return _LOOK_AGAIN_S if session and session.next_refresh_at <= timezone.now() else None
    with lease:
        # One by one, so that a webhook's call waits for one refresh and not for the whole round.
        while (session := _next()) and session.next_refresh_at <= timezone.now():
            if not lease.prolong():
                return None
            wait_s = _refresh(session)
            if wait_s is not None:
                return wait_s
        if session is None:
            return None
        wait_s = (session.next_refresh_at - timezone.now()).total_seconds()
        return max(1.0, wait_s) if wait_s < _WORTH_A_ROUND_S else None


def _next() -> Session | None:
    """The call that is due first, now or later."""
    return Session.objects.exclude(next_refresh_at=None).order_by("next_refresh_at", "pk").first()


def _refresh(session: Session) -> float | None:
    """Refresh one call; the seconds to wait when Kallglot cannot be asked now."""
    try:
        sync.refresh(session.kallglot_id, background=True)
    except schedule.NOT_NOW as error:
        return schedule.wait_after(error)
    except errors.NotFound:
        _forget_or_settle(session)
    except errors.KallglotError as error:
        log.warning("%s could not be refreshed: %s", session.kallglot_id, error.reason)
        schedule.after_failure(session)
    return None


def _forget_or_settle(session: Session) -> None:
    """Kallglot does not know this call. A webhook may be ahead of the API by a while, so an id
    that was never answered for is asked about again before it is dropped; a real call is kept.
    """
    if session.refreshed_at is not None or session.recordings.exists():
        Session.objects.filter(pk=session.pk).update(next_refresh_at=None)
    elif not schedule.after_not_found(session):
        session.delete()
