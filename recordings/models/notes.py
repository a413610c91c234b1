"""Notes that people leave at a second of a call, or on a range of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .sessions import Session, visible_to


def keep_team_notes(collector, field, notes, using):
    """What an account that is deleted leaves: private notes go with it, others lose their author.

    A function of the kind that `on_delete` takes; nobody else could ever see the private ones.
    """
    models.CASCADE(collector, field, notes.filter(is_private=True), using)
    models.SET_NULL(collector, field, notes.filter(is_private=False), using)


class NoteQuerySet(models.QuerySet):
    def visible_to(self, user) -> "NoteQuerySet":
        """The notes `user` may see: the one door to notes for every view."""
        return self.filter(visible_to(user, "session__")).not_hidden_from(user)

    def not_hidden_from(self, user) -> "NoteQuerySet":
        """All but the private notes of others, whatever the call."""
        return self.filter(models.Q(is_private=False) | models.Q(author=user))

    def in_order(self) -> "NoteQuerySet":
        """As the call goes; of one second the older one first."""
        return self.order_by("start", "pk")


class Note(models.Model):
    """One person's words on a second of a call. It outlives the audio, and its author's account.

    A private one is seen by its author alone, whatever others may do, and goes with the account.
    Seconds are those of the call's timeline. `version` counts the edits, so that a stale one is
    noticed; `key` is made by the form, so that one sent twice is one note.
    """

    MOST_CHARACTERS = 4000

    # The index below begins with it.
    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, related_name="notes", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=keep_team_notes, related_name="notes"
    )
    # Copied, so that a note is somebody's when the account is gone.
    author_name = models.CharField(max_length=150)
    start = models.FloatField(help_text="Seconds.")
    end = models.FloatField(null=True, blank=True, help_text="Seconds.")
    text = models.TextField(max_length=MOST_CHARACTERS)
    is_private = models.BooleanField(default=False)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    key = models.UUIDField()

    objects = NoteQuerySet.as_manager()

    class Meta:
        # Nobody edits another's words, and who sees a call sees its notes.
        default_permissions = ("add", "delete")
        indexes = [models.Index(fields=["session", "start"], name="notes_of_a_call")]
        constraints = [
            models.UniqueConstraint(fields=["author", "key"], name="one_note_per_form"),
            models.CheckConstraint(condition=models.Q(start__gte=0), name="note_in_the_call"),
            models.CheckConstraint(
                condition=models.Q(end=None) | models.Q(end__gt=models.F("start")),
                name="note_ends_after_its_start",
            ),
        ]

    def __str__(self):
        # Never the text: this may be shown to people who may not see the note.
        return f"note {self.pk}"
