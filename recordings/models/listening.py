"""Where each person is in each call, and which seconds of it they have heard."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .sessions import Session


class ListeningPosition(models.Model):
    """One person's place in one call. It outlives the audio, as the trail does.

    `heard` has one bit for each second of the call, the lowest bit of the first byte being the
    first second.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listening_positions"
    )
    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, related_name="listening_positions"
    )
    second = models.FloatField(default=0.0)
    channel = models.CharField(max_length=20, default="mixed")
    heard = models.BinaryField(default=bytes)
    heard_s = models.PositiveIntegerField(default=0, help_text="Seconds.")
    heard_share = models.FloatField(default=0.0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "session"], name="one_place_per_call")
        ]

    def __str__(self):
        return f"{self.user_id} at {self.second:.0f} s of {self.session_id}"
