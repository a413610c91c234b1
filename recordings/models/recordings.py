"""A recording of a call: one channel's audio file on Kallglot's side."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from kallglot_portal.prepared import Given, Prepared

from .sessions import Session
from .states import RecordingState, recording_state
from .visibility import Sight, sight_of, visible_to, within


class RecordingQuerySet(models.QuerySet):
    def visible_to(self, user) -> "RecordingQuerySet":
        """The recordings of the calls that `user` may see."""
        return self.filter(visible_to(user, "session__"))

    def one_visible_to(self, user, kallglot_id: str) -> "Recording | None":
        """The recording of that id if `user` may see it; asked with every range of audio."""
        sight = sight_of(user)
        if sight is Sight.NOTHING:
            return None
        return _ONE_WITHIN[sight].first(kallglot_id=kallglot_id, user_id=user.pk)

    def in_order(self) -> "RecordingQuerySet":
        """By time, then mixed, agent, customer: the vendor promises no order."""
        rank = models.Case(
            *(
                models.When(channel=channel, then=place)
                for place, channel in enumerate(Recording.CHANNELS)
            ),
            default=len(Recording.CHANNELS),
        )
        return self.order_by("created_at", rank, "kallglot_id")


class Recording(models.Model):
    """One audio file. Nullable where the vendor is silent, above all while processing."""

    CHANNELS = ("mixed", "agent", "customer")

    kallglot_id = models.CharField(max_length=70, unique=True)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="recordings")
    channel = models.CharField(max_length=40)
    status = models.CharField(max_length=40, blank=True)
    format = models.CharField(max_length=40, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    size = models.BigIntegerField(null=True, blank=True, help_text="Bytes; a hint only.")
    sample_rate = models.PositiveIntegerField(null=True, blank=True, help_text="Hz.")
    bit_depth = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    # The true length of what a player gets, once it is known; the vendor's `size` is a hint.
    audio_length = models.BigIntegerField(null=True, blank=True, help_text="Bytes.")

    # When Kallglot was last asked about this recording alone, which tells more than the list.
    details_at = models.DateTimeField(null=True, blank=True, editable=False)

    first_seen = models.DateTimeField(default=timezone.now, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=40, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    # Set when Kallglot stopped listing it, or answered 410 for its audio.
    gone_since = models.DateTimeField(null=True, blank=True)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        permissions = [
            ("listen_recording", "Can play recordings"),
            ("download_recording", "Can download recordings"),
        ]

    def __str__(self):
        return self.kallglot_id

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def expires_soon(self) -> bool:
        """Whether it is to vanish within a week."""
        return (
            self.expires_at is not None
            and not self.is_expired
            and self.expires_at - timezone.now() <= timedelta(days=7)
        )

    @property
    def state(self) -> RecordingState:
        return recording_state(self.status, self.last_error, self.expires_at, self.gone_since)

    def mark_gone(self) -> None:
        """Kallglot answered 410: the audio is deleted for good."""
        self.gone_since = self.gone_since or timezone.now()
        self.note_error("vendor_gone")

    def note_audio_length(self, length: int | None) -> None:
        """Remember the true length in bytes, if it is news."""
        if length is not None and length != self.audio_length:
            self.audio_length = length
            self.save(update_fields=["audio_length"])

    def note_error(self, reason: str) -> None:
        """Remember the last trouble with the audio, as the error's `reason` word."""
        self.last_error = reason
        self.last_error_at = timezone.now()
        self.save(update_fields=["gone_since", "last_error", "last_error_at"])


def _one_within(sight: Sight) -> Prepared:
    def compose():
        named = Recording.objects.filter(kallglot_id=Given("kallglot_id"))
        return named.filter(within(sight, Given("user_id"), "session__"))

    return Prepared(compose)


_ONE_WITHIN = {sight: _one_within(sight) for sight in (Sight.OWN_TEAMS, Sight.EVERYTHING)}
