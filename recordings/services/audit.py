"""The only writer of the trail."""

import hashlib
import json
import logging
import math
import time
from datetime import datetime, timedelta

from django.db import Error, transaction
from django.utils import timezone

from kallglot_portal.database import little_patience
from recordings.models import (
    Access,
    AuditAction,
    AuditChain,
    AuditEvent,
    AuditOutcome,
    Note,
    Recording,
)

log = logging.getLogger(__name__)

ONE_PLAYBACK = timedelta(minutes=30)
"""Ranges of one person and recording with no longer pause than this are one playback."""

_NOTE_EVERY = timedelta(minutes=1)


def note_access(user, recording: Recording, action: AuditAction, address: str, *, again: bool):
    """See to it that the bytes about to be sent have their row; call it before the first byte.

    again: this request may continue an access already on record (a range), so it needs no new
    row within `ONE_PLAYBACK`. Raises `django.db.Error` when the trail cannot be written: then no
    byte may be sent.
    """
    now = timezone.now()
    noted = (user.pk, recording.pk, action)
    if again and _lately.get(noted, -math.inf) > time.monotonic() - _NOTE_EVERY.total_seconds():
        return
    under_way = Access.objects.filter(
        user=user, recording=recording, action=action, last_at__gt=now - ONE_PLAYBACK
    )
    last_at = under_way.order_by("-last_at").values_list("last_at", flat=True).first()
    if again and last_at is not None:
        if now - last_at <= _NOTE_EVERY or _prolong(under_way, now):
            _remember(noted)
        return
    with transaction.atomic():
        chain = _lock_chain()
        # A browser begins with two requests at once; the second finds what the first wrote.
        if again and under_way.exists():
            return
        event = _append(chain, user, action, AuditOutcome.DONE, recording, address)
        Access.objects.create(
            user=user, recording=recording, action=action, event=event, last_at=now
        )
    _remember(noted)


def record(
    user,
    action: AuditAction,
    outcome: AuditOutcome,
    recording: Recording,
    address: str,
    reason: str = "",
) -> None:
    """Add one row. Raises `django.db.Error` when the trail cannot be written."""
    with transaction.atomic():
        _append(_lock_chain(), user, action, outcome, recording, address, reason)


def record_cut(user, action: AuditAction, recording: Recording, address: str) -> None:
    """Add a row for an access that broke off, one for each access on record.

    A browser tries a broken playback again some thirty times. Raises `django.db.Error` when the
    trail cannot be written.
    """
    with transaction.atomic():
        chain = _lock_chain()
        accesses = Access.objects.filter(user=user, recording=recording, action=action)
        begun = accesses.order_by("-event_id").values_list("event_id", flat=True).first()
        told = AuditEvent.objects.filter(
            pk__gt=begun or 0,
            user=user,
            action=action,
            outcome=AuditOutcome.INCOMPLETE,
            recording_id_text=recording.kallglot_id,
        )
        if not told.exists():
            _append(chain, user, action, AuditOutcome.INCOMPLETE, recording, address, "cut")


def record_export(
    user,
    reason: str,
    address: str,
    *,
    action: AuditAction = AuditAction.EXPORT,
    outcome: AuditOutcome = AuditOutcome.DONE,
    recordings=(),
    transcripts_of=(),
) -> None:
    """Add a row for an export as a whole and one for each recording that it contains.

    transcripts_of: calls of which it contains the transcript, but no recording; a row each as well.
    reason: which export, such as "zip 12". Raises `django.db.Error` as `record` does.
    """
    with transaction.atomic():
        chain = _lock_chain()
        # A row about the call as a whole names no recording.
        whole_calls = (Recording(session=session) for session in transcripts_of)
        for recording in (None, *recordings, *whole_calls):
            _append(chain, user, action, outcome, recording, address, reason)


def record_note(user, action: AuditAction, note: Note, address: str) -> None:
    """Add a row for a change of `note`: its number and its call, never its words.

    Belongs into the transaction of the change. Raises `django.db.Error` as `record` does.
    """
    # A row about the call as a whole names no recording.
    whole = Recording(session=note.session)
    record(user, action, AuditOutcome.DONE, whole, address, f"note {note.pk}")


def check() -> str:
    """What is wrong with the trail, in a sentence; empty: it is untouched."""
    # Read first: rows that are added meanwhile stand after the one that it names.
    newest = AuditChain.objects.filter(pk=AuditChain.SINGLETON).values_list("digest", flat=True)
    end = newest.first() or ""
    broken = first_broken_row()
    if broken:
        return f"Row {broken.pk} ({broken}) does not follow from the row before it."
    last = AuditEvent.objects.first()
    if last and not end:
        return f"After row {last.pk} ({last}) it is not known whether rows are missing."
    if end and not AuditEvent.objects.filter(digest=end).exists():
        return f"Rows are missing after {f'row {last.pk} ({last})' if last else 'the beginning'}."
    return ""


def first_broken_row() -> AuditEvent | None:
    """The oldest row that does not follow from the one before, or None.

    A trail whose end was cut off has no such row: `check` sees that too.
    """
    previous = ""
    for event in AuditEvent.objects.order_by("pk").iterator():
        if event.digest != _digest(event, previous):
            return event
        previous = event.digest
    return None


# Accesses that this process has seen the row of within the last minute: a player asks for the
# next piece of a call every few seconds. Bounded, and only a shortcut.
_lately: dict[tuple, float] = {}
_MOST_REMEMBERED = 10_000


def forget_lately() -> None:
    """Go by the database alone again, as after a restart."""
    _lately.clear()


def _remember(noted: tuple) -> None:
    if len(_lately) >= _MOST_REMEMBERED:
        _lately.clear()
    _lately[noted] = time.monotonic()


def _prolong(under_way, now: datetime) -> bool:
    """Note that a playback goes on; False if the database is locked.

    That is bookkeeping: the playback has its row, so nobody's sound waits for it.
    """
    try:
        with little_patience():
            under_way.update(last_at=now)
    except Error as error:
        log.warning("It is not noted that a playback goes on: %s", error)
        return False
    return True


def _lock_chain() -> AuditChain:
    rows = AuditChain.objects.select_for_update().filter(pk=AuditChain.SINGLETON)
    chain = rows.first()
    if chain is None:
        AuditChain.objects.get_or_create(pk=AuditChain.SINGLETON)
        chain = rows.get()
    return chain


def _append(chain, user, action, outcome, recording, address, reason="") -> AuditEvent:
    event = AuditEvent(
        user=user,
        user_name=user.get_username(),
        action=action,
        outcome=outcome,
        reason=reason,
        session_id_text=recording.session.kallglot_id if recording else "",
        recording_id_text=recording.kallglot_id if recording else "",
        address=address,
    )
    event.digest = chain.digest = _digest(event, chain.digest)
    event.save()
    chain.save(update_fields=["digest"])
    return event


def _digest(event: AuditEvent, previous: str) -> str:
    """SHA-256 over the digest before and every fact of the row, in a fixed form."""
    facts = [
        previous,
        event.at.isoformat(),
        event.user_name,
        event.action,
        event.outcome,
        event.reason,
        event.session_id_text,
        event.recording_id_text,
        event.address,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
