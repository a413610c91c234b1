"""The worker's round: transcripts that are due, one after the other."""

import logging

from django.db.models import QuerySet
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Lease, Transcript

from . import schedule, transcripts, work_round

log = logging.getLogger(__name__)


class _Transcripts(work_round.Round[Transcript]):
    name = "transcripts"

    def next_item(self, resting: QuerySet) -> Transcript | None:
        return _planned(resting).filter(next_fetch_at__lte=timezone.now()).first()

    def next_at(self, resting: QuerySet):
        return _planned(resting).values_list("next_fetch_at", flat=True).first()

    def work(self, transcript: Transcript, lease: Lease) -> None:
        try:
            transcripts.fetch_if_due(transcript.session, background=True)
        except schedule.RETRY_LATER:
            raise
        except errors.KallglotError as error:
            call = transcript.session.kallglot_id
            log.warning("The transcript of %s could not be fetched: %s", call, error.reason)

    def give_up(self, transcript: Transcript) -> None:
        Transcript.objects.filter(pk=transcript.pk).update(
            next_fetch_at=None, last_error=work_round.GIVEN_UP
        )


_ROUND = _Transcripts()


def fetch_due() -> float | None:
    """Fetch transcripts whose time has come; see `Round.run` for what is returned."""
    return _ROUND.run()


def _planned(resting: QuerySet) -> QuerySet:
    """The transcripts with a due time, the first one first."""
    planned = Transcript.objects.exclude(next_fetch_at=None).exclude(pk__in=resting)
    return planned.select_related("session").order_by("next_fetch_at", "pk")
