"""What goes first in the worker's share of the rate limit: news about calls, then the rest."""

from django.utils import timezone

from recordings.models import Session, WebhookEvent, WorkerState

from . import work_round


def more_urgent_work() -> bool:
    """Whether webhooks or calls that are due wait, and a worker is there to do them.

    Imports and checks of settled calls then make room. A command without a worker does not wait.
    """
    now = timezone.now()
    alive_since = now - WorkerState.SILENT_AFTER
    if not WorkerState.objects.filter(last_beat_at__gt=alive_since).exists():
        return False
    events = WebhookEvent.objects.waiting().exclude(pk__in=work_round.resting("events"))
    due = Session.objects.filter(next_refresh_at__lte=now)
    return events.exists() or due.exclude(pk__in=work_round.resting("refreshing")).exists()
