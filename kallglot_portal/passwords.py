"""Hashing passwords without slowing down pages, and how long a password may be."""

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.exceptions import ValidationError

from kallglot_portal.database import let_go

MOST_CHARACTERS = 4096
"""Of a password. A longer one is refused before it is hashed."""

MOST_WAITING = max(2, settings.WEB_THREADS // 4)
"""Sign-ins under way per process. Each holds a thread, and pages need most of them."""

_LONGEST_WAIT_S = 15
# Of the thread: under full load a page's thread gets twice its share. Much less would let no user
# sign in to a busy server.
_NICENESS = 3


class Busy(Exception):  # noqa: N818  (it says what is the case)
    """Too many passwords wait for their hash; try again in `wait_s` seconds."""

    wait_s = 5


_waiting = threading.BoundedSemaphore(MOST_WAITING)


@contextlib.contextmanager
def place_in_line() -> Iterator[None]:
    """Wrap a sign-in that hashes a password. Raises `Busy` if too many are under way.

    Each of them holds a thread of the web server, which pages need too.
    """
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        _waiting.release()


class OneAtATimeHasher(PBKDF2PasswordHasher):
    """Django's hasher, but one hash at a time per process, on a thread of lower priority.

    Raises `Busy` after `_LONGEST_WAIT_S`.
    A hash takes a core for a third of a second. Forty at once would leave none for pages.
    """

    def encode(self, password, salt, iterations=None):
        # Others want the database connection meanwhile.
        let_go()
        hashed = _thread(os.getpid()).submit(super().encode, password, salt, iterations)
        try:
            return hashed.result(_LONGEST_WAIT_S)
        except TimeoutError:
            hashed.cancel()
            raise Busy from None


@cache
def _thread(process: int) -> ThreadPoolExecutor:
    """The thread of this process: one made before a fork would not run after it."""
    return ThreadPoolExecutor(1, "hashing", _lower_priority)


def _lower_priority() -> None:
    # On Linux a priority belongs to a thread.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class MaximumLengthValidator:
    """Refuses a new password that the sign-in would refuse as too long."""

    def validate(self, password, user=None):
        if len(password) > MOST_CHARACTERS:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self):
        return f"Your password can have at most {MOST_CHARACTERS} characters."
