"""Whether to call at all: after some answers the next call would only make matters worse.

This is the policy, free of state; `recordings/services/gate.py` keeps the state.
"""

from collections.abc import Mapping
from typing import Protocol

from .errors import AccountRefused, KallglotError, RateLimited, Unavailable

ACCOUNT_PAUSE_SECONDS = 60.0  # the key, the plan or the account is refused
FAILURES_TO_PAUSE = 5
FAILURE_PAUSE_SECONDS = 30.0
PROBE_SECONDS = 30.0  # how long others wait for the result of the first call after a pause


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


class AlwaysOpen:
    """The gate of a client that was given none: every call may be made."""

    def before_call(self) -> None:
        pass

    def after_call(self, error: KallglotError | None) -> None:
        pass

    def after_answer(self, headers: Mapping[str, str]) -> None:
        pass


def counts_as_failure(error: KallglotError | None) -> bool:
    """Whether the vendor as a whole seems to be down: no connection, no answer in time, 5xx."""
    return isinstance(error, Unavailable)


def pause_after(error: KallglotError | None, consecutive_failures: int) -> float:
    """Return for how many seconds to make no call after `error`; 0.0 for no pause.

    consecutive_failures: how many calls in a row have failed by `counts_as_failure`, this one
    included.
    """
    if isinstance(error, RateLimited):
        return error.retry_after
    if isinstance(error, AccountRefused):
        return ACCOUNT_PAUSE_SECONDS
    if counts_as_failure(error) and consecutive_failures >= FAILURES_TO_PAUSE:
        return FAILURE_PAUSE_SECONDS
    return 0.0
