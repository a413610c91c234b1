"""A recording of a call: one channel's audio file on Kallglot's side."""

import hashlib
from datetime import timedelta

from django.db import models
from django.utils import timezone

from kallglot_portal.prepared import Given, Prepared

from .sessions import Session
from .states import RecordingState, recording_state
from .visibility import Sight, sight_of, visible_to, within

# Kallglot tells lengths in whole seconds.
_ROUNDED_S = 1.5


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

    def with_audio(self) -> "RecordingQuerySet":
        """Those of which `RecordingState.may_have_audio` is true now."""
        kept = self.filter(gone_since=None).exclude(status__in=("processing", "failed"))
        return kept.exclude(expires_at__lte=timezone.now()).exclude(last_error="vendor_gone")

    def of_channels(self, channels) -> "RecordingQuerySet":
        """Those of `channels`; with all of CHANNELS also those whose channel is none of them."""
        everything = set(channels) >= set(Recording.CHANNELS)
        return self.all() if everything else self.filter(channel__in=channels)

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

    # What the file itself says, once it was here; of the revision that `file_version` names.
    file_seconds = models.FloatField(null=True, blank=True, help_text="Seconds.")
    file_format = models.CharField(max_length=20, blank=True, help_text="Without a dot.")
    unplayable = models.CharField(
        max_length=200, blank=True, help_text="Why no browser can play the file."
    )
    file_version = models.CharField(max_length=20, blank=True)
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
    def version(self) -> str:
        """A digest of what would change if Kallglot made the file again."""
        facts = f"{self.created_at}|{self.duration}|{self.size}|{self.format}"
        return hashlib.sha256(facts.encode()).hexdigest()[:12]

    @property
    def is_known(self) -> bool:
        """Whether the file was here, so that its own facts replace Kallglot's."""
        return bool(self.file_version) and self.file_version == self.version

    @property
    def seconds(self) -> float | None:
        """The length: the file's own once that is known, else as Kallglot says."""
        known = self.is_known and self.file_seconds is not None
        return self.file_seconds if known else self.duration

    @property
    def kind(self) -> str:
        """The format, such as "mp3": the file's own once that is known, else as Kallglot says."""
        return (self.file_format if self.is_known else "") or self.format

    @property
    def problem(self) -> str:
        """Why no browser can play the file, as a sentence; empty if it plays or is not known."""
        return self.unplayable if self.is_known else ""

    @property
    def contradicts(self) -> bool:
        """Whether Kallglot says another length than the file has."""
        told, own = self.duration, self.seconds
        return told is not None and own is not None and abs(told - own) > _ROUNDED_S

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

    def note_file(self, seconds: float | None, format: str, unplayable: str) -> None:
        """Remember what the file itself says, if it is news, and correct the call by it."""
        found = {
            "file_seconds": seconds,
            "file_format": format[:20],
            "unplayable": unplayable[:200],
            "file_version": self.version,
        }
        if all(getattr(self, name) == value for name, value in found.items()):
            return
        for name, value in found.items():
            setattr(self, name, value)
        self.save(update_fields=list(found))
        # The session at hand may have been loaded in part.
        Session.objects.get(pk=self.session_id).summarise()

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
