"""Downloads of many calls at once, made by the worker."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ExportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    REMOVED = "removed", "Removed"


class ExportKind(models.TextChoices):
    CSV = "csv", "Table (CSV)"
    ZIP = "zip", "Recordings (ZIP)"


class Export(models.Model):
    """One table or ZIP of many calls. A ZIP is kept for a day at most, the row for good.

    `session_ids` are our own numbers of the calls chosen, `recording_ids` those of the recordings
    that the ZIP holds, `held_session_ids` those of the calls of which it holds anything, be it the
    transcript alone. `channels` and `transcript_text` say what goes in: "original",
    "translation", "both", or "" for no transcripts. `done` of `total` files are in the ZIP;
    `left_out` says of the others why not. Sizes are bytes. The file goes at `remove_at`, which is
    never later than the first of its recordings expires.
    """

    # Stays when the account is deleted: the audit trail leads here for the calls of a table.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="exports"
    )
    kind = models.CharField(max_length=10, choices=ExportKind, default=ExportKind.ZIP)
    state = models.CharField(max_length=20, choices=ExportState, default=ExportState.WAITING)
    session_ids = models.JSONField(default=list)
    recording_ids = models.JSONField(default=list)
    held_session_ids = models.JSONField(default=list)
    channels = models.JSONField(default=list)
    transcript_text = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    left_out = models.JSONField(default=list)
    size = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    remove_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["user", "created_at"], name="exports_of_a_person"),
            models.Index(fields=["state"], name="exports_by_state"),
        ]

    def __str__(self):
        return f"export {self.pk} {self.state}"
