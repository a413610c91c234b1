"""The trail: who heard, downloaded, noted or was refused what. Rows are added, never changed."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .recordings import Recording
from .sessions import Session


class AuditAction(models.TextChoices):
    """What a person did or tried to do."""

    PLAY = "play", "Played"
    DOWNLOAD = "download", "Downloaded"
    EXPORT = "export", "Exported"
    PAGE = "page", "Opened a page"
    NOTE_ADDED = "note_added", "Added a note"
    NOTE_CHANGED = "note_changed", "Changed a note"
    NOTE_DELETED = "note_deleted", "Deleted a note"
    NOTE_RESOLVED = "note_resolved", "Resolved a note"
    NOTE_REOPENED = "note_reopened", "Reopened a note"


class AuditOutcome(models.TextChoices):
    """What came of it.

    A playback has one row, `started`, written when its bytes are about to be sent or are awaited
    from Kallglot. `no_audio` takes the row before it of the same user and recording back.
    """

    STARTED = "started", "Started"
    NO_AUDIO = "no_audio", "Got no audio after all"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed before the first byte"
    INCOMPLETE = "incomplete", "Broke off"


class AppendOnly(Exception):  # noqa: N818  (it says what is wrong)
    """Somebody tried to change or delete a row of the trail."""


class AuditQuerySet(models.QuerySet):
    """Reads rows; every way to change one raises `AppendOnly`."""

    def update(self, **values):
        # What the deletion of an account does; `user_number` and `user_name` stay.
        if values != {"user": None}:
            raise AppendOnly
        return super().update(**values)

    def bulk_update(self, *args, **kwargs):
        raise AppendOnly

    def bulk_create(self, *args, **kwargs):
        # It could write over rows (`update_conflicts`), and it would skip the chain.
        raise AppendOnly

    def delete(self):
        raise AppendOnly

    def _update(self, values):
        raise AppendOnly

    def _raw_delete(self, using):
        raise AppendOnly


class AuditEvent(models.Model):
    """One row of the trail; written by `services.audit` alone.

    Names and ids are copied, so that a row says the same when a person or a call is long gone.
    `digest` is a hash over the row and the `digest` of the row before: a changed or missing row
    breaks the chain. `version` says which facts are in the hash. `user_number` is the id of the
    account, which stays when the account is deleted.
    """

    VERSION = 2

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="audit_events",
    )
    user_name = models.CharField(max_length=150)
    user_number = models.BigIntegerField(null=True)
    action = models.CharField(max_length=20, choices=AuditAction)
    outcome = models.CharField(max_length=20, choices=AuditOutcome)
    reason = models.CharField(max_length=40, blank=True)
    session_id_text = models.CharField("session", max_length=70)
    recording_id_text = models.CharField("recording", max_length=70, blank=True)
    address = models.CharField(max_length=45, blank=True)
    digest = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField(default=1)

    objects = AuditQuerySet.as_manager()

    class Meta:
        # The Django admin must never offer more than looking.
        default_permissions = ("view",)
        # Django itself goes by this manager, and would let anything pass by another one.
        base_manager_name = "objects"
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.user_name} {self.action} {self.outcome}"

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise AppendOnly


class AuditChain(models.Model):
    """One row: the digest of the newest event. Its lock puts writers of the trail in line."""

    SINGLETON = 1

    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return self.digest


class Access(models.Model):
    """One person's playback or download under way: the ranges that belong to one row of the trail.

    Browsers fetch a call in many ranges; those of one person and recording without a pause of
    half an hour are one playback.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE)
    # Its call at that time, as the trail has it. An index alone then tells what somebody played.
    session = models.ForeignKey(Session, on_delete=models.CASCADE, db_index=False)
    action = models.CharField(max_length=20, choices=AuditAction)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT)
    last_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "accesses"
        indexes = [
            models.Index(fields=["user", "recording", "action", "-last_at"]),
            models.Index(fields=["user", "action", "session"], name="calls_played"),
        ]

    def __str__(self):
        return f"{self.user_id} {self.action} {self.recording_id}"
