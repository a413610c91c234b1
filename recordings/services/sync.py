"""Kallglot's facts into our rows: the one way by which a call becomes known or newer.

Vendor calls happen first and outside any transaction; then one short transaction writes what
they told. Doing it twice changes nothing.
"""

from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from kallglot_portal.database import little_patience
from recordings.kallglot import errors, types
from recordings.models import Recording, RecordingState, Session, SessionState

from . import columns, schedule, searching, transcripts, vendor

# While something is still to come, the list is asked again after seconds, else minutes.
FRESH_WHILE_PENDING = timedelta(seconds=5)
FRESH_WHEN_SETTLED = timedelta(minutes=10)
# Kallglot needs "typically a few seconds" after a call's end to list its recordings.
SETTLING_AFTER_END = timedelta(minutes=10)
# The clocks of our own processes differ by less.
_MOST_AHEAD = timedelta(minutes=1)
# Words of either generation for a call that has not ended.
_IN_PROGRESS = ("created", "connecting", "active")
# A page looks again after as long as a list stays fresh, by a clock that is not ours.
_A_LITTLE_EARLY = timedelta(seconds=1)

# Answers about one session, or about its list, that leave the other worth asking for. The later
# ones say more where both were refused.
_ABOUT_ONE_THING = (errors.NotFound, errors.Gone, errors.NotReady, errors.NotAllowed)


def open_call(kallglot_id: str, user=None, *, background: bool = False) -> Session:
    """Make the call behind a `sess_…` or `rec_…` id known, and return it.

    user: sees this call, or None for one who sees all. A known call that `user` may not see is
    treated as one that does not exist, with the same requests to Kallglot: `errors.NotFound`, or
    the error of those requests.
    background: nobody waits for it, see `refresh`.
    Raises `errors.KallglotError` when Kallglot does not know it or cannot be asked.
    """
    is_recording = types.RECORDING_ID.fullmatch(kallglot_id)
    known = _known(kallglot_id)
    if known and _may_see(user, known):
        return known
    if is_recording:
        session_id = vendor.client(background=background).recording(kallglot_id).session_id
        if session_id is None or known:
            raise errors.NotFound(status=404)
        known = _known(session_id)
        if known and _may_see(user, known):
            return known
    else:
        session_id = kallglot_id
    if known:
        client = vendor.client(background=background)
        for ask in (client.session, client.recordings):
            _unless_refused(ask, session_id)
        raise errors.NotFound(status=404)
    try:
        return refresh(session_id, background=background)
    except _ABOUT_ONE_THING:
        # Kallglot may have sent the facts of the session, and only its list is refused.
        found = _known(session_id)
        if found is None:
            raise
        return found


def _known(kallglot_id: str) -> Session | None:
    if types.RECORDING_ID.fullmatch(kallglot_id):
        found = Recording.objects.filter(kallglot_id=kallglot_id).select_related("session").first()
        return found and found.session
    return Session.objects.filter(kallglot_id=kallglot_id).first()


def _may_see(user, session: Session) -> bool:
    return user is None or Session.objects.visible_to(user).filter(pk=session.pk).exists()


def refresh_if_due(
    session: Session, *, at_once: bool = False, background: bool = False
) -> errors.KallglotError | None:
    """Refresh `session` in place if it may have changed; the error, if that failed.

    `at_once` is for the refresh button: it skips the waiting time, but still joins a refresh
    that somebody else began a moment ago.
    background: nobody waits for it, see `refresh`.
    """
    wait = timedelta(seconds=1) if at_once else freshness(session)
    if _is_fresh(session, wait):
        return None
    try:
        with little_patience():
            claimed = _claim(session, wait)
        if not claimed:
            return None
    except OperationalError:
        # Somebody holds the database's write lock: reading goes on with what is known.
        return None
    try:
        refresh(session.kallglot_id, background=background)
    except errors.KallglotError as error:
        failure = error
    else:
        failure = None
    session.refresh_from_db()
    return failure


