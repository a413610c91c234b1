"""From settings to a ready client of Kallglot, and the pause all processes share."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone

from kallglot_portal.database import let_go, little_patience
from recordings.kallglot import Client, errors
from recordings.kallglot.gate import counts_as_failure, pause_after
from recordings.models import VendorState

log = logging.getLogger(__name__)


class NotConnected(errors.KallglotError):
    """No API key is set, so there is nobody to ask."""

    sentence = "The portal is not connected to Kallglot yet."
    reason = "not_connected"


# Background work leaves this share of Kallglot's allowance to people who click.
_KEPT_FOR_PEOPLE = 0.5
# Where less of it is left, all processes are told, each of which would find out by a call.
_LITTLE = 0.25
# A longer wait is worth telling only if it is by so much: windows may move with every answer.
_WORTH_TELLING_S = 5
# Without a word from Kallglot the smallest plan's limit is assumed (docs/kallglot-api.md).
_ASSUMED_LIMIT = 60
_WINDOW_S = 60.0
_LONGEST_WINDOW_S = VendorState.BEYOND_ANY_WAIT.total_seconds()
# A `Date` is of whole seconds, and some more pass on the way.
_CLOCKS_APART_S = 10


@dataclass(frozen=True, slots=True)
class _Allowance:
    """Requests per window, what is left of them, and when the window ends (our Unix seconds)."""

    limit: int
    remaining: int
    reset_at: int

    def is_of(self, now: float) -> bool:
        """Whether `now` lies in its window; one of hours or days would be a misunderstanding."""
        return now < self.reset_at < now + _LONGEST_WINDOW_S


class DatabaseGate:
    """The client's gate, kept in the database: what one process learns, all of them heed.

    A 429 met by one worker stops the calls of the others until its `Retry-After` has passed.
    `background` calls also stop while what is left of the allowance is kept for people, and keep
    a pace of their own.
    """

    def __init__(self, *, background: bool = False) -> None:
        self._background = background
        self._lately: deque[float] = deque()
        self._lock = threading.Lock()
        self._allowance: _Allowance | None = None
        # Until when, in Unix seconds, this process has told others to keep what is left.
        self._told_until = 0
        # Whether the call of this thread began in trouble; if not, its success ends none.
        self._seen = threading.local()

    def before_call(self) -> None:
        """Raise `errors.Paused` while calls to Kallglot are paused."""
        state = VendorState.load()
        self._seen.troubled = bool(state.cause)
        kept_until = _seconds(state.kept_for_people_until)
        self._seen.kept_until = kept_until if kept_until < time.time() + _LONGEST_WINDOW_S else 0.0
        wait_s = state.wait_s()
        cause = errors.KallglotError(reason=state.cause) if state.cause else None
        if self._background and wait_s <= 0:
            wait_s = max(0.0, self._seen.kept_until - time.time()) or self._wait_for_people()
            cause = errors.RateLimited()
        if wait_s > 0:
            raise errors.Paused(cause, retry_after=wait_s)
        let_go()

    def after_answer(self, headers: Mapping[str, str]) -> None:
        """Remember the allowance that an answer tells of (`X-RateLimit-*`), if it does.

        Kallglot counts the calls of all our processes, so its last word is enough to go by.
        """
        limit, remaining, reset = (
            _whole_number(headers.get(f"X-RateLimit-{name}"))
            for name in ("Limit", "Remaining", "Reset")
        )
        if remaining is None or reset is None:
            return
        reset -= _seconds_ahead(headers.get("Date"))
        self._allowance = _Allowance(limit or _ASSUMED_LIMIT, remaining, reset)

    @property
    def limit(self) -> int | None:
        """Requests a minute, as the last answer told; None before the first."""
        return self._allowance.limit if self._allowance else None

    def _wait_for_people(self) -> float:
        """Seconds that background work has to wait for its share of the allowance."""
        now, told = time.time(), self._allowance
        limit = told.limit if told else _ASSUMED_LIMIT
        share = limit * (1 - _KEPT_FOR_PEOPLE)
        if told and told.remaining <= share and told.is_of(now):
            return told.reset_at - now
        with self._lock:
            while self._lately and self._lately[0] <= now - _WINDOW_S:
                self._lately.popleft()
            if len(self._lately) >= share:
                return self._lately[0] + _WINDOW_S - now
            self._lately.append(now)
        return 0.0

    def after_call(self, error: errors.KallglotError | None) -> None:
        """Note how a call ended; an answer that is no trouble ends the trouble."""
        self._tell_of_little()
        now = timezone.now()
        if error is None or not (counts_as_failure(error) or pause_after(error, 0)):
            # The usual case asks nothing of the database, so it waits for nobody's write.
            if getattr(self._seen, "troubled", True):
                # A call that was under way when others were told to wait does not end their wait.
                over = Q(paused_until=None) | Q(paused_until__lte=now)
                over |= Q(paused_until__gt=now + VendorState.BEYOND_ANY_WAIT)
                with _as_far_as_can_be_written():
                    VendorState.objects.exclude(cause="").filter(over).update(
                        cause="", since=None, paused_until=None, consecutive_failures=0
                    )
            return
        with _as_far_as_can_be_written(), transaction.atomic():
            VendorState.objects.get_or_create(pk=VendorState.SINGLETON)
            state = VendorState.objects.select_for_update().get(pk=VendorState.SINGLETON)
            failures = state.consecutive_failures + 1 if counts_as_failure(error) else 0
            state.consecutive_failures = failures
            state.since = state.since or now
            state.cause = error.reason
            pause_s = pause_after(error, failures)
            # An answer that was under way must not shorten a longer pause.
            pause_s = max(pause_s, state.wait_s())
            state.paused_until = now + timedelta(seconds=pause_s) if pause_s else None
            state.save()

    def _tell_of_little(self) -> None:
        """Let all processes keep what is left for people, where it is little and they do not."""
        told, known = self._allowance, max(self._told_until, getattr(self._seen, "kept_until", 0))
        if told is None or told.remaining > told.limit * _LITTLE or not told.is_of(time.time()):
            return
        if told.reset_at < known + _WORTH_TELLING_S:
            return
        until = datetime.fromtimestamp(told.reset_at, UTC)
        with _as_far_as_can_be_written():
            VendorState.objects.update_or_create(
                pk=VendorState.SINGLETON, defaults={"kept_for_people_until": until}
            )
            self._told_until = told.reset_at
        let_go()


@contextmanager
def _as_far_as_can_be_written() -> Iterator[None]:
    """For what other processes are to know: whoever made the call gets its answer in any case.

    While the database is locked they are not told; they find out by a call of their own.
    """
    try:
        with little_patience():
            yield
    except Error as error:
        log.warning("What a call to Kallglot told is not noted: %s", error)


def client(*, background: bool = False) -> Client:
    """This process's client for the configured account.

    background: for work that nobody waits for; it yields to people's calls.
    Raises `NotConnected` when no API key is set.
    """
    if not settings.KALLGLOT_API_KEY:
        raise NotConnected
    return _client(
        settings.KALLGLOT_API_KEY,
        settings.KALLGLOT_API_URL,
        tuple(settings.KALLGLOT_MEDIA_HOSTS),
        background,
    )


def remember_limit() -> None:
    """Keep what Kallglot told of its limit, for pages that say how long an import takes."""
    limit = _gate(settings.KALLGLOT_API_KEY, settings.KALLGLOT_API_URL, True).limit
    if limit and VendorState.load().rate_limit != limit:
        VendorState.objects.update_or_create(
            pk=VendorState.SINGLETON, defaults={"rate_limit": limit}
        )


def background_calls_a_minute() -> int:
    """How many requests a minute background work makes at most."""
    return max(1, int((VendorState.load().rate_limit or _ASSUMED_LIMIT) * (1 - _KEPT_FOR_PEOPLE)))


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _seconds_ahead(date: str | None) -> int:
    """By how much the clock that wrote a `Date` header differs from ours; 0 for little or nothing.

    Kallglot tells by its own clock when a window ends, and ours may be minutes away from it.
    """
    try:
        ahead = round(parsedate_to_datetime(date or "").timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0
    return ahead if abs(ahead) >= _CLOCKS_APART_S else 0


def _whole_number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


@lru_cache(maxsize=4)
def _gate(api_key: str, api_url: str, background: bool) -> DatabaseGate:
    return DatabaseGate(background=background)


@lru_cache(maxsize=4)
def _client(api_key: str, api_url: str, media_hosts: tuple[str, ...], background: bool) -> Client:
    gate = _gate(api_key, api_url, background)
    return Client(api_key=api_key, base_url=api_url, media_hosts=media_hosts, gate=gate)
