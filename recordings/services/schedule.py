"""When the worker is to look at a call again: soon while more is to come, later and then not."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from recordings.kallglot import errors
from recordings.kallglot.gate import FAILURES_TO_PAUSE, pause_after
from recordings.models import CallState, Recording, RecordingState, Session

RETRY_LATER = (
    errors.Paused,
    errors.RateLimited,
    errors.AccountRefused,
    errors.ConnectFailed,
)
"""These say something about the connection, not about one call: the worker waits."""

# Delays between looks at a call of which recordings are still to come; the last one repeats.
_WHILE_PENDING = tuple(
    timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300, 600, 900, 3600)
)
# Somebody may still be waiting for a call that ended less than so long ago.
_SOON_AFTER_END, _AT_MOST_SOON_AFTER_END = timedelta(hours=4), timedelta(minutes=15)
_GIVE_UP_PENDING_AFTER = timedelta(hours=24)
# A call in progress: its end is told by a webhook, and found out in this time if that is lost.
# By its age: hardly any call lasts a day, and what Kallglot never ended is no news after a week.
_WHILE_ACTIVE = (
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=1)),
)
# An empty call is one that was, or may have been, recorded; the others are NEVER_RECORDED.
_MORE_TO_COME = (CallState.PROCESSING, CallState.EMPTY, CallState.UNCLEAR)
# In a partly ready call: of what failed, expired or is not listed any more, nothing comes.
_STILL_TO_COME = (RecordingState.PROCESSING, RecordingState.UNKNOWN)
_AFTER_FAILED_CHECK = timedelta(hours=1)
_LAST_CHECK = timedelta(hours=24)
_CHECK_WITHOUT_EXPIRY = timedelta(days=30)
_GIVE_UP_FAILING_AFTER = timedelta(days=7)
_AFTER_FAILURE = timedelta(seconds=30)
_AFTER_FAILURE_AT_MOST = timedelta(hours=1)
# A webhook told of a call that the API does not know: the first and the longest wait.
_WHILE_NOT_FOUND = (timedelta(minutes=1), timedelta(hours=1))
_GIVE_UP_NOT_FOUND_AFTER = timedelta(hours=24)


def after_refresh(session: Session, asked_at: datetime | None = None) -> None:
    """Decide, from what a refresh found, when the next one is due; None: not by itself.

    asked_at: when Kallglot was asked. A call that has become due since then, by a webhook, stays
    due: the answer may be older than what the webhook told of.
    """
    now = timezone.now()
    session.next_check_at = next_check(session.recordings.all())
    session.save(update_fields=["next_check_at"])
    due = session.next_refresh_at
    if asked_at and due and asked_at <= due <= now:
        return
    attempts, delay = 0, None
    if session.call_state is CallState.ACTIVE:
        delay = _while_active(now - session.sort_at)
    elif _has_more_to_come(session):
        delay = _while_pending(now - (session.ended_at or session.sort_at), session)
        attempts = session.refresh_attempts + 1 if delay else 0
    session.refresh_attempts = attempts
    session.next_refresh_at = now + delay if delay else None
    session.save(update_fields=["refresh_attempts", "next_refresh_at"])


def next_check(recordings: Iterable[Recording]) -> datetime | None:
    """When to check again whether Kallglot still keeps these `recordings`; None: never.

    At once where the expiry of one of them is still unknown. Each recording has its own
    moments, so calls of one hour are not all checked in the same minute.
    """
    now = timezone.now()
    moments: list[datetime] = []
    for recording in recordings:
        if not recording.state.may_have_audio:
            continue
        if recording.expires_at is None:
            unknown = recording.details_at is None
            moments.append(now if unknown else now + scattered(_CHECK_WITHOUT_EXPIRY))
            continue
        spread = random.Random(recording.pk)  # noqa: S311  (no secret)
        lifetime = recording.expires_at - (recording.created_at or recording.first_seen)
        moments += [
            recording.expires_at - lifetime * spread.uniform(0.45, 0.55),
            recording.expires_at - _LAST_CHECK * spread.uniform(1, 1.25),
        ]
    return min((moment for moment in moments if moment >= now), default=None)


def after_failed_check(session: Session, error: errors.KallglotError) -> datetime | None:
    """When to check again after `error`: within the hour, but not for more than a week.

    After that, and where Kallglot refuses this call, at the next moment of `next_check`.
    """
    now = timezone.now()
    if not is_permanent(error) and not _has_failed_too_long(session):
        return now + scattered(_AFTER_FAILED_CHECK)
    planned = next_check(session.recordings.all())
    if planned and planned < now + _AFTER_FAILED_CHECK:
        return now + scattered(_CHECK_WITHOUT_EXPIRY)
    return planned


def after_failure(session: Session, error: errors.KallglotError) -> None:
    """Kallglot could not be asked about this call: try again, ever later, for a week.

    An error that concerns this call for good ends that at once.
    """
    now = timezone.now()
    if is_permanent(error) or _has_failed_too_long(session):
        session.next_refresh_at = None
    else:
        session.next_refresh_at = now + failure_delay(session.refresh_attempts)
    session.refresh_attempts += 1
    session.save(update_fields=["refresh_attempts", "next_refresh_at"])


def after_not_found(session: Session) -> bool:
    """Kallglot does not know this call yet: try again, and whether that is still worth it.

    The wait is as long as the call has been waited for, so each try doubles it; it does not go
    by a count of tries, which every further webhook would begin anew.
    """
    now = timezone.now()
    waited = now - session.first_seen
    if waited >= _GIVE_UP_NOT_FOUND_AFTER:
        return False
    shortest, longest = _WHILE_NOT_FOUND
    session.next_refresh_at = now + min(max(waited, shortest), longest)
    session.save(update_fields=["next_refresh_at"])
    return True


def failure_delay(attempts: int) -> timedelta:
    """The wait after the failure that followed `attempts` others: doubled each time, at most an
    hour, and never the same for many that failed together.
    """
    return scattered(min(_AFTER_FAILURE * 2 ** min(attempts, 10), _AFTER_FAILURE_AT_MOST))


def scattered(delay: timedelta) -> timedelta:
    """`delay`, a quarter longer or shorter at most: many that wait alike come back apart."""
    return delay * random.uniform(0.75, 1.25)  # noqa: S311  (no secret)


def wait_after(error: errors.KallglotError) -> float:
    """Seconds to wait after one of RETRY_LATER."""
    return max(1.0, error.retry_after or pause_after(error, FAILURES_TO_PAUSE))


def is_permanent(error: errors.KallglotError) -> bool:
    """Whether the same request is sure to get the same response: 403, 404, 410, 400, 422, ..."""
    if isinstance(error, errors.NotFound | errors.Gone | errors.NotAllowed):
        return True
    return isinstance(error, errors.BadAnswer) and 400 <= (error.status or 0) <= 499


def concerns_all(error: errors.KallglotError) -> bool:
    """Whether after `error` no request is sent for a while, whatever it is about."""
    return isinstance(error, errors.Paused) or pause_after(error, 0) > 0


def at_once(sessions) -> int:
    """Have the worker look at `sessions` (a queryset) as soon as it can; how many there are."""
    return sessions.update(next_refresh_at=timezone.now(), refresh_attempts=0)


def _has_failed_too_long(session: Session) -> bool:
    since = Session.objects.filter(pk=session.pk).values_list("stale_since", flat=True).first()
    return bool(since) and timezone.now() - since > _GIVE_UP_FAILING_AFTER


def _has_more_to_come(session: Session) -> bool:
    if session.call_state is CallState.PARTLY_READY:
        return any(r.state in _STILL_TO_COME for r in session.recordings.all())
    return session.call_state in _MORE_TO_COME


def _while_active(age: timedelta) -> timedelta | None:
    return next((delay for until, delay in _WHILE_ACTIVE if age < until), None)


def _while_pending(since_end: timedelta, session: Session) -> timedelta | None:
    if since_end > _GIVE_UP_PENDING_AFTER:
        return None
    delay = _WHILE_PENDING[min(session.refresh_attempts, len(_WHILE_PENDING) - 1)]
    return min(delay, _AT_MOST_SOON_AFTER_END) if since_end < _SOON_AFTER_END else delay