def freshness(session: Session, states: list[RecordingState] | None = None) -> timedelta:
    """How long what we know of `session` may be shown without asking again.

    states: of its recordings, where they are known already.
    """
    if session.state is not SessionState.ENDED:
        return FRESH_WHILE_PENDING
    if states is None:
        states = [recording.state for recording in session.recordings.all()]
    if RecordingState.PROCESSING in states:
        return FRESH_WHILE_PENDING
    just_ended = session.ended_at and timezone.now() - session.ended_at < SETTLING_AFTER_END
    if not states and just_ended and session.recording_enabled is not False:
        return FRESH_WHILE_PENDING
    return FRESH_WHEN_SETTLED


def wish(session: Session) -> bool:
    """Somebody watches `session`: have the worker refresh it now if it may have changed.

    Returns whether the worker is about to; then there may be news in a moment. Whoever makes a
    wish wakes the worker. One that has given up on a call, or fails to refresh it, keeps its pace.
    """
    now, due = timezone.now(), session.next_refresh_at
    if due is None or session.stale_since:
        return False
    if due <= now:
        return due > now - FRESH_WHILE_PENDING
    stale_at = (session.refreshed_at or now) + freshness(session) - _A_LITTLE_EARLY
    if now < stale_at:
        return False
    try:
        with little_patience():
            later = Session.objects.filter(pk=session.pk, next_refresh_at__gt=now)
            return bool(later.update(next_refresh_at=now))
    except OperationalError:
        # A later look may.
        return False


def is_pending(session: Session, states: list[RecordingState] | None = None) -> bool:
    """Whether more is to come for this call soon, so that a page should look again."""
    return freshness(session, states) == FRESH_WHILE_PENDING


def refresh(session_id: str, *, background: bool = False) -> Session:
    """Ask Kallglot for the call and its recordings and store the answer.

    background: nobody waits for it, so people's own calls go first (see `vendor.client`).
    Either answer alone makes a call: a key may read recordings but not sessions, and a session
    without recordings may have no list. Raises `errors.KallglotError`; a call already known then
    keeps its recordings and is marked stale, unless Kallglot was not even asked. Where only the
    list was refused, the facts of the session are stored all the same.
    """
    asked_at = timezone.now()
    known = Session.objects.filter(kallglot_id=session_id).first() if background else None
    try:
        client = vendor.client(background=background)
        call = listed = without_facts = without_list = None
        if not _is_final(known):
            call, without_facts = _unless_refused(client.session, session_id)
        if background and _has_no_recordings_yet(call, known):
            listed = types.RecordingList(session_id=session_id)
        else:
            listed, without_list = _unless_refused(client.recordings, session_id)
        if listed is None and _is_final(known):
            # Only the session tells whether the whole call is gone, or just this list.
            call, without_facts = _unless_refused(client.session, session_id)
        if call is None and listed is None:
            raise max(
                without_facts, without_list, key=lambda error: _ABOUT_ONE_THING.index(type(error))
            )
    except errors.Paused:
        raise
    except errors.KallglotError as error:
        mark_stale(session_id, error.reason)
        raise
    if listed is None:
        if isinstance(without_list, errors.NotFound) and _has_recordings(session_id):
            # The call is there, so its list will be again.
            without_list = errors.NotReady(status=404)
        if not isinstance(without_list, errors.NotFound):
            _store_facts(session_id, call)
            mark_stale(session_id, without_list.reason)
            raise without_list
        listed = types.RecordingList(session_id=session_id)
    return _store(session_id, call, listed, asked_at, without_facts)


def _is_final(known: Session | None) -> bool:
    """Whether Kallglot's facts about the call itself cannot change any more."""
    return bool(known and known.refreshed_at and known.status == "ended" and known.ended_at)


def _has_no_recordings_yet(call: types.Session | None, known: Session | None) -> bool:
    """Whether the call goes on: recordings come to be after its end (docs/kallglot-api.md)."""
    goes_on = call is not None and call.ended_at is None and call.status in _IN_PROGRESS
    return goes_on and not (known and known.recordings.exists())


