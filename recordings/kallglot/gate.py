"""Whether to call at all: after some answers the next call would only make matters worse.

`pause_after` is the policy, free of state, for gates that keep their state elsewhere.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from .errors import AccountRefused, KallglotError, Paused, RateLimited, Unavailable

ACCOUNT_PAUSE_SECONDS = 60.0  # the key, the plan or the account is refused
RATE_LIMIT_PAUSE_SECONDS = 30.0  # a 429 that names no time (vendor documentation's own sample)
FAILURES_TO_PAUSE = 5
FAILURE_PAUSE_SECONDS = 30.0


class Gate(Protocol):
    """Asked before and told after every call. Both are called from any thread."""

    def before_call(self) -> None:
        """Return when the call may be made; raise Paused when not."""

    def after_call(self, error: KallglotError | None) -> None:
        """Learn how a call that was let through ended; None for a success.

        Only what the API itself answered counts: when it redirected to a media host that then
        failed, this is a success. For audio it is called when the head has arrived, not when the
        body ends.
        """

    def after_answer(self, headers: Mapping[str, str]) -> None:
        """Learn the head of an answer from the vendor's own origin (`X-RateLimit-*`)."""


def counts_as_failure(error: KallglotError | None) -> bool:
    """Whether the vendor as a whole seems to be down: no connection, no answer in time, 5xx."""
    return isinstance(error, Unavailable)


def pause_after(error: KallglotError | None, consecutive_failures: int) -> float:
    """Return for how many seconds to make no call after `error`; 0.0 for no pause.

    consecutive_failures: how many calls in a row have failed by `counts_as_failure`, this one
    included.
    """
    if isinstance(error, RateLimited):
        return error.retry_after or RATE_LIMIT_PAUSE_SECONDS
    if isinstance(error, AccountRefused):
        return ACCOUNT_PAUSE_SECONDS
    if counts_as_failure(error) and consecutive_failures >= FAILURES_TO_PAUSE:
        return FAILURE_PAUSE_SECONDS
    return 0.0


class MemoryGate:
    """A gate for one process. After a pause for failures one call goes first, as a probe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._probe_until = 0.0
        self._failures = 0
        self._cause: KallglotError | None = None

    def before_call(self) -> None:
        with self._lock:
            now = self._now()
            closed_until = self._closed_until
            if self._failures >= FAILURES_TO_PAUSE:
                closed_until = max(closed_until, self._probe_until)
            if now < closed_until:
                raise Paused(self._cause, retry_after=max(1.0, closed_until - now))
            # A probe that is never heard of again must not keep the gate closed for ever.
            self._probe_until = now + FAILURE_PAUSE_SECONDS

    def after_call(self, error: KallglotError | None) -> None:
        with self._lock:
            self._failures = self._failures + 1 if counts_as_failure(error) else 0
            pause = pause_after(error, self._failures)
            if pause:
                # max: the answer to a call that was under way must not shorten a longer pause.
                self._closed_until = max(self._closed_until, self._now() + pause)
                self._cause = error

    def after_answer(self, headers: Mapping[str, str]) -> None:
        """A single process keeps to the vendor's word when it is refused; see `after_call`."""
