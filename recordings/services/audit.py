"""The only writer of the trail."""

import hashlib
import json
import logging

from django.db import connection, transaction

from kallglot_portal.prepared import Given, Prepared, PreparedInsert
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


def record(
    user,
    action: AuditAction,
    outcome: AuditOutcome,
    recording: Recording | None,
    address: str,
    reason: str = "",
) -> None:
    """Add one row. Raises `django.db.Error` when the trail cannot be written."""
    with transaction.atomic():
        append(lock_chain(), user, action, outcome, recording, address, reason)


def record_cut(user, action: AuditAction, recording: Recording, address: str) -> None:
    """Add a row for an access that broke off, one for each access on record.

    A browser tries a broken playback again some thirty times. Raises `django.db.Error` when the
    trail cannot be written.
    """
    with transaction.atomic():
        chain = lock_chain()
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
            append(chain, user, action, AuditOutcome.INCOMPLETE, recording, address, "cut")


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
        chain = lock_chain()
        # A row about the call as a whole names no recording.
        whole_calls = (Recording(session=session) for session in transcripts_of)
        for recording in (None, *recordings, *whole_calls):
            append(chain, user, action, outcome, recording, address, reason)


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
        if event.digest != _digest(event, previous) or _names_another_user(event):
            return event
        previous = event.digest
    return None


_chain = Prepared(
    lambda: AuditChain.objects.select_for_update().filter(pk=Given("pk")),
)


_events = PreparedInsert(AuditEvent)
_SET_DIGEST = f"UPDATE {AuditChain._meta.db_table} SET digest = %s WHERE id = %s"  # noqa: S608


def lock_chain() -> AuditChain:
    """The end of the trail, this transaction's alone until it is over."""
    chain = _chain.first(pk=AuditChain.SINGLETON)
    if chain is None:
        AuditChain.objects.get_or_create(pk=AuditChain.SINGLETON)
        chain = _chain.first(pk=AuditChain.SINGLETON)
    return chain


def append(chain, user, action, outcome, recording, address, reason="") -> AuditEvent:
    """Add one row after `chain`, which this transaction has locked.

    recording: None for a row about no call. It and its call need not be saved.
    """
    event = AuditEvent(
        version=AuditEvent.VERSION,
        user=user if user.is_authenticated else None,
        user_name=user.get_username(),
        user_number=user.pk,
        action=action,
        outcome=outcome,
        reason=reason,
        session_id_text=recording.session.kallglot_id if recording else "",
        recording_id_text=recording.kallglot_id if recording else "",
        address=address,
    )
    event.digest = chain.digest = _digest(event, chain.digest)
    _events.add(event)
    with connection.cursor() as cursor:
        cursor.execute(_SET_DIGEST, [chain.digest, chain.pk])
    return event


def _names_another_user(event: AuditEvent) -> bool:
    """Whether the row leads to another account than the one that it was written for."""
    return event.version >= 2 and event.user_id not in (None, event.user_number)


def _digest(event: AuditEvent, previous: str) -> str:
    """SHA-256 over the digest before and every fact of the row, in a fixed form.

    Rows of version 1 lack the id of the account.
    """
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
    if event.version >= 2:
        facts += [event.version, event.user_number]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