def mark_erased(session: Session) -> None:
    """Kallglot does not know a call any more that it knew: its recordings are gone as well."""
    now = timezone.now()
    session.recordings.filter(gone_since=None).update(gone_since=now)
    Session.objects.filter(pk=session.pk).update(next_refresh_at=None, next_check_at=None)
    session.refresh_from_db()
    session.summarise()


def _unless_refused(ask, session_id: str):
    """What `ask` returns and None, or None and the refusal of this one thing."""
    try:
        return ask(session_id), None
    except _ABOUT_ONE_THING as error:
        return None, error


def _has_recordings(session_id: str) -> bool:
    return Recording.objects.filter(session__kallglot_id=session_id).exists()


def _is_fresh(session: Session, wait: timedelta) -> bool:
    """Whether a refresh of `session` began less than `wait` ago."""
    now, begun_at = timezone.now(), session.refresh_begun_at
    return begun_at is not None and now - wait < begun_at <= now + _MOST_AHEAD


def _claim(session: Session, wait: timedelta) -> bool:
    """Whether this caller is the one to refresh now; decided by the database, once per `wait`."""
    now = timezone.now()
    return bool(
        Session.objects.filter(pk=session.pk)
        # One in the future was noted by a clock that has been put right since.
        .filter(
            Q(refresh_begun_at=None)
            | Q(refresh_begun_at__lte=now - wait)
            | Q(refresh_begun_at__gt=now + _MOST_AHEAD)
        )
        .update(refresh_begun_at=now)
    )


def mark_stale(session_id: str, reason: str) -> None:
    """Remember that the call could not be refreshed and why, as an error's `reason` word."""
    known = Session.objects.filter(kallglot_id=session_id)
    known.update(last_error=reason)
    known.filter(stale_since=None).update(stale_since=timezone.now())


@transaction.atomic
def _store_facts(session_id: str, call: types.Session) -> None:
    """Keep what Kallglot said of the session, whose list it refused."""
    now = timezone.now()
    session, _ = Session.objects.update_or_create(
        kallglot_id=session_id,
        defaults={
            **columns.of_session(call),
            "refreshed_at": now,
            "refresh_begun_at": now,
            "stale_since": now,
        },
    )
    session.summarise()
    searching.index(session)
    transcripts.plan(session)


@transaction.atomic
def _store(
    session_id: str,
    call: types.Session | None,
    listed: types.RecordingList,
    asked_at: datetime,
    without_facts: errors.KallglotError | None,
) -> Session:
    now = timezone.now()
    strangers = [r for r in listed.data if r.session_id not in (None, session_id)]
    session, _ = Session.objects.update_or_create(
        kallglot_id=session_id,
        defaults={
            **(columns.of_session(call) if call else {}),
            "refreshed_at": now,
            "refresh_begun_at": now,
            "stale_since": None,
            # Without `stale_since` it is why the facts of the session are not known.
            "last_error": without_facts.reason if without_facts else "",
            "unreadable_recordings": listed.skipped + len(strangers),
        },
    )
    mine = [recording for recording in listed.data if recording not in strangers]
    for recording in mine:
        _store_recording(session, recording, now)
    gone = session.recordings.exclude(kallglot_id__in=[r.id for r in mine])
    gone.filter(gone_since=None).update(gone_since=now)
    session.summarise()
    searching.index(session)
    transcripts.plan(session)
    schedule.after_refresh(session, asked_at)
    return session


def _store_recording(session: Session, recording: types.Recording, now) -> None:
    facts = columns.of_recording(recording)
    told = {name: value for name, value in facts.items() if value is not None}
    if recording.expires_at is None and recording.size is None:
        # The newer list names no channel either; it may be known from the recording itself.
        told.pop("channel")
    common = {"session": session, "refreshed_at": now, "gone_since": None}
    Recording.objects.update_or_create(
        kallglot_id=recording.id,
        # A list that is silent about something leaves what is known.
        defaults={**told, **common},
        create_defaults={**facts, **common},
    )
