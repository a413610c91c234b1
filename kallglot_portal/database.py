"""What one has to know of the database besides Django's models."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.db import connection, connections

SHORTLY_S = 0.25
"""How long a write that can be left out waits for a lock."""


def let_go() -> None:
    """Give this thread's connection back, before a wait that may be long.

    A call to Kallglot or a stream lasts seconds to hours, and others want the connection. The
    next query takes one again, which costs next to nothing. Inside a transaction nothing happens.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close()


def little_patience() -> AbstractContextManager[None]:
    """Inside, a write that somebody else's lock holds up fails soon (`OperationalError`).

    For writes that a page can do without: SQLite has one lock for all, and the page would wait
    for it as long as a write that matters. PostgreSQL locks rows, so nothing is changed there.
    """
    return patience(SHORTLY_S)


def replace_dead_connections() -> None:
    """After an error: if our connection has ended, so have those that wait in the pool.

    A restart of PostgreSQL ends all of them. Asking each whenever it is borrowed would cost every
    request a round trip or more.
    """
    pool, ours = getattr(connection, "pool", None), connection.connection
    if pool is not None and ours is not None and ours.closed:
        pool.check()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside, a write waits for SQLite's lock no longer than this; see `little_patience`."""
    if connection.vendor != "sqlite":
        yield
        return
    _set_patience(seconds)
    try:
        yield
    finally:
        _set_patience(settings.DATABASES["default"]["OPTIONS"]["timeout"])


def _set_patience(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
