"""What the portal knows about its connection to Kallglot, shared by all its processes."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from kallglot_portal.prepared import Given, Prepared


class VendorState(models.Model):
    """One row: whether calls to Kallglot are paused, until when and why.

    `cause` is the `reason` word of the error that started the trouble, empty while all is well.
    """

    SINGLETON = 1
    # No wait is as long; one that is was noted by a clock that has been put right since.
    BEYOND_ANY_WAIT = timedelta(hours=1)

    # The facts of a row that says all is well.
    WELL = {
        "cause": "",
        "since": None,
        "paused_until": None,
        "consecutive_failures": 0,
        "probe_until": None,
    }

    cause = models.CharField(max_length=40, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    # After a pause one call goes first; until then the others wait for its result.
    probe_until = models.DateTimeField(null=True, blank=True)
    # A keyed hash of the API key that all this was learned with; empty while nothing was.
    key_digest = models.CharField(max_length=32, blank=True)
    # Until then what is left of Kallglot's allowance is kept for people who click.
    kept_for_people_until = models.DateTimeField(null=True, blank=True)
    # Requests a minute, as Kallglot's answers last told; null before the first of them.
    rate_limit = models.PositiveIntegerField(null=True, blank=True)

    # The host that audio was redirected to last although KALLGLOT_MEDIA_HOSTS does not list it.
    refused_host = models.CharField(max_length=260, blank=True)
    refused_host_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "vendor state"

    def __str__(self):
        return self.cause or "well"

    @classmethod
    def load(cls) -> "VendorState":
        """The row, or a fresh unsaved one that says all is well."""
        return _the_row.first(pk=cls.SINGLETON) or cls(pk=cls.SINGLETON)

    def forget_trouble(self) -> None:
        """Make this row, unsaved, say that all is well and that nothing is known of a limit."""
        for name, value in self.WELL.items():
            setattr(self, name, value)
        self.kept_for_people_until = self.rate_limit = None

    def wait_s(self) -> float:
        """Seconds until Kallglot may be called again; 0 when it may be called now."""
        if self.paused_until is None:
            return 0.0
        wait = self.paused_until - timezone.now()
        return max(0.0, wait.total_seconds()) if wait < self.BEYOND_ANY_WAIT else 0.0

    def note_refused_host(self, host: str) -> None:
        """Remember, once an hour, that audio was redirected to `host`, which is not listed."""
        now = timezone.now()
        known_at = self.refused_host_at if self.refused_host == host else None
        if known_at and known_at < now < known_at + timedelta(hours=1):
            return
        facts = {"refused_host": host, "refused_host_at": now}
        VendorState.objects.update_or_create(pk=self.SINGLETON, defaults=facts)


# Asked before every call to Kallglot, so before the first byte of what is not here yet.
_the_row = Prepared(lambda: VendorState.objects.filter(pk=Given("pk")))
