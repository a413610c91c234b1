"""The worker's jobs: each calls one service. What is to be done stands in the database.

A job that is lost with its queue is therefore only late: every minute the worker looks at the
database by itself.
"""

import logging
import sqlite3
import time

from django.conf import settings
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task, on_startup
from redis.exceptions import RedisError

from recordings.models import WorkerState
from recordings.services import (
    events,
    importing,
    lanes,
    prefetching,
    pruning,
    recheck,
    refreshing,
    retention,
    transcript_round,
    zipping,
)

log = logging.getLogger(__name__)

_SOON_S = 1.0
_runs_at: dict[str, float] = {}


def soon(task, delay_s: float = _SOON_S) -> None:
    """Have `task` run in about a second; wishes that an earlier one fulfils are one with it.

    The run begins after the delay is over, so it sees whatever was stored meanwhile. Without a
    queue it comes with the worker's next minute.
    """
    name, now = task.task_class.__name__, time.monotonic()
    if now < _runs_at.get(name, now) <= now + delay_s:
        return
    try:
        task.schedule(delay=delay_s)
    except (sqlite3.Error, RedisError, OSError) as error:
        log.warning("The worker's queue cannot be reached: %s", error)
    else:
        _runs_at[name] = now + delay_s


def _again(task, wait_s: float | None) -> None:
    if wait_s is not None:
        soon(task, wait_s)


@db_task()
def work_off_events() -> None:
    """Webhooks into due calls, and the due calls refreshed."""
    events.work_off()
    refresh_due_calls.call_local()


@db_task()
def refresh_due_calls() -> None:
    """One round of refreshes; while Kallglot asks for a pause, the next round waits."""
    _again(refresh_due_calls, refreshing.refresh_due())
    soon(fetch_transcripts)
    soon(check_recordings)
    if settings.PREFETCH_AUDIO != "off":
        soon(prefetch_audio)


@db_task()
def fetch_transcripts() -> None:
    """One round of transcripts; while Kallglot asks for a pause, the next round waits."""
    _again(fetch_transcripts, transcript_round.fetch_due())


@db_task()
def check_recordings() -> None:
    """Until when Kallglot keeps recordings, where that is not known, and whether it still does."""
    _again(check_recordings, retention.check_due())


@db_task()
def work_off_imports() -> None:
    """Ids that people added, as far as the rate limit goes."""
    _again(work_off_imports, importing.work_off())


@db_task()
def analyse_lanes() -> None:
    """Waveforms and measurements that are wanted, one after the other."""
    _again(analyse_lanes, lanes.analyse_wanted())


@db_task()
def make_exports() -> None:
    """ZIPs that people asked for, one after the other."""
    _again(make_exports, zipping.make_waiting())


@db_task()
def prefetch_audio() -> None:
    """Audio that nobody has asked for yet, where PREFETCH_AUDIO says so."""
    _again(prefetch_audio, prefetching.fetch_waiting())


@db_periodic_task(crontab(minute="*"))
def every_minute() -> None:
    """The sign of life, and whatever a lost job left undone."""
    WorkerState.beat()
    _everything()


@db_periodic_task(crontab(minute="*"))
def prune() -> None:
    """Our copies of what has expired."""
    pruning.prune()


@on_startup()
def begin() -> None:
    WorkerState.beat()
    _everything()
    soon(prune)
    recheck.after_new_key()


def _everything() -> None:
    for task in (work_off_events, fetch_transcripts, work_off_imports, make_exports, analyse_lanes):
        soon(task)
