"""Notes on a call: who may do what with them, and every change with its row of the trail."""

from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from recordings import permissions
from recordings.models import AuditAction, Note, Session

from . import audit

_WORDS_IN_FACTS = 80


class Stale(Exception):  # noqa: N818  (it says what is the case)
    """The note was changed since the person began to edit it."""


def seen(session: Session, user) -> list[Note]:
    """The notes of `session` that `user` may see, who may see the call, as the call goes."""
    found = session.notes.not_hidden_from(user).in_order()
    return list(found.select_related("resolved_by"))


def facts(notes: list[Note]) -> list[dict]:
    """What a player needs of `notes`, as JSON."""
    return [
        {
            "id": note.pk,
            "start": note.start,
            "end": note.end,
            "text": note.text[:_WORDS_IN_FACTS],
            "author": note.author_name,
            "private": note.is_private,
            "resolved": note.resolved_at is not None,
        }
        for note in notes
    ]


def may_edit(user, note: Note) -> bool:
    return note.author_id == user.pk and user.has_perm(permissions.WRITE_NOTES)


def may_delete(user, note: Note) -> bool:
    """Its author, and of team notes whoever may delete those of others."""
    own = may_edit(user, note)
    return own or (not note.is_private and user.has_perm(permissions.DELETE_NOTES))


def may_resolve(user, note: Note) -> bool:
    """Whoever sees it and may write."""
    own = note.author_id == user.pk
    return (own or not note.is_private) and user.has_perm(permissions.WRITE_NOTES)


def add(user, session: Session, address: str, *, key: UUID, **said) -> Note:
    """A new note, or the one that was made of the same form before.

    said: start, end (seconds), text, is_private. address: where the request came from.
    """
    with transaction.atomic():
        facts = {"session": session, **said}
        own = Note.objects.filter(author=user)
        before = own.filter(key=key).first()
        if before and any(getattr(before, name) != value for name, value in facts.items()):
            # Back in the browser brings a form with its old key; other words are another note.
            key = uuid5(key, repr((session.pk, sorted(said.items()))))
        note, is_new = own.get_or_create(
            author=user,
            key=key,
            defaults={**facts, "author_name": user.get_username()},
        )
        if is_new:
            audit.record_note(user, AuditAction.NOTE_ADDED, note, address)
    return note


def edit(user, note: Note, address: str, *, version: int, **said) -> None:
    """Replace what `note` says, if it is still of that `version`; else raises Stale.

    said: start, end (seconds), text, is_private. Whether `user` may is asked before.
    """
    with transaction.atomic():
        unchanged = Note.objects.filter(pk=note.pk, version=version)
        if not unchanged.update(edited_at=timezone.now(), version=F("version") + 1, **said):
            raise Stale
        audit.record_note(user, AuditAction.NOTE_CHANGED, note, address)


def delete(user, note: Note, address: str) -> None:
    """Delete `note`, unless its author has just made it private. Ask `may_delete` before."""
    with transaction.atomic():
        deleted, _ = Note.objects.not_hidden_from(user).filter(pk=note.pk).delete()
        if deleted:
            audit.record_note(user, AuditAction.NOTE_DELETED, note, address)


def resolve(user, note: Note, address: str, *, resolved: bool) -> None:
    """Mark `note` as settled, or as open again. Ask `may_resolve` before."""
    with transaction.atomic():
        others = Note.objects.not_hidden_from(user).filter(pk=note.pk, resolved_at__isnull=resolved)
        at, by = (timezone.now(), user) if resolved else (None, None)
        if others.update(resolved_at=at, resolved_by=by):
            action = AuditAction.NOTE_RESOLVED if resolved else AuditAction.NOTE_REOPENED
            audit.record_note(user, action, note, address)
