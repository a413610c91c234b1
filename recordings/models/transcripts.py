"""What was said in a call, turn by turn, in both languages."""

from django.db import models
from django.utils import timezone

from .sessions import Session


class Transcript(models.Model):
    """The transcript of one call, as far as Kallglot has made it; without turns there is none.

    `approximate` says that the turns' times come from whole-second stamps (about ±1 s).
    `next_fetch_at` is when Kallglot is to be asked (again), `attempts` how often it was in vain.
    `last_error` is the `reason` word of what ended the last attempt, empty after a success.
    """

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="transcript")
    complete = models.BooleanField(default=False)
    approximate = models.BooleanField(default=False)
    languages = models.JSONField(default=list, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    last_error = models.CharField(max_length=40, blank=True)
    next_fetch_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["next_fetch_at"], name="transcripts_to_fetch")]

    def __str__(self):
        return f"transcript of {self.session_id}"

    @property
    def is_due(self) -> bool:
        return self.next_fetch_at is not None and self.next_fetch_at <= timezone.now()


class Turn(models.Model):
    """One thing that one party said. `start` and `end` are seconds from the call's start."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveIntegerField()
    speaker = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    translation = models.TextField(blank=True)
    translation_language = models.CharField(max_length=40, blank=True)
    start = models.FloatField(null=True, blank=True)
    end = models.FloatField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "position"], name="turn_position")
        ]

    def __str__(self):
        return f"{self.speaker}: {self.text[:40]}"
