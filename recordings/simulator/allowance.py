"""The per-key allowance of one group: a token bucket, and the headers that report it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

WINDOW = 60
UNLIMITED_FIGURE = 600
"""What the headers claim while no limit is set."""


class Allowance:
    """`limit()` requests a minute, refilled steadily; 0 is no limit."""

    def __init__(self, limit: Callable[[], int], clock: Callable[[], float] = time.monotonic):
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: float | None = None
        self._filled_at = clock()

    def take(self) -> int | None:
        """Use one request; the seconds to wait when there is none left."""
        limit = self._limit()
        if not limit:
            return None
        with self._lock:
            self._refill(limit)
            if self._tokens >= 1:
                self._tokens -= 1
                return None
            return max(1, math.ceil((1 - self._tokens) * WINDOW / limit))

    def headers(self) -> list[tuple[str, str]]:
        """`X-RateLimit-Limit`, `-Remaining` and `-Reset`."""
        limit = self._limit()
        with self._lock:
            if limit:
                self._refill(limit)
                remaining = int(self._tokens)
                wait = (limit - self._tokens) * WINDOW / limit
            else:
                limit, remaining, wait = UNLIMITED_FIGURE, UNLIMITED_FIGURE - 1, WINDOW
        return [
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(math.ceil(time.time() + wait))),
        ]

    def _refill(self, limit: int) -> None:
        now = self._clock()
        tokens = limit if self._tokens is None else self._tokens
        self._tokens = min(limit, tokens + (now - self._filled_at) * limit / WINDOW)
        self._filled_at = now
