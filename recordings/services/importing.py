"""Many ids at once: kept as rows, worked off in the background, each with what came of it.

The rows are the work: whoever is killed leaves the unfinished ones waiting, and the next round
takes them up. What is finished is never asked for again.
"""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recordings.kallglot import errors, types
from recordings.models import Import, ImportItem, ImportOutcome, Lease, Recording, Session

from . import gate, import_order, schedule, sync, urgency, vendor, work_round

MAX_UNFINISHED = 5
MAX_IDS_A_DAY = 50_000
_MOST_ATTEMPTS = 8
_AT_ONCE = 1000
_AFTER_OTHERS_S = 2.0
# The session, the list of its recordings, and soon its transcript.
_CALLS_TO_KALLGLOT_EACH = 3


class TooManyImports(Exception):  # noqa: N818  (it says what is the case)
    """The user has as many imports, or ids in them, as one user may. Its text is for the user."""


@transaction.atomic
def create(user, ids: list[str]) -> Import:
    """Keep `ids` (each once) as an import of `user`; those already known are finished at once.

    The ids with the least time left come first (services/import_order.py).
    user: None for the command line, which sees every call and has no limit.
    Raises TooManyImports.
    """
    if user is not None:
        _check_limits(user, len(ids))
    ids = import_order.by_time_left(ids)
    batch = Import.objects.create(user=user)
    items = (ImportItem(batch=batch, kallglot_id=kallglot_id) for kallglot_id in ids)
    ImportItem.objects.bulk_create(items, batch_size=_AT_ONCE)
    for begin in range(0, len(ids), _AT_ONCE):
        _settle_known(batch, ids[begin : begin + _AT_ONCE])
    return batch


class _Imports(work_round.Round[ImportItem]):
    """Imports take turns, so a short one does not wait for a long one."""

    name = "importing"

    def __init__(self) -> None:
        self._last_batch = 0
        self._waits_for_others = False

    def next_item(self, resting: QuerySet) -> ImportItem | None:
        """The next id of the import whose turn it is; none while more urgent work waits."""
        self._waits_for_others = urgency.more_urgent_work()
        if self._waits_for_others:
            return None
        now = timezone.now()
        due = ImportItem.objects.waiting().exclude(next_at__gt=now).exclude(pk__in=resting)
        batches = due.order_by("batch")
        turn = batches.filter(batch__gt=self._last_batch).values_list("batch", flat=True).first()
        if turn is None:
            turn = batches.values_list("batch", flat=True).first()
        return due.filter(batch=turn).select_related("batch__user").first()

    def next_at(self, resting: QuerySet):
        waiting = ImportItem.objects.waiting().exclude(pk__in=resting)
        return waiting.order_by("next_at").values_list("next_at", flat=True).first()

    def work(self, item: ImportItem, lease: Lease) -> None:
        self._last_batch = item.batch_id
        _look_up(item)
        vendor.remember_limit()

    def finish(self) -> float | None:
        waits = self._waits_for_others and ImportItem.objects.waiting().exists()
        return _AFTER_OTHERS_S if waits else None

    def give_up(self, item: ImportItem) -> None:
        ImportItem.objects.filter(pk=item.pk).settle(
            ImportOutcome.FAILED, reason=work_round.GIVEN_UP
        )


_ROUND = _Imports()


def work_off(on_each: Callable[[], None] = lambda: None) -> float | None:
    """Look up what waits; see `Round.run` for what is returned.

    `on_each` is called after every id.
    """
    return _ROUND.run(on_each)


def ids_a_minute() -> int:
    """About how many ids a minute the rate limit leaves to imports."""
    return max(1, gate.background_calls_a_minute() // _CALLS_TO_KALLGLOT_EACH)


def stop(batch: Import) -> int:
    """End an import: what is looked up stays, the other ids are dropped; how many those were."""
    with transaction.atomic():
        stopped = batch.items.settle(ImportOutcome.STOPPED)
        if stopped:
            Import.objects.filter(pk=batch.pk).update(stopped_at=timezone.now())
    return stopped


def _check_limits(user, count: int) -> None:
    # One request of a user after the other, so that each counts those before it.
    get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
    waiting = ImportItem.objects.waiting().filter(batch__user=user)
    unfinished = waiting.order_by().values("batch").distinct().count()
    if unfinished >= MAX_UNFINISHED:
        raise TooManyImports(
            f"You have {unfinished} imports under way, which is the most one user may have. "
            "Wait until one is done, or stop one."
        )
    day_ago = timezone.now() - timedelta(days=1)
    today = ImportItem.objects.filter(batch__user=user, batch__created_at__gt=day_ago).count()
    if today + count > MAX_IDS_A_DAY:
        raise TooManyImports(
            f"One user may import {MAX_IDS_A_DAY} ids within 24 hours. You have imported {today}, "
            f"and these are {count} more."
        )


def _settle_known(batch: Import, ids: list[str]) -> None:
    sessions = Session.objects.filter(kallglot_id__in=ids).in_bulk(field_name="kallglot_id")
    recordings = Recording.objects.filter(kallglot_id__in=ids).select_related("session")
    known = sessions | {recording.kallglot_id: recording.session for recording in recordings}
    visible = _visible(batch, {session.pk for session in known.values()})
    # Another team's call waits for its look-up like one that does not exist.
    known = {name: session for name, session in known.items() if session.pk in visible}
    now = timezone.now()
    items = list(batch.items.filter(kallglot_id__in=known))
    for item in items:
        item.outcome, item.session = ImportOutcome.KNOWN, known[item.kallglot_id]
        item.finished_at = now
    ImportItem.objects.bulk_update(items, ["outcome", "session", "finished_at"], batch_size=500)


def _visible(batch: Import, numbers: set[int]) -> set[int]:
    if batch.user is None:
        return numbers
    sessions = Session.objects.visible_to(batch.user).filter(pk__in=numbers)
    return set(sessions.values_list("pk", flat=True))


def _look_up(item: ImportItem) -> None:
    mine = ImportItem.objects.filter(pk=item.pk)
    is_recording = types.RECORDING_ID.fullmatch(item.kallglot_id)
    known = Recording if is_recording else Session
    was_known = known.objects.filter(kallglot_id=item.kallglot_id).exists()
    try:
        session = sync.open_call(item.kallglot_id, item.batch.user, background=True)
    except schedule.RETRY_LATER:
        raise
    except errors.NotFound:
        mine.settle(ImportOutcome.NOT_FOUND)
    except errors.KallglotError as error:
        if schedule.is_permanent(error) or item.attempts + 1 >= _MOST_ATTEMPTS:
            mine.settle(ImportOutcome.FAILED, reason=error.reason)
        else:
            next_at = timezone.now() + schedule.failure_delay(item.attempts)
            mine.update(attempts=item.attempts + 1, next_at=next_at, reason=error.reason)
    else:
        mine.settle(ImportOutcome.KNOWN if was_known else ImportOutcome.ADDED, session)
