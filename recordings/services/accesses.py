"""Playbacks and downloads under way: which requests belong to one row of the trail."""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import Error, OperationalError, transaction
from django.utils import timezone

from kallglot_portal.database import let_go, little_patience, patience
from kallglot_portal.prepared import Given, Prepared, PreparedInsert
from recordings.models import Access, AuditAction, AuditOutcome, Recording, Session

from . import audit

log = logging.getLogger(__name__)

ONE_PLAYBACK = timedelta(minutes=30)
"""Ranges of one person and recording with no longer pause than this are one playback."""

_NOTE_EVERY = timedelta(minutes=1)
_PATIENCE_S = 20.0
_LONG_S = 1.0

_newest = Prepared(
    lambda: Access.objects.filter(
        user=Given("user"), recording=Given("recording"), action=Given("action")
    ).order_by("-last_at")
)
_accesses = PreparedInsert(Access)
_named_call = Prepared(lambda: Session.objects.only("kallglot_id").filter(pk=Given("pk")))


class Request:
    """A request of one person for the bytes of one recording.

    again in `note`: the request may continue an access already on record (a range), so it needs
    no new row within `ONE_PLAYBACK`.
    """

    def __init__(self, user, recording: Recording, action: AuditAction, address: str) -> None:
        self._user, self._recording = user, recording
        self._action, self._address = action, address
        self._access = {"user": user.pk, "recording": recording.pk, "action": action.value}
        self._is_on_record: bool | None = None

    def look_up(self) -> None:
        """Ask the database what `note` will need to know, while Kallglot is waited for.

        Never fails: `note` asks again where this could not.
        """
        with contextlib.suppress(Error):
            self._is_on_record = _is_remembered(self._access) or _goes_on(self._access)
            if not self._is_on_record:
                self._name_call()

    def note(self, *, again: bool) -> None:
        """Make sure that the bytes about to be sent have their row in the audit trail.

        To be called before the first byte. Raises `django.db.Error` when the row cannot be
        written: then no byte may be sent.
        """
        access = self._access
        if again and self._is_on_record is None:
            self._is_on_record = _is_remembered(access) or _goes_on(access)
        if again and self._is_on_record:
            return
        with _in_line():
            # A browser begins with two requests at once; the second finds what the first wrote.
            if again and _is_remembered(access):
                return
            self._name_call()
            with transaction.atomic():
                chain = audit.lock_chain()
                # The first may have come to another process.
                if again and _under_way(access, timezone.now()):
                    return
                self._add(chain)
            _remember(access)

    def _name_call(self) -> None:
        # The trail names the call and no more of it; the whole of it would be a wide row.
        recording = self._recording
        if not Recording.session.is_cached(recording):
            recording.session = _named_call.first(pk=recording.session_id)

    def _add(self, chain) -> None:
        event = audit.append(
            chain, self._user, self._action, AuditOutcome.DONE, self._recording, self._address
        )
        _accesses.add(
            Access(
                user=self._user,
                recording=self._recording,
                session_id=self._recording.session_id,
                action=self._action,
                event=event,
                last_at=event.at,
            )
        )


def began_before(user, recording: Recording, action: AuditAction, moment: float) -> bool:
    """Whether `user` has an access under way that began before `moment` (as `time.time()`)."""
    access = {"user": user.pk, "recording": recording.pk, "action": action.value}
    found = _under_way(access, timezone.now())
    return found is not None and found.event.at.timestamp() < moment


_line = threading.Lock()


@contextlib.contextmanager
def _in_line() -> Iterator[None]:
    """New rows one after another, as the chain wants them.

    Many who arrive at once would otherwise all try for the database's lock, and SQLite lets them
    sleep for milliseconds when they miss it. Not for use inside a transaction.
    """
    waited_s = 0.0
    if not _line.acquire(blocking=False):
        began = time.monotonic()
        # Those before us need a connection, and so does every page.
        let_go()
        if not _line.acquire(timeout=_PATIENCE_S):
            raise OperationalError("others have waited for the trail too long")
        waited_s = time.monotonic() - began
    try:
        # Where the line stood still, the lock that holds it up is not waited for twice.
        long = waited_s > _LONG_S
        with patience(_PATIENCE_S - waited_s) if long else contextlib.nullcontext():
            yield
    finally:
        _line.release()


def _goes_on(access: dict) -> bool:
    """Whether `access` is under way; then that it goes on is noted, once a minute."""
    now = timezone.now()
    found = _under_way(access, now)
    if found and (now - found.last_at <= _NOTE_EVERY or _prolong(found, now)):
        _remember(access)
    return found is not None


def _under_way(access: dict, now: datetime) -> Access | None:
    found = _newest.first(**access)
    return found if found and found.last_at > now - ONE_PLAYBACK else None


def _prolong(access: Access, now: datetime) -> bool:
    """Note that a playback goes on; False if the database is locked.

    That is bookkeeping: the playback has its row, so nobody's sound waits for it.
    """
    try:
        with little_patience():
            Access.objects.filter(pk=access.pk).update(last_at=now)
    except Error as error:
        log.warning("It is not noted that a playback goes on: %s", error)
        return False
    return True


# Accesses that this process has seen the row of within the last minute: a player asks for the
# next piece of a call every few seconds. Bounded, and only a shortcut.
_lately: dict[tuple, float] = {}
_MOST_REMEMBERED = 10_000


def forget_lately() -> None:
    """Go by the database alone again, as after a restart."""
    _lately.clear()


def _is_remembered(access: dict) -> bool:
    noted_at = _lately.get(tuple(access.values()), -math.inf)
    return noted_at > time.monotonic() - _NOTE_EVERY.total_seconds()


def _remember(access: dict) -> None:
    if len(_lately) >= _MOST_REMEMBERED:
        _lately.clear()
    _lately[tuple(access.values())] = time.monotonic()
