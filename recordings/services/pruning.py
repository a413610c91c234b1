"""Gone means gone: deletes our copies of what Kallglot deleted, and what is left over."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session as SignedIn
from django.db.models import BigIntegerField
from django.utils import timezone

from recordings.audio.store import StorageFailed, Store
from recordings.models import Recording, Session

from . import events, exporting, lanes, listening, work_round

log = logging.getLogger(__name__)

_AT_ONCE = 500
# A lock lasts half an hour (AXES_COOLOFF_TIME).
_ATTEMPTS_KEPT_FOR = timedelta(days=1)
_SIGN_INS_KEPT_FOR = timedelta(days=90)
_HIGHEST = BigIntegerField.MAX_BIGINT


def prune() -> int:
    """Delete copies of recordings that are expired, gone, missing, revised or unknown; how many.

    Also deletes their waveforms, ZIPs, webhooks and sign-ins whose time is over, looks which
    recording of a call expires next, sweeps what killed processes left, and keeps the folder
    under its limit.

    Raises StorageFailed or OSError where a file could not be deleted, after everything else.
    """
    store = listening.relay().store
    # First of all: nothing else may keep what has expired.
    removed, failure = _discard_all(store)
    for step in (exporting.remove_old, events.forget_old, lanes.forget_expired, *_OTHERS):
        try:
            removed += step() or 0
        except OSError as error:
            failure = failure or error
        except Exception:
            # One step that fails must not keep the others from what has to be deleted.
            log.exception("Pruning goes on without %s", step.__qualname__)
    if failure:
        # In a folder that cannot be written there is nothing to tidy up.
        raise failure
    removed += store.sweep()
    store.quota.make_room(0)
    return removed


def _summarise_expired() -> None:
    expired = Session.objects.partly_expired()
    for session in expired.exclude(pk__in=work_round.resting("pruning")):
        work_round.try_item("pruning", session.pk, session.summarise)


def _forget_sign_ins() -> None:
    """Sessions that have ended, and sign-in attempts that no limit counts any more."""
    now = timezone.now()
    SignedIn.objects.filter(expire_date__lt=now).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - _ATTEMPTS_KEPT_FOR).delete()
    for log_model in (AccessLog, AccessFailureLog):
        log_model.objects.filter(attempt_time__lt=now - _SIGN_INS_KEPT_FOR).delete()


_OTHERS = (_summarise_expired, _forget_sign_ins, work_round.forget_old)


def _discard_all(store: Store) -> tuple[int, StorageFailed | None]:
    """Delete every copy that may not be kept: how many, and the last one's trouble."""
    removed, failure = 0, None
    for name in _not_to_be_kept(list(store.all_keys())):
        try:
            store.discard(name)
        except StorageFailed as error:
            failure = error
        else:
            removed += 1
    return removed, failure


def _not_to_be_kept(names: list[str]) -> Iterator[str]:
    for begin in range(0, len(names), _AT_ONCE):
        batch = names[begin : begin + _AT_ONCE]
        numbers = {_number(name) for name in batch}
        recordings = Recording.objects.in_bulk(n for n in numbers if n <= _HIGHEST)
        for name in batch:
            recording = recordings.get(_number(name))
            if (
                recording is None
                or not recording.state.may_have_audio
                or listening.key(recording) != name
            ):
                yield name


def _number(name: str) -> int:
    return int(name.partition("-")[0])
