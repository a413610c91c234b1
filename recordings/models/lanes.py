"""What was found in the sound of recordings: to draw, to skip silence, to find calls by."""

from django.db import models
from django.utils import timezone

from .recordings import Recording
from .sessions import Session


class LanesState(models.TextChoices):
    """How far the analysis of one recording has come."""

    WANTED = "wanted", "Waiting for the worker"
    READY = "ready", "Ready"
    IMPOSSIBLE = "impossible", "Cannot be made"


class Lanes(models.Model):
    """The peaks and the speech of one recording, or the wish for them.

    A row is about the bytes named by `key`; when Kallglot makes the file anew it is a new wish.
    It is private like the audio, and is deleted with it.
    """

    recording = models.OneToOneField(Recording, on_delete=models.CASCADE, related_name="lanes")
    key = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=LanesState, default=LanesState.WANTED)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it cannot be made.")
    wanted_at = models.DateTimeField(default=timezone.now)
    # When the worker may try; put off while Kallglot cannot be asked.
    next_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)

    analysed_at = models.DateTimeField(null=True, blank=True)
    count = models.PositiveSmallIntegerField(default=0, help_text="1, or 2 of a stereo file.")
    duration_ms = models.PositiveIntegerField(default=0)
    cut = models.BooleanField(default=False, help_text="Only a part could be decoded.")
    # As a browser gets it, compressed with gzip; see audio/waveform.py.
    waveform = models.BinaryField(default=bytes)
    spans = models.JSONField(default=list, help_text="Per lane: starts and ends, milliseconds.")
    # Compressed with zlib; only until the channels were checked, since nothing else needs them.
    levels = models.BinaryField(default=bytes)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "lanes"
        indexes = [models.Index(fields=["state", "next_at"], name="lanes_to_make")]

    def __str__(self):
        return f"{self.key} {self.state}"

    def put_off(self, until, *, failed: bool) -> None:
        """Try again at `until`."""
        self._set(next_at=until, attempts=self.attempts + failed)

    def give_up(self, reason: str) -> None:
        """It cannot be made; `reason` is a sentence for people."""
        self._set(
            state=LanesState.IMPOSSIBLE, reason=reason[:200], analysed_at=timezone.now(), levels=b""
        )

    def keep(self, **found) -> None:
        """What was found, for nobody yet: the columns from `count` to `levels`."""
        self._set(analysed_at=timezone.now(), **found)

    def make_ready(self) -> None:
        """It was made, and the call was measured with it."""
        self._set(state=LanesState.READY)

    def _set(self, **facts) -> None:
        for name, value in facts.items():
            setattr(self, name, value)
        # Nothing where the recording was deleted or made anew meanwhile.
        Lanes.objects.filter(pk=self.pk, key=self.key).update(**facts)


class CallFigures(models.Model):
    """The measurements of one call, by the definitions in audio/measurements.py.

    They outlive the recordings. Those that help to find a call are columns of `Session` as well.
    """

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="figures")
    measured_at = models.DateTimeField()
    # "legs", "mixed" (left and right), "one lane" (both voices in one) or "one leg".
    source = models.CharField(max_length=20)
    figures = models.JSONField(default=dict, help_text="Every figure that could be had, by name.")
    # Empty until there was something to compare; else verdict, agent_shift_ms, customer_shift_ms.
    channel_check = models.JSONField(default=dict, blank=True)
    outdated = models.BooleanField(
        default=False, help_text="A definition has changed since: to be measured anew."
    )

    class Meta:
        default_permissions = ()
        verbose_name_plural = "call figures"
        indexes = [
            models.Index(
                fields=["id"], name="calls_to_measure_anew", condition=models.Q(outdated=True)
            )
        ]

    def __str__(self):
        return f"figures of {self.session_id}"
