"""The worker's round: transcripts that are due, one after the other."""

import logging

from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Lease, Transcript

from . import schedule, transcripts

log = logging.getLogger(__name__)

# Rounds come by themselves every minute; what is due sooner is worth one in between.
_WORTH_A_ROUND_S = 60.0


def fetch_due() -> float | None:
    """Fetch transcripts whose time has come; the seconds after which another round is worth it.

    None: the next usual round is soon enough, or another worker is at it.
    """
    lease = Lease.take("transcripts")
    if lease is None:
        return None
    with lease:
        while (transcript := _next()) and transcript.is_due:
            if not lease.prolong():
                return None
            try:
                transcripts.fetch_if_due(transcript.session, background=True)
            except schedule.NOT_NOW as error:
                return schedule.wait_after(error)
            except errors.KallglotError as error:
                call = transcript.session.kallglot_id
                log.warning("The transcript of %s could not be fetched: %s", call, error.reason)
        if transcript is None:
            return None
        wait_s = (transcript.next_fetch_at - timezone.now()).total_seconds()
        return max(1.0, wait_s) if wait_s < _WORTH_A_ROUND_S else None


def _next() -> Transcript | None:
    """The transcript that is due first, now or later."""
    planned = Transcript.objects.exclude(next_fetch_at=None).select_related("session")
    return planned.order_by("next_fetch_at", "pk").first()
