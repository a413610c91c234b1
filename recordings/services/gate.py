"""The client's gate, kept in the database: what one process learns, all processes heed."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from kallglot_portal.database import let_go, little_patience
from recordings.kallglot import errors
from recordings.kallglot.gate import PROBE_SECONDS, counts_as_failure, pause_after
from recordings.models import VendorState

log = logging.getLogger(__name__)

# Background work leaves this share of Kallglot's allowance to users who click.
_KEPT_FOR_PEOPLE = 0.5
# When less than this is left, all processes learn it at once and not by a call each.
_LITTLE = 0.25
# A longer wait is worth telling only if it is by so much: windows may move with every answer.
_WORTH_TELLING_S = 5
# Without a word from Kallglot the smallest plan's limit is assumed (docs/kallglot-api.md).
_ASSUMED_LIMIT = 60
_WINDOW_S = 60.0
_LONGEST_WINDOW_S = VendorState.BEYOND_ANY_WAIT.total_seconds()
# A `Date` is of whole seconds, and some more pass on the way.
_CLOCKS_APART_S = 10
# By so much clocks differ only if one of them is wrong; webhooks are refused from 300 s on.
_CLOCKS_FAR_APART_S = 240
_WARN_EVERY_S = 3600
# A probe usually ends much sooner than it may take at most.
_LOOK_FOR_PROBE_AFTER_S = 5.0


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
    """Pauses calls after refusals and failures, across processes; then one call goes first.

    A 429 met by one worker stops the calls of the others until its `Retry-After` has passed.
    After any other pause, a single call, the probe, finds out whether the trouble is over.
    `background` calls also stop while what is left of the allowance is kept for users, and keep
    a pace of their own. With `ignores_refusals` only a rate limit stops a call; its success ends
    whatever pause there was.
    """

    def __init__(self, *, background: bool = False, ignores_refusals: bool = False) -> None:
        self._background = background
        self._ignores_refusals = ignores_refusals
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
        if _is_of_another_key(state):
            state = _begin_with_this_key(state)
        self._seen.troubled = bool(state.cause)
        kept_until = _seconds(state.kept_for_people_until)
        self._seen.kept_until = kept_until if kept_until < time.time() + _LONGEST_WINDOW_S else 0.0
        if self._ignores_refusals and state.cause != errors.RateLimited.reason:
            return
        wait_s = state.wait_s()
        cause = errors.KallglotError(reason=state.cause) if state.cause else None
        if self._background and wait_s <= 0:
            wait_s = max(0.0, self._seen.kept_until - time.time()) or self._wait_for_people()
            cause = errors.RateLimited() if wait_s > 0 else cause
        if wait_s <= 0 and _needs_a_probe(state):
            wait_s = _wait_for_probe(state)
        if wait_s > 0:
            raise errors.Paused(cause, retry_after=wait_s)
        let_go()

    def after_answer(self, headers: Mapping[str, str]) -> None:
        """Remember the allowance in a response (`X-RateLimit-*`), if it has one.

        Kallglot counts the calls of all our processes, so its last word is enough to go by.
        """
        limit, remaining, reset = (
            _whole_number(headers.get(f"X-RateLimit-{name}"))
            for name in ("Limit", "Remaining", "Reset")
        )
        ahead_s = _seconds_ahead(headers.get("Date"))
        _warn_of_clocks(ahead_s)
        if remaining is None or reset is None:
            return
        reset -= ahead_s
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
            # The usual case asks nothing of the database, so it waits for no write.
            if getattr(self._seen, "troubled", True):
                # A call that was under way when others were told to wait does not end their wait.
                over = Q(paused_until=None) | Q(paused_until__lte=now)
                over |= Q(paused_until__gt=now + VendorState.BEYOND_ANY_WAIT)
                if self._ignores_refusals:
                    over |= ~Q(cause=errors.RateLimited.reason)
                with _as_far_as_can_be_written():
                    VendorState.objects.exclude(cause="").filter(over).update(**VendorState.WELL)
            return
        with _as_far_as_can_be_written(), transaction.atomic():
            VendorState.objects.get_or_create(pk=VendorState.SINGLETON)
            state = VendorState.objects.select_for_update().get(pk=VendorState.SINGLETON)
            if _is_of_another_key(state):
                state.forget_trouble()
            failures = state.consecutive_failures + 1 if counts_as_failure(error) else 0
            state.consecutive_failures = failures
            state.since = state.since or now
            state.cause = error.reason
            pause_s = pause_after(error, failures)
            # An answer that was under way must not shorten a longer pause.
            pause_s = max(pause_s, state.wait_s())
            state.paused_until = now + timedelta(seconds=pause_s) if pause_s else None
            state.probe_until = None
            state.key_digest = _key_digest()
            state.save()

    def _tell_of_little(self) -> None:
        """Let all processes keep what is left for users, where it is little and they do not."""
        told, known = self._allowance, max(self._told_until, getattr(self._seen, "kept_until", 0))
        if told is None or told.remaining > told.limit * _LITTLE or not told.is_of(time.time()):
            return
        if told.reset_at < known + _WORTH_TELLING_S:
            return
        until = datetime.fromtimestamp(told.reset_at, UTC)
        facts = {"kept_for_people_until": until, "key_digest": _key_digest()}
        with _as_far_as_can_be_written():
            VendorState.objects.update_or_create(pk=VendorState.SINGLETON, defaults=facts)
            self._told_until = told.reset_at
        let_go()


def state() -> VendorState:
    """What is known of the connection under the key that is set now; of an earlier key, nothing."""
    found = VendorState.load()
    if _is_of_another_key(found):
        found.forget_trouble()
    return found


def background_calls_a_minute() -> int:
    """How many requests a minute background work makes at most."""
    return max(1, int((state().rate_limit or _ASSUMED_LIMIT) * (1 - _KEPT_FOR_PEOPLE)))


def _needs_a_probe(state: VendorState) -> bool:
    """Whether calls were paused because they failed, so that one must show that they work."""
    return state.paused_until is not None and state.cause != errors.RateLimited.reason


def _wait_for_probe(state: VendorState) -> float:
    """Become the probe and return 0, or return the seconds to wait for the result of another's.

    The database decides, so it is one call of all processes. A probe whose process dies is given
    up after PROBE_SECONDS, and the next call takes its place.
    """
    now = timezone.now()
    longest = now + VendorState.BEYOND_ANY_WAIT
    if state.probe_until and now < state.probe_until < longest:
        return _LOOK_FOR_PROBE_AFTER_S
    free = Q(probe_until=None) | Q(probe_until__lte=now) | Q(probe_until__gte=longest)
    with _as_far_as_can_be_written():
        # Where the pause is another by now, a probe has ended since `state` was read.
        same = VendorState.objects.filter(pk=state.pk, paused_until=state.paused_until)
        if same.filter(free).update(probe_until=now + timedelta(seconds=PROBE_SECONDS)):
            return 0.0
        state = VendorState.load()
        return (state.wait_s() or _LOOK_FOR_PROBE_AFTER_S) if _needs_a_probe(state) else 0.0
    # While the database is locked, no caller can know that it is the only one.
    return _LOOK_FOR_PROBE_AFTER_S


def _key_digest() -> str:
    """A keyed hash that changes with the API key or its address; the key cannot be read back."""
    value = f"{settings.KALLGLOT_API_URL} {settings.KALLGLOT_API_KEY}"
    return salted_hmac("recordings.vendor_state", value, algorithm="sha256").hexdigest()[:32]


def _is_of_another_key(state: VendorState) -> bool:
    return bool(state.key_digest) and state.key_digest != _key_digest()


def _begin_with_this_key(state: VendorState) -> VendorState:
    """Forget the trouble and the allowance of the key that was set before."""
    before = state.key_digest
    state.forget_trouble()
    state.key_digest = _key_digest()
    with _as_far_as_can_be_written():
        VendorState.objects.filter(key_digest=before).update(
            **VendorState.WELL,
            kept_for_people_until=None,
            rate_limit=None,
            key_digest=state.key_digest,
        )
    return state


@contextmanager
def _as_far_as_can_be_written() -> Iterator[None]:
    """For what other processes are to know: the call itself goes on in any case.

    While the database is locked they are not told; they find out by a call of their own.
    """
    try:
        with little_patience():
            yield
    except Error as error:
        log.warning("What a call to Kallglot told is not noted: %s", error)


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


_last_warning_of_clocks = -math.inf


def _warn_of_clocks(ahead_s: int) -> None:
    """Log that the clocks are minutes apart, once an hour at most."""
    global _last_warning_of_clocks
    now = time.monotonic()
    if abs(ahead_s) < _CLOCKS_FAR_APART_S or now - _last_warning_of_clocks < _WARN_EVERY_S:
        return
    _last_warning_of_clocks = now
    log.warning(
        "The clocks are %s s apart: Kallglot's is %s. Recordings expire too %s here, and webhooks "
        "may be refused; please check this machine's clock.",
        *(abs(ahead_s), "ahead" if ahead_s > 0 else "behind", "late" if ahead_s > 0 else "early"),
    )


def _whole_number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None
