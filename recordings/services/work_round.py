"""The loop that all background rounds share: one item after the other, under one lease.

No item can stop a round or keep the other items waiting. An item that raises an unexpected
exception is logged, tried again later (each wait is twice as long), and given up after
MAX_ATTEMPTS. An attempt is counted before it begins, so one that kills the process counts too.
An item that is due again and again although its work succeeds has to wait as well.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import ItemAttempt, Lease

from . import schedule

log = logging.getLogger(__name__)

Item = TypeVar("Item", bound=Model)
T = TypeVar("T")

MAX_ATTEMPTS = 5
GIVEN_UP = "portal_fault"
"""The `reason` word of an item that was given up because of our own fault (services/trouble.py)."""
LOOK_AGAIN_S = 5.0
# Rounds run every minute anyway; an earlier due time is worth a round in between.
_WORTH_A_ROUND = timedelta(minutes=1)
_MAX_DEFERRAL = timedelta(minutes=2)
# So many different items in a row could not be asked about: it is not the items.
_MAX_DEFERRED_IN_A_ROW = 3
# A webhook may make a call due again while it is refreshed, but not this often in one round.
_MOST_REPEATS = 5
_KEPT_FOR = timedelta(days=30)


class Round(Generic[Item]):
    """One kind of background work; subclasses say which items are due and what to do with one.

    `name` is the name of its lease. Two workers never run the same round at the same time.
    """

    name: str
    max_attempts = MAX_ATTEMPTS

    def prepare(self) -> None:
        """Runs once at the beginning of the round."""

    def next_item(self, resting: QuerySet) -> Item | None:
        """Return an item that is due now. `resting`: primary keys of items to leave out."""
        raise NotImplementedError

    def next_at(self, resting: QuerySet) -> datetime | None:
        """Return when the first item is due that is not due yet; None: not known or never."""

    def work(self, item: Item, lease: Lease) -> None:
        """Do `item`; afterwards it is not due any more. May raise one of RETRY_LATER."""
        raise NotImplementedError

    def give_up(self, item: Item) -> None:
        """Settle `item`, which failed too often, with a reason that users see."""
        raise NotImplementedError

    def finish(self) -> float | None:
        """Runs when no item is due; return the seconds until another round is worth it."""

    def run(self, on_each: Callable[[], None] = lambda: None) -> float | None:
        """Do all items that are due; return the seconds after which to run again.

        None: the next usual round is soon enough. `on_each` is called after every item.
        """
        lease = Lease.take(self.name)
        if lease is None:
            # The worker that holds it may have looked a moment too early to see the newest item.
            return None if self.next_item(resting(self.name)) is None else LOOK_AGAIN_S
        with lease:
            self._guarded(self.prepare)
            deferred, done = 0, Counter()
            while (item := self.next_item(resting(self.name))) is not None:
                if not lease.prolong():
                    return LOOK_AGAIN_S
                try:
                    with lease.kept():
                        self._try(item, lease)
                except schedule.RETRY_LATER as error:
                    deferred += 1
                    if isinstance(error, errors.Paused) or deferred >= _MAX_DEFERRED_IN_A_ROW:
                        return schedule.wait_after(error)
                else:
                    deferred = 0
                    done[item.pk] += 1
                    if done[item.pk] > _MOST_REPEATS:
                        self._put_off(item)
                on_each()
            return self._guarded(self.finish) or self._wait()

    def _guarded(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except Exception:
            log.exception("%s: the round goes on without this step", self.name)
            return None

    def _try(self, item: Item, lease: Lease) -> None:
        try_item(
            *(self.name, item.pk, lambda: self.work(item, lease), lambda: self.give_up(item)),
            max_attempts=self.max_attempts,
        )

    def _put_off(self, item: Item) -> None:
        log.error("%s: item %s is still due after %s times", self.name, item.pk, _MOST_REPEATS)
        attempt, _ = ItemAttempt.objects.get_or_create(
            round=self.name, item=item.pk, defaults={"next_at": timezone.now()}
        )
        _rest(attempt, _MAX_DEFERRAL)

    def _wait(self) -> float | None:
        now = timezone.now()
        rests = ItemAttempt.objects.filter(round=self.name, next_at__gt=now).order_by("next_at")
        times = [self.next_at(resting(self.name)), *rests.values_list("next_at", flat=True)[:1]]
        first = min((moment for moment in times if moment), default=None)
        if first is None or first > now + _WORTH_A_ROUND:
            return None
        return max(1.0, (first - now).total_seconds())


def resting(name: str) -> QuerySet:
    """The primary keys of the items that round `name` leaves alone for now."""
    later = ItemAttempt.objects.filter(round=name, next_at__gt=timezone.now())
    return later.values("item")


def try_item(
    name: str,
    item: int,
    work: Callable[[], None],
    give_up: Callable[[], None] | None = None,
    *,
    max_attempts: int = MAX_ATTEMPTS,
) -> bool:
    """Do `work` for the item with that primary key; return whether it succeeded.

    name: of the round. give_up: settles the item after `max_attempts`; None: it is left alone
    for a day instead. Raises RETRY_LATER where `work` does; that does not count as an attempt.
    """
    attempt = _begin(name, item)
    if attempt.attempts > max_attempts:
        log.error("%s: item %s ended the worker %s times", name, item, max_attempts)
        _give_up(attempt, give_up)
        return False
    try:
        work()
    except schedule.RETRY_LATER as error:
        if schedule.concerns_all(error):
            # All requests have to wait, so this says nothing about the item.
            _take_back(attempt)
        else:
            _defer(attempt, error)
        raise
    except Exception:
        number = f"attempt {attempt.attempts} of {max_attempts}"
        log.exception("%s: item %s failed, %s", name, item, number)
        if attempt.attempts >= max_attempts:
            _give_up(attempt, give_up)
        else:
            _rest(attempt, schedule.failure_delay(attempt.attempts - 1))
        return False
    attempt.delete()
    return True


@contextlib.contextmanager
def counted(name: str, item: int) -> Iterator[int]:
    """Inside, an end of the process counts as an attempt; yields the number of this attempt.

    For a part of an item, whose exceptions are the caller's to handle.
    """
    attempt = _begin(name, item)
    try:
        yield attempt.attempts
    except Exception:
        attempt.delete()
        raise
    attempt.delete()


def forget_old() -> None:
    """Delete attempts at items that were settled elsewhere or do not exist any more."""
    ItemAttempt.objects.filter(next_at__lt=timezone.now() - _KEPT_FOR).delete()


def _begin(name: str, item: int) -> ItemAttempt:
    attempt, _ = ItemAttempt.objects.get_or_create(
        round=name, item=item, defaults={"next_at": timezone.now()}
    )
    attempt.attempts += 1
    # Matters only if the process ends now. The first time that may be an ordinary restart.
    killed_before = attempt.attempts > 1
    _rest(attempt, schedule.failure_delay(attempt.attempts - 2) if killed_before else timedelta())
    return attempt


def _take_back(attempt: ItemAttempt) -> None:
    attempt.attempts -= 1
    if attempt.attempts or attempt.deferrals:
        _rest(attempt, timedelta())
    else:
        attempt.delete()


def _defer(attempt: ItemAttempt, error: errors.KallglotError) -> None:
    """Let other items go first: what cannot be reached may be this item's file alone."""
    attempt.attempts -= 1
    attempt.deferrals += 1
    wait = min(schedule.failure_delay(attempt.deferrals - 1), _MAX_DEFERRAL)
    _rest(attempt, max(wait, timedelta(seconds=schedule.wait_after(error))))


def _give_up(attempt: ItemAttempt, give_up: Callable[[], None] | None) -> None:
    try:
        if give_up:
            give_up()
    except Exception:
        log.exception("%s: item %s could not be given up", attempt.round, attempt.item)
        give_up = None
    if give_up:
        attempt.delete()
    else:
        attempt.attempts = 0
        _rest(attempt, timedelta(days=1))


def _rest(attempt: ItemAttempt, wait: timedelta) -> None:
    attempt.next_at = timezone.now() + wait
    attempt.save(update_fields=["attempts", "deferrals", "next_at"])
