"""Kallglot's webhooks as they came in."""

from django.db import models
from django.utils import timezone


class WebhookEventQuerySet(models.QuerySet):
    def waiting(self) -> "WebhookEventQuerySet":
        """Events to be worked on now, in the order of what they tell of."""
        due = self.filter(handled_at=None).exclude(next_at__gt=timezone.now())
        return due.order_by("happened_at", "pk")


class WebhookEvent(models.Model):
    """One signed event, stored before it is acknowledged, so that none is lost.

    An event is a hint that something about a call is new; the facts come from the API. `body` is
    kept as received. `event_id` is Kallglot's, and repeats of it are one event.
    """

    event_id = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=60)
    session_ref = models.CharField(max_length=70, blank=True)
    recording_ref = models.CharField(max_length=70, blank=True)
    delivery_id = models.CharField(max_length=100, blank=True)
    body = models.TextField()
    happened_at = models.DateTimeField(help_text="By Kallglot's clock; ours where it says none.")
    received_at = models.DateTimeField(default=timezone.now)
    # When Kallglot is asked again to which call it belongs; null: as soon as possible.
    next_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["happened_at", "id"],
                name="waiting_events",
                condition=models.Q(handled_at=None),
            )
        ]

    def __str__(self):
        return f"{self.type} {self.event_id}"
