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

from kallglot_portal.database import SHORTLY_S, let_go, little_patience, patience
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
    """A request of one user for the bytes of one recording.

    again in `note`: the request may continue an access already on record (a range), so it needs
    no new row within `ONE_PLAYBACK`.
    """

    def __init__(self, user, recording: Recording, action: AuditAction, address: str) -> None:
        self._user, self._recording = user, recording
        self._action, self._address = action, address
        self._access = {"user": user.pk, "recording": recording.pk, "action": action.value}
        # The access that was found on record, and the one whose row this request wrote.
        self._found: Access | None = None
        self._own: Access | None = None
        # Whether another request of the same playback waited for Kallglot before this one.
        self.is_second = False

    def note_ahead(self, *, sends: bool) -> None:
        """Do the work of `note` for a playback while Kallglot is waited for, as far as possible.

        sends: bytes will be sent if Kallglot has them, so the row of the playback is written.
        If none are sent, `record_failure` must be called. Never fails: `note` tries again.
        """
        with contextlib.suppress(Error):
            self._found = _under_way(self._access, timezone.now())
            if not self._found:
                self._name_call()
                if sends:
                    self._write_ahead()
            self.is_second = self._found is not None

    @property
    def is_noted_ahead(self) -> bool:
        """Whether this request wrote the row of its playback before there were bytes."""
        return self._own is not None

    def _write_ahead(self) -> None:
        # A locked database is waited for in `note`, and not twice.
        with _in_line(SHORTLY_S), little_patience():
            # The request before us in the line may have written the row.
            self._found = _under_way(self._access, timezone.now())
            if self._found:
                return
            with transaction.atomic():
                chain = audit.lock_chain()
                self._found = _under_way(self._access, timezone.now())
                own = None if self._found else self._add(chain)
            self._own = own

    def note(self, *, again: bool) -> None:
        """Make sure that the bytes about to be sent have their row in the audit trail.

        To be called before the first byte. Raises `django.db.Error` when the row cannot be
        written: then no byte may be sent.
        """
        access = self._access
        if self._own:
            _remember(access)
            return
        if again and (_is_remembered(access) or self._goes_on()):
            return
        with _in_line():
            # A browser begins with two requests at once; the second finds what the first wrote.
            if again and _is_remembered(access):
                return
            if not (again and self._joins()):
                self._name_call()
                with transaction.atomic():
                    chain = audit.lock_chain()
                    # The first may have come to another process.
                    self._found = _under_way(access, timezone.now()) if again else None
                    if not self._joins():
                        self._add(chain)
            _remember(access)

    def record_failure(self, outcome: AuditOutcome, reason: str) -> None:
        """Add the row of this request, for which no byte is sent.

        Where its playback has a row already and no other request sent bytes under it, the new row
        takes that back: the playback got no audio, and does not count as heard. Raises
        `django.db.Error` when the trail cannot be written.
        """
        with transaction.atomic():
            chain = audit.lock_chain()
            own, self._own = self._own, None
            if own and Access.objects.filter(pk=own.pk, last_at=own.last_at).delete()[0]:
                outcome = AuditOutcome.NO_AUDIO
            audit.append(
                chain, self._user, self._action, outcome, self._recording, self._address, reason
            )

    def _goes_on(self) -> bool:
        """Whether an access of earlier minutes goes on; then that is noted, once a minute."""
        now = timezone.now()
        self._found = self._found or _under_way(self._access, now)
        if self._found is None or _is_young(self._found, now):
            return False
        if _prolong(self._found, now):
            _remember(self._access)
        return True

    def _joins(self) -> bool:
        """Whether this request sends its bytes under the row of the access that was found.

        Another request wrote that row, perhaps a moment ago, and may still get no audio. It sees
        by `last_at` that its row is no longer its own alone.
        """
        found, self._found = self._found, None
        if found is None:
            return False
        return bool(Access.objects.filter(pk=found.pk).update(last_at=timezone.now()))

    def _name_call(self) -> None:
        # The trail names the call and no more of it; the whole of it would be a wide row.
        recording = self._recording
        if not Recording.session.is_cached(recording):
            recording.session = _named_call.first(pk=recording.session_id)

    def _add(self, chain) -> Access:
        plays = self._action is AuditAction.PLAY
        outcome = AuditOutcome.STARTED if plays else AuditOutcome.DONE
        event = audit.append(
            chain, self._user, self._action, outcome, self._recording, self._address
        )
        access = Access(
            user=self._user,
            recording=self._recording,
            session_id=self._recording.session_id,
            action=self._action,
            event=event,
            last_at=event.at,
        )
        _accesses.add(access)
        return access


def began_before(user, recording: Recording, action: AuditAction, moment: float) -> bool:
    """Whether `user` has an access under way that began before `moment` (as `time.time()`)."""
    access = {"user": user.pk, "recording": recording.pk, "action": action.value}
    found = _under_way(access, timezone.now())
    return found is not None and found.event.at.timestamp() < moment


_line = threading.Lock()


@contextlib.contextmanager
def _in_line(at_most_s: float = _PATIENCE_S) -> Iterator[None]:
    """New rows one after another, as the chain wants them; waits `at_most_s` seconds.

    Many who arrive at once would otherwise all try for the database's lock, and SQLite lets them
    sleep for milliseconds when they miss it. Not for use inside a transaction.
    """
    waited_s = 0.0
    if not _line.acquire(blocking=False):
        began = time.monotonic()
        # Those before us need a connection, and so does every page.
        let_go()
        if not _line.acquire(timeout=at_most_s):
            raise OperationalError("others have waited for the trail too long")
        waited_s = time.monotonic() - began
    try:
        # Where the line stood still, the lock that holds it up is not waited for twice.
        long = waited_s > _LONG_S
        with patience(_PATIENCE_S - waited_s) if long else contextlib.nullcontext():
            yield
    finally:
        _line.release()


def _is_young(access: Access, now: datetime) -> bool:
    return now - access.last_at <= _NOTE_EVERY


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
