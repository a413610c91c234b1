"""The worker's round: calls that are due for a refresh, one after the other."""

import logging

from django.db.models import QuerySet
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Lease, Session

from . import schedule, sync, work_round

log = logging.getLogger(__name__)


class _Refreshes(work_round.Round[Session]):
    """Every call keeps its due time until its refresh is stored, so a killed worker loses none."""

    name = "refreshing"

    def next_item(self, resting: QuerySet) -> Session | None:
        # One by one, so that a webhook's call waits for one refresh and not for the whole round.
        return _planned(resting).filter(next_refresh_at__lte=timezone.now()).first()

    def next_at(self, resting: QuerySet):
        return _planned(resting).values_list("next_refresh_at", flat=True).first()

    def work(self, session: Session, lease: Lease) -> None:
        try:
            sync.refresh(session.kallglot_id, background=True)
        except schedule.RETRY_LATER:
            raise
        except errors.NotFound:
            _forget_or_settle(session)
        except errors.KallglotError as error:
            log.warning("%s could not be refreshed: %s", session.kallglot_id, error.reason)
            schedule.after_failure(session, error)

    def give_up(self, session: Session) -> None:
        sync.mark_stale(session.kallglot_id, work_round.GIVEN_UP)
        Session.objects.filter(pk=session.pk).update(next_refresh_at=None)


_ROUND = _Refreshes()


def refresh_due() -> float | None:
    """Refresh calls whose time has come; see `Round.run` for what is returned."""
    return _ROUND.run()


def _planned(resting: QuerySet) -> QuerySet:
    """The calls with a due time, the first one first."""
    planned = Session.objects.exclude(next_refresh_at=None).exclude(pk__in=resting)
    return planned.order_by("next_refresh_at", "pk")


def _forget_or_settle(session: Session) -> None:
    """Kallglot does not know this call. A webhook may be ahead of the API by a while, so an id
    that was never answered for is asked about again before it is dropped. A call that was known is
    kept, without its recordings.
    """
    if session.refreshed_at is not None or session.recordings.exists():
        sync.mark_erased(session)
    elif not schedule.after_not_found(session):
        session.delete()
